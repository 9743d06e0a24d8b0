import type { Clock } from '../../core/ports/clock.ts';
import type { Random } from '../../core/ports/random.ts';
import { aborted, isTransient, kafkaError } from './errors.ts';

const WAIT_MS_FIRST = 20;
const WAIT_MS_MAX = 1_000;

export interface RetryParts {
  readonly clock: Clock;
  readonly random: Random;
}

/** Doubling waits between attempts, until a time. */
export class Backoff {
  readonly #parts: RetryParts;
  readonly #endMs: number;
  #waitMs = WAIT_MS_FIRST;

  constructor(parts: RetryParts, timeoutMs: number) {
    this.#parts = parts;
    this.#endMs = parts.clock.monotonicMs() + timeoutMs;
  }

  get isOver(): boolean {
    return this.#parts.clock.monotonicMs() >= this.#endMs;
  }

  /** Errors: Closed when `signal` fires first. */
  async wait(signal?: AbortSignal): Promise<void> {
    const waitMs = this.#waitMs * (0.5 + this.#parts.random.next());
    this.#waitMs = Math.min(WAIT_MS_MAX, this.#waitMs * 2);
    await this.#parts.clock.sleep(waitMs, signal);
  }
}

/** Calls `attempt` until it succeeds, fails for good, or `timeoutMs` are over; then its last error, mapped. */
export async function retrying<Result>(
  parts: RetryParts & { readonly doing: string; readonly timeoutMs: number; readonly signal: AbortSignal },
  attempt: () => Promise<Result>,
): Promise<Result> {
  const { doing, signal } = parts;
  const backoff = new Backoff(parts, parts.timeoutMs);
  for (;;) {
    if (signal.aborted) throw aborted(doing, signal.reason);
    try {
      return await unlessAborted(attempt(), signal, doing);
    } catch (caught) {
      if (!isTransient(caught) || backoff.isOver) throw kafkaError(caught, doing);
    }
    await backoff.wait(signal);
  }
}

/** `promise`, or Closed as soon as `signal` fires; what comes of the promise then is nobody's business any more. */
export function unlessAborted<Result>(
  promise: Promise<Result>,
  signal: AbortSignal,
  doing: string,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(aborted(doing, signal.reason));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
