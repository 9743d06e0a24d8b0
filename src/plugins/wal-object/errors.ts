import { ElanusError, type ErrorKind } from '../../core/domain/errors.ts';

/** Kinds of the object store after which a call that may be repeated is tried again. */
const PASSING_KINDS: readonly ErrorKind[] = ['Unavailable', 'Timeout', 'Unknown'];
/** What a caller of the log may meet; the rest of what an object store says means nothing to it. */
const LOG_KINDS: readonly ErrorKind[] = [
  'Fenced',
  'Closed',
  'Truncated',
  'TooLarge',
  'Exhausted',
  'Corrupt',
  'Invalid',
  'Unavailable',
  'Unsupported',
  'Internal',
];

/** The only place where errors of the object store become errors of the log. */
export function walObjectError(caught: unknown, doing: string, channel: string): ElanusError {
  const error = ElanusError.from(caught);
  if (LOG_KINDS.includes(error.kind)) return error;
  const kind = mayPass(error) ? 'Unavailable' : 'Internal';
  return new ElanusError(kind, `${doing} channel ${channel} failed: ${error.message}`, {
    subject: 'channel',
    context: { ...error.context, channel },
    cause: error,
  });
}

export function mayPass(error: ElanusError): boolean {
  return PASSING_KINDS.includes(error.kind);
}

export function isKind(caught: unknown, kind: ErrorKind): boolean {
  return caught instanceof ElanusError && caught.kind === kind;
}

/** `key` goes into the context as `file`, as with every log. */
export function corrupt(key: string, offset: number, reason: string): ElanusError {
  return new ElanusError('Corrupt', `object ${key} is damaged at offset ${offset}: ${reason}`, {
    context: { file: key, offset, reason },
  });
}

export function fenced(channel: string, term: number, byTerm: number): ElanusError {
  return new ElanusError('Fenced', `term ${term} of channel ${channel} is fenced by term ${byTerm}`, {
    subject: 'channel',
    context: { channel, term, byTerm },
  });
}

export function unknown(cause: ElanusError): ElanusError {
  if (cause.kind === 'Unknown') return cause;
  return new ElanusError('Unknown', `the write may or may not have happened: ${cause.message}`, {
    context: cause.context,
    cause,
  });
}

export function closed(what: string, cause?: unknown): ElanusError {
  return new ElanusError('Closed', `${what} is closed`, { cause });
}

export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw new ElanusError('Closed', `${what} was aborted`, { cause: signal.reason });
}
