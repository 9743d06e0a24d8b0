import { ElanusError } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { CallLayer } from './callLayer.ts';

/** Counts the calls of a port, `port` being its key in elanus.yaml: how long they take, and how they fail. */
export function measured(
  port: string,
  { clock, metrics }: { readonly clock: Clock; readonly metrics: Metrics },
): CallLayer {
  const seconds = metrics.histogram('elanus_store_seconds', 'Time of a call to a store, retries included.');
  const errors = metrics.counter('elanus_store_errors_total', 'Calls to a store that failed, by kind.');
  return {
    givesUp: false,
    async around({ operation }, run) {
      const startMs = clock.monotonicMs();
      try {
        return await run();
      } catch (caught) {
        errors.add(1, { port, operation, kind: ElanusError.from(caught).kind });
        throw caught;
      } finally {
        seconds.observe((clock.monotonicMs() - startMs) / 1_000, { port, operation });
      }
    },
    close: () => undefined,
  };
}
