/**
 * Shared memory. A process has a small fixed set of arenas, each one shared WebAssembly memory of at most 4 GiB, so that
 * the I/O thread, every worker and the kernels see the same bytes. Arenas are never dropped; ranges are used again.
 */
export interface ArenaRef {
  readonly arena: number;
  /** Bytes from the start of the arena; a multiple of 64. */
  readonly offset: number;
  readonly bytes: number;
}

/** What every thread may do: look at memory that somebody allocated. */
export interface ArenaMemory {
  /** Bytes [offset, offset + bytes) of an arena. Valid as long as the range stays allocated, growth notwithstanding. */
  view(arena: number, offset: number, bytes: number): Uint8Array;
  /** The shared buffer of an arena, for typed views; take it anew for every allocation, since growth replaces it. */
  buffer(arena: number): ArrayBufferLike;
}

/** What the I/O thread alone may do. */
export interface Arena extends ArenaMemory {
  /**
   * A zeroed range of at least `bytes` (1..2^32 - 1) in `arena`, or in any arena with room when it is undefined.
   * Error: Exhausted, naming the limit.
   */
  allocate(bytes: number, arena?: number): ArenaRef;
  /** Gives a range back. No thread may still use it: see Compute.afterInFlight. */
  free(ref: ArenaRef): void;
  stats(): ArenaStats;
}

export interface ArenaStats {
  readonly arenas: number;
  readonly allocatedBytes: number;
  /** Size of all arenas, free ranges included. */
  readonly reservedBytes: number;
}
