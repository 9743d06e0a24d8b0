import type { Arena, ArenaRef } from '../ports/arena.ts';

/** Ranges of one arena that are taken together or not at all. */
export class Claim {
  readonly #memory: Arena;
  readonly #arena: number;
  readonly #taken: ArenaRef[] = [];

  private constructor(memory: Arena, arena: number) {
    this.#memory = memory;
    this.#arena = arena;
  }

  /** Runs `take`; what it took is given back when it throws. */
  static run<Result>(memory: Arena, arena: number, take: (claim: Claim) => Result): Result {
    const claim = new Claim(memory, arena);
    try {
      return take(claim);
    } catch (caught) {
      for (const ref of claim.#taken) memory.free(ref);
      throw caught;
    }
  }

  /** Zeroed. Error: Exhausted. */
  take(bytes: number): ArenaRef {
    const ref = this.#memory.allocate(bytes, this.#arena);
    this.#taken.push(ref);
    return ref;
  }
}
