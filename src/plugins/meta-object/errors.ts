import { ElanusError, type ErrorKind } from '../../core/domain/errors.ts';

/** Kinds after which the object store is asked again; Unknown only where asking twice does no harm. */
const PASSING: readonly ErrorKind[] = ['Unavailable', 'Timeout', 'Unknown'];

export function isPassing(error: ElanusError): boolean {
  return PASSING.includes(error.kind);
}

export function isKind(caught: unknown, kind: ErrorKind): boolean {
  return caught instanceof ElanusError && caught.kind === kind;
}

/** Of an entry that may be in the log, or may still get there. */
export function unknownOutcome(error: ElanusError): ElanusError {
  return new ElanusError('Unknown', `catalogue: txn: ${error.message}`, {
    context: error.context,
    cause: error,
  });
}

/** For a call that changes nothing, when what it had to wait for may have happened. */
export function nothingHappened(error: ElanusError): ElanusError {
  if (error.kind !== 'Unknown') return error;
  return new ElanusError('Unavailable', error.message, { context: error.context, cause: error });
}

export function corrupt(key: string, why: string): ElanusError {
  return new ElanusError('Corrupt', `catalogue: ${why}`, { context: { key } });
}

export function closedError(): ElanusError {
  return new ElanusError('Closed', 'meta store is closed');
}
