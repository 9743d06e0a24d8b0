import { ElanusError } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { CallLayer, StoreCall } from './callLayer.ts';

export interface TimeLimitOptions {
  readonly timeoutMs: number;
}

/**
 * Ends a call after a time: a read with Timeout, anything else with Unknown, since it may still happen. The store goes on with
 * the call; what comes of it too late is discarded.
 */
export function timeLimit(
  { timeoutMs }: TimeLimitOptions,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): CallLayer {
  const undo = async (call: StoreCall, discarded: Promise<unknown> | undefined): Promise<void> => {
    try {
      await discarded;
    } catch (caught) {
      const { operation } = call;
      logger.warn('what came too late was not undone', { operation, reason: ElanusError.from(caught).text });
    }
  };
  return {
    givesUp: true,
    around: (call, run, discard) =>
      new Promise((resolve, reject) => {
        const ended = new AbortController();
        let isLate = false;
        run().then(
          (result) => {
            ended.abort();
            if (isLate) void undo(call, discard?.(result));
            else resolve(result);
          },
          (caught: unknown) => {
            ended.abort();
            reject(caught);
          },
        );
        const giveUp = (): void => {
          isLate = true;
          reject(gaveUp(call, timeoutMs));
        };
        // The sleep rejects when the call has ended first.
        clock.sleep(timeoutMs, ended.signal).then(giveUp, () => undefined);
      }),
    close: () => undefined,
  };
}

function gaveUp({ operation, isRead }: StoreCall, timeoutMs: number): ElanusError {
  const kind = isRead ? 'Timeout' : 'Unknown';
  return new ElanusError(kind, 'the store did not answer in time', { context: { operation, timeoutMs } });
}
