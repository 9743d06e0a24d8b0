import { ElanusError, type ErrorContext, type ErrorKind } from '../../core/domain/errors.ts';
import type { AttemptFailure, Effect } from '../../core/ports/objectRetries.ts';

export interface Failure extends AttemptFailure {
  readonly kind: ErrorKind;
  /** Azure's or Node's code, or the name of the error. */
  readonly code: string;
  readonly status: number | undefined;
}

type Verdict = readonly [kind: ErrorKind, isRetryable: boolean, meaning?: string];

const CREDENTIALS = 'the credentials are wrong or expired, or the clock of this machine is wrong';
const NOT_ALLOWED = 'the credentials do not allow it';

/** Refusals with a code: nothing was done. */
const REFUSALS: Readonly<Record<string, Verdict>> = {
  BlobNotFound: ['NotFound', false],
  ContainerNotFound: ['Unavailable', false, 'the container does not exist'],
  ContainerBeingDeleted: ['Unavailable', false, 'the container is being deleted'],
  AccountIsDisabled: ['Unavailable', false, 'the account is disabled'],
  BlobAlreadyExists: ['AlreadyExists', false],
  ConditionNotMet: ['Conflict', false],
  // Another writer's commit threw away the blocks of this one.
  InvalidBlockList: ['Unavailable', true],
  InvalidRange: ['Invalid', false],
  InvalidUri: ['Invalid', false],
  RequestBodyTooLarge: ['TooLarge', false],
  BlockCountExceedsLimit: ['TooLarge', false],
  AuthenticationFailed: ['Unavailable', false, CREDENTIALS],
  AuthorizationFailure: ['Unavailable', false, CREDENTIALS],
  InvalidAuthenticationInfo: ['Unavailable', false, CREDENTIALS],
  NoAuthenticationInformation: ['Unavailable', false, 'credentials are missing'],
  AuthorizationPermissionMismatch: ['Unavailable', false, NOT_ALLOWED],
  AuthorizationResourceTypeMismatch: ['Unavailable', false, NOT_ALLOWED],
  AuthorizationServiceMismatch: ['Unavailable', false, NOT_ALLOWED],
  InsufficientAccountPermissions: ['Unavailable', false, NOT_ALLOWED],
  UnauthorizedBlobOverwrite: ['Unavailable', false, NOT_ALLOWED],
};

/** A write that must be the first is refused with 409, others with 412; a 412 may be about a lease too. */
const CONDITION_CODES = ['BlobAlreadyExists', 'ConditionNotMet'];
/** Of Node, while it connects: no byte of the request was sent. */
const CONNECT_CODES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const TLS_CODE = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_|HOSTNAME_MISMATCH|EPROTO$)/;
const CREDENTIAL_ERROR = /^(CredentialUnavailable|Authentication|AggregateAuthentication)/;
/** Answered by what stands before the server, which may still be at work. */
const GATEWAY_STATUSES = [502, 504];
const NO_SPACE = 507;
const TIMED_OUT = 'AttemptTimedOut';

export function failureOf(caught: unknown): Failure {
  if (caught instanceof ElanusError) {
    const effect = caught.kind === 'Unknown' ? 'perhaps' : 'none';
    const { kind } = caught;
    return { kind, code: kind, status: undefined, effect, isRetryable: false, isConditionFailed: false };
  }
  const { name, code, status } = partsOf(caught);
  const shownCode = code ?? (status === undefined ? name : `HTTP ${status}`);
  const failure = (kind: ErrorKind, effect: Effect, isRetryable: boolean): Failure => ({
    kind,
    code: shownCode,
    status,
    effect,
    isRetryable,
    isConditionFailed: CONDITION_CODES.includes(shownCode),
  });
  const refusal = REFUSALS[shownCode];
  if (refusal !== undefined) return failure(refusal[0], 'none', refusal[1]);
  if (status !== undefined && status >= 300) return failure(...verdictOn(status, shownCode));
  if (CONNECT_CODES.has(shownCode)) return failure('Unavailable', 'none', true);
  if (TLS_CODE.test(shownCode)) return failure('Unavailable', 'none', false);
  if (CREDENTIAL_ERROR.test(name)) return failure('Unavailable', 'none', true);
  if (caught instanceof TypeError || caught instanceof RangeError) return failure('Internal', 'lost', false);
  return failure(name === TIMED_OUT ? 'Timeout' : 'Unavailable', 'lost', true);
}

/**
 * The only place where errors of the client become ours. The client's error stays out of it: it holds the request, with its
 * signature.
 */
export function azureError(caught: unknown, doing: string, context: ErrorContext): ElanusError {
  if (caught instanceof ElanusError) return caught;
  const { kind, code, status } = failureOf(caught);
  const message = `object store: ${doing} failed: ${reasonOf(caught)}`;
  const resource = kind === 'Exhausted' ? 'disk' : undefined;
  return new ElanusError(kind, message, { context: { ...context, code, status, resource } });
}

/** A write that may have happened, or may happen yet. */
export function unknownOutcome(caught: unknown, key: string): ElanusError {
  const message = `object store: the write may have happened: ${reasonOf(caught)}`;
  return new ElanusError('Unknown', message, { context: { key } });
}

export function timedOut(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs} ms`), { name: TIMED_OUT });
}

function verdictOn(status: number, code: string): [ErrorKind, Effect, boolean] {
  if (status === 404) return ['NotFound', 'none', false];
  if (status === NO_SPACE) return ['Exhausted', 'none', false];
  if (status < 500) return ['Unavailable', 'none', status === 408 || status === 429];
  const isOpen = GATEWAY_STATUSES.includes(status) || code === 'OperationTimedOut';
  return ['Unavailable', isOpen ? 'lost' : 'perhaps', true];
}

function reasonOf(caught: unknown): string {
  const { message } = partsOf(caught);
  const { code } = failureOf(caught);
  // The rest are ids of the request, or the whole reply when it was not understood.
  const [text] = message.split('\n');
  return [code, REFUSALS[code]?.[2], text?.slice(0, 200)].filter((part) => !!part).join(': ');
}

interface ErrorParts {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly status: number | undefined;
}

interface ClientError {
  readonly code?: unknown;
  readonly statusCode?: number;
  readonly response?: { readonly headers: { get(name: string): string | undefined } };
}

/** Replies to GET and HEAD have no body that names the code, but a header. */
function partsOf(caught: unknown): ErrorParts {
  if (!(caught instanceof Error)) {
    return { name: '', message: String(caught), code: undefined, status: undefined };
  }
  const { code, statusCode, response } = caught as ClientError;
  const named = response?.headers.get('x-ms-error-code') ?? code;
  return {
    name: caught.name,
    message: caught.message,
    code: typeof named === 'string' && named !== 'PARSE_ERROR' ? named : undefined,
    status: statusCode,
  };
}
