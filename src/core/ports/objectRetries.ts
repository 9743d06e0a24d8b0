import type { ElanusError } from '../domain/errors.ts';
import type { Clock } from './clock.ts';
import type { ObjectVersion } from './objectStore.ts';
import type { Random } from './random.ts';

// Attempts on an object store behind a network, for every adapter that has one.

/**
 * What a failed attempt of a write has done on the server: nothing; perhaps all of it, and it is over (the server answered);
 * perhaps all of it, now or later (no answer, or a gateway's).
 */
export type Effect = 'none' | 'perhaps' | 'lost';

/** What an adapter knows of an error of its client. */
export interface AttemptFailure {
  readonly effect: Effect;
  readonly isRetryable: boolean;
  /** The server refused a write because of what is there. */
  readonly isConditionFailed: boolean;
}

/** How an adapter reads the errors of its client. */
export interface AttemptErrors {
  failureOf(caught: unknown): AttemptFailure;
  /** Of kind Unknown. */
  unknownOutcome(caught: unknown, key: string): ElanusError;
}

const DELAY_MS_MIN = 50;
const DELAY_MS_MAX = 2_000;

/** How often and when an attempt is made again: delays double, and vary, so that many callers do not come back at once. */
export class RetryPolicy {
  readonly errors: AttemptErrors;
  readonly #retriesMax: number;
  readonly #deps: { readonly clock: Clock; readonly random: Random };
  #stopped = false;

  constructor(
    retriesMax: number,
    errors: AttemptErrors,
    deps: { readonly clock: Clock; readonly random: Random },
  ) {
    this.errors = errors;
    this.#retriesMax = retriesMax;
    this.#deps = deps;
  }

  /** Waits until retry number `retry` (from 0); false, without waiting, when there is none. */
  async wait(retry: number): Promise<boolean> {
    if (this.#stopped || retry >= this.#retriesMax) return false;
    const delayMs = Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** retry);
    await this.#deps.clock.sleep(delayMs * (0.5 + this.#deps.random.next() / 2));
    return !this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
  }
}

/** For what may be done twice: reads, and writes that leave the same behind. */
export async function retried<Result>(policy: RetryPolicy, attempt: () => Promise<Result>): Promise<Result> {
  for (let retry = 0; ; retry++) {
    try {
      return await attempt();
    } catch (caught) {
      if (!policy.errors.failureOf(caught).isRetryable || !(await policy.wait(retry))) throw caught;
    }
  }
}

/** A write whose content names it, so that it is known again. */
export interface MarkedWrite {
  readonly key: string;
  send(): Promise<ObjectVersion>;
  /** The version at the key when this very write stands there. */
  findOwn(): Promise<ObjectVersion | undefined>;
  /** A request that arrives late cannot undo what came between: it has a condition that holds once. */
  readonly isRepeatable: boolean;
}

/**
 * Sends `write` until it is known how it ended. Rejects with the client's error when it certainly did nothing, and with Unknown
 * when that stays open. A condition that fails may be the work of this very write: of an attempt without an answer, or of a
 * proxy that sent it twice.
 */
export async function settled(policy: RetryPolicy, write: MarkedWrite): Promise<ObjectVersion> {
  let doubt: unknown;
  for (let retry = 0; ; retry++) {
    try {
      return await write.send();
    } catch (caught) {
      const { effect, isRetryable, isConditionFailed } = policy.errors.failureOf(caught);
      if (effect !== 'none') doubt ??= caught;
      const mayResend = isRetryable && (effect !== 'lost' || write.isRepeatable);
      if (mayResend && (await policy.wait(retry))) continue;
      if (doubt === undefined && !isConditionFailed) throw caught;
      const own = await lookForOwn(policy, write, effect === 'lost');
      if (own !== undefined) return own;
      throw doubt === undefined ? caught : policy.errors.unknownOutcome(doubt, write.key);
    }
  }
}

/** `mayCome`: the request may be at work still, so that looking again is worth it. */
async function lookForOwn(
  policy: RetryPolicy,
  write: MarkedWrite,
  mayCome: boolean,
): Promise<ObjectVersion | undefined> {
  for (let retry = 0; ; retry++) {
    const own = await retried(policy, write.findOwn).catch((caught: unknown) => {
      throw policy.errors.unknownOutcome(caught, write.key);
    });
    if (own !== undefined || !mayCome || !(await policy.wait(retry))) return own;
  }
}
