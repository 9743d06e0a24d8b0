/** A hybrid timestamp: physical milliseconds << 18 | logical counter. One of these a write, never one a row. */
export type Timestamp = bigint;

export const LOGICAL_BITS = 18n;

export function composeTimestamp(physicalMs: number, logical = 0): Timestamp {
  return (BigInt(physicalMs) << LOGICAL_BITS) | BigInt(logical);
}

export function physicalMs(timestamp: Timestamp): number {
  return Number(timestamp >> LOGICAL_BITS);
}

/**
 * Draws strictly increasing timestamps that follow the wall clock and never run behind anything observed.
 * The owner of a channel has one; recovery observes the largest timestamp of the log before the first draw.
 */
export class HybridClock {
  #last: Timestamp = 0n;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The largest timestamp drawn or observed. */
  get last(): Timestamp {
    return this.#last;
  }

  next(): Timestamp {
    const now = composeTimestamp(this.#nowMs());
    this.#last = now > this.#last ? now : this.#last + 1n;
    return this.#last;
  }

  observe(timestamp: Timestamp): void {
    if (timestamp > this.#last) this.#last = timestamp;
  }
}
