import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { Clock } from '../../core/ports/clock.ts';

/** Longest delay that a Node timer takes; a longer one would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The clocks of this machine. A sleep keeps the process alive. */
export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (!(delayMs >= 0 && delayMs <= TIMER_MS_MAX)) {
      return Promise.reject(invalid('delayMs is out of range', { delayMs, allowed: `0..${TIMER_MS_MAX}` }));
    }
    if (signal?.aborted) return Promise.reject(aborted());
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        clearTimeout(timer);
        reject(aborted());
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort);
        resolve();
      }, delayMs);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}

function aborted(): ElanusError {
  return new ElanusError('Closed', 'sleep was aborted');
}
