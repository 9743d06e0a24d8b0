import { ElanusError } from '../../core/domain/errors.ts';
import { isKind } from './errors.ts';

const TRIES_MAX = 8;

/**
 * Tries again when a file went away after it was listed: truncation, or a take-over that gave up, and the next listing
 * tells. Errors: Unavailable when that happened too often.
 */
export async function retryVanished<T>(directory: string, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (caught) {
      if (!isKind(caught, 'NotFound')) throw caught;
      if (tries === TRIES_MAX) {
        throw new ElanusError(
          'Unavailable',
          `files of ${directory} vanished in each of ${TRIES_MAX} tries to read them`,
          {
            cause: caught,
          },
        );
      }
    }
  }
}
