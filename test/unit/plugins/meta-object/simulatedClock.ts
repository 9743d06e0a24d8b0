import { ElanusError } from '../../../../src/core/domain/errors.ts';
import type { Clock } from '../../../../src/core/ports/clock.ts';

interface Sleeper {
  readonly wakeMs: number;
  readonly wake: () => void;
}

/** Time that moves to the next sleeper when nothing else can run. Wall and monotonic time are one. */
export class SimulatedClock implements Clock {
  #nowMs = 1_700_000_000_000;
  readonly #sleepers = new Set<Sleeper>();

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(new ElanusError('Closed', 'sleep was aborted'));
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const sleeper = { wakeMs: this.#nowMs + delayMs, wake };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort);
      this.#sleepers.add(sleeper);
    });
  }

  /** Lets time pass until `work` has settled. */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    void work.then(over, over);
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!isOver) this.#wakeNext();
    }
    return work;
  }

  #wakeNext(): void {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers)
      if (next === undefined || sleeper.wakeMs < next.wakeMs) next = sleeper;
    if (next === undefined) return;
    this.#sleepers.delete(next);
    this.#nowMs = Math.max(this.#nowMs, next.wakeMs);
    next.wake();
  }
}
