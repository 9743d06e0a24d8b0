import type { Arena, ArenaRef } from '../../core/ports/arena.ts';
import type { ScratchUse } from './threadMemory.ts';

const SCRATCH_BYTES_MIN = 65_536;

/** The scratch ranges of one thread. The I/O thread keeps one of these for each thread, its own included. */
export class ScratchTable {
  readonly #arena: Arena;
  readonly #ranges = new Map<string, ArenaRef>();
  /** Replaced, and perhaps in use. */
  #replaced: ArenaRef[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /**
   * The thread's range of at least `bytes`; a longer one replaces a shorter one, which lives on until `freeReplaced`.
   * `changed` says that the thread has to be told. Error: Exhausted.
   */
  ensure(
    use: ScratchUse,
    arena: number,
    bytes: number,
  ): { readonly ref: ArenaRef; readonly changed: boolean } {
    const key = `${use}${arena}`;
    const old = this.#ranges.get(key);
    if (old !== undefined && old.bytes >= bytes) return { ref: old, changed: false };
    const ref = this.#arena.allocate(roundUp(bytes), arena);
    if (old !== undefined) this.#replaced.push(old);
    this.#ranges.set(key, ref);
    return { ref, changed: true };
  }

  entries(): { readonly use: ScratchUse; readonly ref: ArenaRef }[] {
    return [...this.#ranges].map(([key, ref]) => ({ use: key.startsWith('task') ? 'task' : 'kernel', ref }));
  }

  /** Gives replaced ranges back; the thread must not be running a task that began before they were. */
  freeReplaced(): void {
    if (this.#replaced.length === 0) return;
    for (const ref of this.#replaced) this.#arena.free(ref);
    this.#replaced = [];
  }

  /** Gives all ranges back; the thread must have ended. */
  freeAll(): void {
    this.freeReplaced();
    for (const ref of this.#ranges.values()) this.#arena.free(ref);
    this.#ranges.clear();
  }
}

/** To a power of two while small, so that a slowly rising need does not move the range each time. */
function roundUp(bytes: number): number {
  let rounded = SCRATCH_BYTES_MIN;
  while (rounded < bytes && rounded < 2 ** 26) rounded *= 2;
  return Math.max(rounded, bytes);
}
