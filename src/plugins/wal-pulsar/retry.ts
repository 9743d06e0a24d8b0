import type { Clock } from '../../core/ports/clock.ts';
import type { Random } from '../../core/ports/random.ts';
import { aborted } from './errors.ts';

const WAIT_MS_FIRST = 20;
const WAIT_MS_MAX = 1_000;

export interface TimeParts {
  readonly clock: Clock;
  readonly random: Random;
}

/** How long one call goes on trying, with doubling waits between its attempts. */
export class Patience {
  readonly signal: AbortSignal;
  readonly #parts: TimeParts;
  readonly #endMs: number;
  #waitMs = WAIT_MS_FIRST;

  constructor(parts: TimeParts, timeoutMs: number, signal: AbortSignal) {
    this.#parts = parts;
    this.#endMs = parts.clock.monotonicMs() + timeoutMs;
    this.signal = signal;
  }

  /** Never below 1. */
  get leftMs(): number {
    return Math.max(1, this.#endMs - this.#parts.clock.monotonicMs());
  }

  get isOver(): boolean {
    return this.#parts.clock.monotonicMs() >= this.#endMs;
  }

  /** Errors: Closed when the signal fires. */
  async wait(): Promise<void> {
    const waitMs = this.#waitMs * (0.5 + this.#parts.random.next());
    this.#waitMs = Math.min(WAIT_MS_MAX, this.#waitMs * 2);
    await this.#parts.clock.sleep(Math.min(waitMs, this.leftMs), this.signal);
  }

  throwIfAborted(doing: string): void {
    if (this.signal.aborted) throw aborted(doing, this.signal.reason);
  }
}
