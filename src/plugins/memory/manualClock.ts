import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { Clock } from '../../core/ports/clock.ts';

interface Sleeper {
  readonly wakeMs: number;
  wake(): void;
}

/** A clock that stands still until a test moves it. Wall and monotonic time are one. */
export class ManualClock implements Clock {
  #nowMs: number;
  #sleepers: Sleeper[] = [];

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** How many sleep: a test waits for this before it advances. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (!(delayMs >= 0)) return Promise.reject(invalid('delayMs is negative', { delayMs }));
    if (signal?.aborted) return Promise.reject(aborted());
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(aborted());
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const sleeper: Sleeper = { wakeMs: this.#nowMs + delayMs, wake };
      signal?.addEventListener('abort', abort, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** Moves on by `stepMs`, waking sleepers in order of their time and letting each run before the next one. */
  async advance(stepMs: number): Promise<void> {
    const endMs = this.#nowMs + stepMs;
    for (let next = this.#nextBefore(endMs); next !== undefined; next = this.#nextBefore(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.wakeMs);
      this.#sleepers.splice(this.#sleepers.indexOf(next), 1);
      next.wake();
      await macrotask();
    }
    this.#nowMs = endMs;
  }

  #nextBefore(endMs: number): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.wakeMs <= endMs && (first === undefined || sleeper.wakeMs < first.wakeMs)) first = sleeper;
    }
    return first;
  }
}

function aborted(): ElanusError {
  return new ElanusError('Closed', 'sleep was aborted');
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
