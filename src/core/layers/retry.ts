import { ElanusError } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { CallLayer } from './callLayer.ts';

const DELAY_MS_MIN = 50;
const DELAY_MS_MAX = 2_000;
/** Retries that may be saved up. */
const BUDGET_MAX = 20;
/** What a call that succeeds adds to the budget: when most calls fail, one in ten is made again. */
const BUDGET_PER_SUCCESS = 0.1;

export interface RetryOptions {
  /** Attempts after the first, 1..20. */
  readonly retriesMax: number;
}

/**
 * Makes a call again after Unavailable or Timeout, by which a port says that nothing happened; never after Unknown. Delays
 * double, with half of each left to chance; all calls together share a budget, so that a store that is down is not
 * stormed.
 */
export function retry(
  { retriesMax }: RetryOptions,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): CallLayer {
  let budget = BUDGET_MAX;
  let isClosed = false;

  const mayRetry = (error: ElanusError, done: number): boolean =>
    !isClosed &&
    done < retriesMax &&
    budget >= 1 &&
    (error.kind === 'Unavailable' || error.kind === 'Timeout');

  return {
    givesUp: false,
    async around(call, run) {
      for (let done = 0; ; done++) {
        try {
          const result = await run();
          budget = Math.min(BUDGET_MAX, budget + BUDGET_PER_SUCCESS);
          return result;
        } catch (caught) {
          if (!call.isRepeatable || !mayRetry(ElanusError.from(caught), done)) throw caught;
          budget--;
          const delayMs = Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** done);
          await clock.sleep(delayMs * (0.5 + random.next() / 2));
          if (isClosed) throw caught;
        }
      }
    },
    close: () => {
      isClosed = true;
    },
  };
}
