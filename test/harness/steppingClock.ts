import type { Clock } from '../../src/core/ports/clock.ts';

/** Every look at it is a millisecond later; sleepers wake in the next turn of the event loop. */
export class SteppingClock implements Clock {
  #nowMs = 1_700_000_000_000;

  nowMs(): number {
    return this.#nowMs++;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  advance(stepMs: number): void {
    this.#nowMs += stepMs;
  }
}
