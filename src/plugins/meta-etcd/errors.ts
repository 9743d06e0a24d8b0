import { ElanusError, type ErrorKind } from '../../core/domain/errors.ts';

/** What the failure of one attempt means. */
export interface Failure {
  /** For the caller, when nothing happened. */
  readonly error: ElanusError;
  /** Another attempt, perhaps on another member, may succeed. */
  readonly retriable: boolean;
  /** The server may have done what was asked, or may still do it. */
  readonly mayHaveHappened: boolean;
}

/** gRPC status codes. What is not listed is Unavailable, to be tried again, and may have happened. */
const KINDS: Readonly<Record<number, ErrorKind>> = {
  1: 'Timeout', // CANCELLED: the server saw the deadline first
  3: 'Invalid', // INVALID_ARGUMENT: a limit of the server that is below the bounds of the port
  4: 'Timeout', // DEADLINE_EXCEEDED
  5: 'NotFound', // NOT_FOUND: the lease
  7: 'Unavailable', // PERMISSION_DENIED
  8: 'Exhausted', // RESOURCE_EXHAUSTED
  9: 'Unavailable', // FAILED_PRECONDITION: a user is configured and the server knows none
  11: 'Truncated', // OUT_OF_RANGE: the revision was compacted
  12: 'Unsupported', // UNIMPLEMENTED
  15: 'Corrupt', // DATA_LOSS
};

/** Codes with which the server says that it did nothing, and would not the next time. */
const REFUSALS: readonly number[] = [3, 5, 7, 9, 11, 12, 15];

/** Texts of gRPC and etcd that come before anything is sent or done. */
const NOT_STARTED = /No connection established|Channel closed before call started|Name resolution failed/;
const TOO_BUSY = /too many requests/;
const NO_SPACE = /database space exceeded/;
/** Answered with INVALID_ARGUMENT or as the reason of a cancelled watch. */
const NO_ACCESS = /authentication failed|user name is empty|permission denied|authentication is not enabled/;

/** Maps an error of etcd3 or of a gRPC stream; `doing` says what was tried. */
export function failureOf(caught: unknown, doing: string): Failure {
  if (caught instanceof ElanusError) return { error: caught, retriable: false, mayHaveHappened: false };
  const text = textOf(caught);
  const code = codeOf(caught, text);
  const isBusy = TOO_BUSY.test(text);
  const kind = isBusy || NO_ACCESS.test(text) ? 'Unavailable' : (KINDS[code] ?? 'Unavailable');
  const isRefused = REFUSALS.includes(code) || NO_ACCESS.test(text);
  const error = new ElanusError(kind, `etcd: ${doing} failed: ${text}`, { cause: caught });
  return {
    error,
    retriable: !isRefused && (kind !== 'Exhausted' || isBusy),
    mayHaveHappened: !isRefused && !isBusy && !NOT_STARTED.test(text),
  };
}

/** Whether the server is full. It says so before and, rarely, after it has done what was asked. */
export function isOutOfSpace(error: ElanusError): boolean {
  return NO_SPACE.test(error.message);
}

export function unknownOutcome(error: ElanusError): ElanusError {
  return new ElanusError('Unknown', error.message, { cause: error });
}

function textOf(caught: unknown): string {
  return caught instanceof Error ? caught.message : String(caught);
}

/** etcd3 drops the code of an error and keeps the text, which has it: `14 UNAVAILABLE: …`. 0 = none. */
function codeOf(caught: unknown, text: string): number {
  const { code } = caught as { readonly code?: unknown };
  if (typeof code === 'number') return code;
  return Number(/\b(\d{1,2}) [A-Z_]{2,}: /.exec(text)?.[1] ?? 0);
}
