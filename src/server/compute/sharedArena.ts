import { assert, ElanusError } from '../../core/domain/errors.ts';
import type { Arena, ArenaRef, ArenaStats } from '../../core/ports/arena.ts';
import { FreeRanges } from './freeRanges.ts';

const ALIGNMENT_BYTES = 64;
const PAGE_BYTES = 65_536;
const PAGES_MAX = 65_536;
const GROWTH_PAGES = 256;
/** The last page is never handed out, so that a kernel may read a little past a range and 2^32 is never an end. */
const ARENA_BYTES_MAX = (PAGES_MAX - 1) * PAGE_BYTES;

export interface SharedArenaOptions {
  /** Bytes all arenas together may ever touch: ranges that were freed count, since memory is never returned. */
  readonly bytesMax: number;
  /** Size limit of one arena; a multiple of 64 KiB, at most 4 GiB − 64 KiB. */
  readonly arenaBytesMax?: number;
  /** A segment starts in an arena with this much room, if need be a new one, since it must end in the same arena. */
  readonly roomBytes?: number;
}

/** Told of every change before anything lies in the new bytes. */
export interface ArenaListener {
  added(arena: number, memory: WebAssembly.Memory): void;
  /** The memory now has `bytes` bytes. */
  grown(arena: number, bytes: number): void;
}

interface OneArena {
  readonly memory: WebAssembly.Memory;
  readonly free: FreeRanges;
  readonly allocated: Map<number, number>;
  /** Bytes below were handed out once and may hold anything; those above are zero. */
  touchedBytes: number;
}

/**
 * Arenas as shared WebAssembly memories. Only the thread that made this object allocates, frees and grows; other threads get
 * the memory objects (`memories`, `listen`) and look at them through ThreadMemory.
 */
export class SharedArena implements Arena {
  readonly #arenas: OneArena[] = [];
  readonly #listeners = new Set<ArenaListener>();
  readonly #bytesMax: number;
  readonly #arenaBytesMax: number;
  readonly #roomBytes: number;
  #allocatedBytes = 0;
  #touchedBytes = 0;

  constructor(options: SharedArenaOptions) {
    this.#bytesMax = options.bytesMax;
    this.#arenaBytesMax = options.arenaBytesMax ?? ARENA_BYTES_MAX;
    this.#roomBytes = options.roomBytes ?? this.#arenaBytesMax / 4;
  }

  allocate(bytes: number, arena?: number): ArenaRef {
    assert(Number.isInteger(bytes) && bytes >= 1 && bytes < 2 ** 32, `allocate ${bytes} bytes`);
    const length = Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    const ref = arena === undefined ? this.#allocateAnywhere(length) : this.#allocateIn(arena, length);
    if (ref !== undefined) return ref;
    throw new ElanusError('Exhausted', 'shared memory is full', {
      context: {
        resource: 'memory',
        askedBytes: bytes,
        allocatedBytes: this.#allocatedBytes,
        limitBytes: this.#bytesMax,
        ...(arena === undefined ? {} : { arena, arenaLimitBytes: this.#arenaBytesMax }),
      },
    });
  }

  free(ref: ArenaRef): void {
    const arena = this.#arena(ref.arena);
    const length = arena.allocated.get(ref.offset);
    assert(
      length === ref.bytes,
      `free of a range that is not allocated: arena ${ref.arena}, offset ${ref.offset}`,
    );
    arena.allocated.delete(ref.offset);
    arena.free.give(ref.offset, ref.bytes);
    this.#allocatedBytes -= ref.bytes;
  }

  stats(): ArenaStats {
    let reservedBytes = 0;
    for (const arena of this.#arenas) reservedBytes += arena.memory.buffer.byteLength;
    return { arenas: this.#arenas.length, allocatedBytes: this.#allocatedBytes, reservedBytes };
  }

  view(arena: number, offset: number, bytes: number): Uint8Array {
    return new Uint8Array(this.#arena(arena).memory.buffer, offset, bytes);
  }

  buffer(arena: number): SharedArrayBuffer {
    return this.#arena(arena).memory.buffer;
  }

  wasmMemory(arena: number): WebAssembly.Memory {
    return this.#arena(arena).memory;
  }

  /** The memory objects by arena number, for a new thread. */
  memories(): WebAssembly.Memory[] {
    return this.#arenas.map((arena) => arena.memory);
  }

  /** Returns the way to end that. */
  listen(listener: ArenaListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #arena(number: number): OneArena {
    const arena = this.#arenas[number];
    assert(arena !== undefined, `no arena ${number}`);
    return arena;
  }

  #allocateAnywhere(length: number): ArenaRef | undefined {
    if (length > this.#arenaBytesMax - ALIGNMENT_BYTES) return undefined;
    for (let arena = 0; arena < this.#arenas.length; arena++) {
      if (this.#arenas[arena]!.free.longest() < Math.max(length, this.#roomBytes)) continue;
      const ref = this.#allocateIn(arena, length);
      if (ref !== undefined) return ref;
    }
    if (this.#touchedBytes + length <= this.#bytesMax) return this.#allocateIn(this.#addArena(), length);
    for (let arena = 0; arena < this.#arenas.length; arena++) {
      const ref = this.#allocateIn(arena, length);
      if (ref !== undefined) return ref;
    }
    return undefined;
  }

  #allocateIn(number: number, length: number): ArenaRef | undefined {
    const arena = this.#arena(number);
    const offset = arena.free.take(length);
    if (offset < 0) return undefined;
    const newBytes = Math.max(0, offset + length - arena.touchedBytes);
    if (this.#touchedBytes + newBytes > this.#bytesMax || !this.#reach(number, offset + length)) {
      arena.free.give(offset, length);
      return undefined;
    }
    const dirty = Math.min(length, arena.touchedBytes - offset);
    if (dirty > 0) new Uint8Array(arena.memory.buffer, offset, dirty).fill(0);
    arena.touchedBytes += newBytes;
    this.#touchedBytes += newBytes;
    this.#allocatedBytes += length;
    arena.allocated.set(offset, length);
    return { arena: number, offset, bytes: length };
  }

  /** Grows the memory to `end` bytes at least; false when the system refuses. */
  #reach(number: number, end: number): boolean {
    const { memory } = this.#arena(number);
    const pages = memory.buffer.byteLength / PAGE_BYTES;
    const needed = Math.ceil(end / PAGE_BYTES) + 1;
    if (needed <= pages) return true;
    const target = Math.min(PAGES_MAX, Math.ceil(needed / GROWTH_PAGES) * GROWTH_PAGES);
    try {
      memory.grow(target - pages);
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
    for (const listener of this.#listeners) listener.grown(number, target * PAGE_BYTES);
    return true;
  }

  #addArena(): number {
    const memory = new WebAssembly.Memory({ initial: GROWTH_PAGES, maximum: PAGES_MAX, shared: true });
    const number = this.#arenas.length;
    // Offset 0 means "none" to kernels.
    const free = new FreeRanges(ALIGNMENT_BYTES, this.#arenaBytesMax - ALIGNMENT_BYTES);
    this.#arenas.push({ memory, free, allocated: new Map(), touchedBytes: ALIGNMENT_BYTES });
    for (const listener of this.#listeners) listener.added(number, memory);
    return number;
  }
}
