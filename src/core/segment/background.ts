import { ElanusError } from '../domain/errors.ts';
import type { Logger } from '../ports/logger.ts';

/** Work that nobody awaits: its failure is logged, unless it only tells that the process is closing. */
export function inBackground(logger: Logger, what: string, work: Promise<unknown>): void {
  work.catch((caught: unknown) => {
    const error = ElanusError.from(caught);
    if (error.kind !== 'Closed')
      logger.error('background work failed', { what, error: error.text, cause: caught });
  });
}
