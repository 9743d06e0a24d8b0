import { ElanusError, type ErrorContext, type ErrorKind } from '../../core/domain/errors.ts';
import type { AttemptFailure, Effect } from '../../core/ports/objectRetries.ts';

export interface Failure extends AttemptFailure {
  readonly kind: ErrorKind;
  /** S3's or Node's code, or the name of the error. */
  readonly code: string;
  readonly status: number | undefined;
}

type Verdict = readonly [kind: ErrorKind, isRetryable: boolean, meaning?: string];

const CREDENTIALS = 'the credentials are wrong or expired';
const REGION = 'the bucket is in another region';
const TWO_KEYS = 'one key is a folder of another';

/** Refusals with a code: nothing was done. */
const REFUSALS: Readonly<Record<string, Verdict>> = {
  NoSuchKey: ['NotFound', false],
  NotFound: ['NotFound', false],
  NoSuchBucket: ['Unavailable', false, 'the bucket does not exist'],
  InvalidRange: ['Invalid', false],
  KeyTooLongError: ['Invalid', false],
  ObjectParentIsFile: ['Invalid', false, TWO_KEYS],
  // Of versitygw, also when a deletion removed the folder in which it was about to put something.
  ExistingObjectIsDirectory: ['Invalid', true, TWO_KEYS],
  XMinioParentIsObject: ['Invalid', false, TWO_KEYS],
  XMinioObjectExistsAsDirectory: ['Invalid', false, TWO_KEYS],
  EntityTooLarge: ['TooLarge', false],
  NotImplemented: ['Unsupported', false],
  QuotaExceeded: ['Exhausted', false],
  ServiceQuotaExceeded: ['Exhausted', false],
  XMinioAdminBucketQuotaExceeded: ['Exhausted', false],
  InvalidAccessKeyId: ['Unavailable', false, CREDENTIALS],
  XAdminUserNotFound: ['Unavailable', false, CREDENTIALS],
  SignatureDoesNotMatch: ['Unavailable', false, CREDENTIALS],
  InvalidToken: ['Unavailable', false, CREDENTIALS],
  ExpiredToken: ['Unavailable', false, CREDENTIALS],
  AccessDenied: ['Unavailable', false, 'the credentials do not allow it'],
  AuthorizationHeaderMalformed: ['Unavailable', false, REGION],
  PermanentRedirect: ['Unavailable', false, REGION],
  // The client learns the difference from the reply, so that the next attempt may pass.
  RequestTimeTooSkewed: ['Unavailable', true, 'the clock of this machine is wrong'],
  // Racing conditional writes on AWS.
  ConditionalRequestConflict: ['Unavailable', true],
  OperationAborted: ['Unavailable', true],
  RequestTimeout: ['Unavailable', true],
  IncompleteBody: ['Unavailable', true],
  BadDigest: ['Unavailable', true],
  XAmzContentSHA256Mismatch: ['Unavailable', true],
};

/** Of Node, while it connects: no byte of the request was sent. */
const CONNECT_CODES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const TLS_CODE = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_|HOSTNAME_MISMATCH|EPROTO$)/;
const NO_SPACE = 507;
/** MinIO's, under the code of any other failure. */
const NO_SPACE_TEXT = /no space left on device/i;
/** Answered by what stands before the server, which may still be at work. */
const GATEWAY_STATUSES = [502, 504];
const TIMED_OUT = 'AttemptTimedOut';

export function failureOf(caught: unknown): Failure {
  if (caught instanceof ElanusError) {
    const effect = caught.kind === 'Unknown' ? 'perhaps' : 'none';
    const { kind } = caught;
    return { kind, code: kind, status: undefined, effect, isRetryable: false, isConditionFailed: false };
  }
  const { name, message, code, status } = partsOf(caught);
  const shownCode = code ?? (name === 'Unknown' ? `HTTP ${status}` : name);
  const failure = (kind: ErrorKind, effect: Effect, isRetryable: boolean): Failure => ({
    kind,
    code: shownCode,
    status,
    effect,
    isRetryable,
    isConditionFailed: status === 412,
  });
  // Completed by an attempt before, or gone.
  if (name === 'NoSuchUpload') return failure('Unavailable', 'perhaps', false);
  const refusal = REFUSALS[name];
  if (refusal !== undefined) return failure(refusal[0], 'none', refusal[1]);
  if (status === NO_SPACE || NO_SPACE_TEXT.test(message)) return failure('Exhausted', 'none', false);
  if (status !== undefined && status >= 300) {
    if (status < 500) return failure('Unavailable', 'none', status === 408 || status === 429);
    return failure('Unavailable', GATEWAY_STATUSES.includes(status) ? 'lost' : 'perhaps', true);
  }
  if (CONNECT_CODES.has(code ?? '') || isConnectTimeout(name, code))
    return failure('Unavailable', 'none', true);
  if (TLS_CODE.test(code ?? '')) return failure('Unavailable', 'none', false);
  if (name.endsWith('ProviderError')) return failure('Unavailable', 'none', true);
  if (caught instanceof TypeError || caught instanceof RangeError) return failure('Internal', 'lost', false);
  return failure(name === TIMED_OUT ? 'Timeout' : 'Unavailable', 'lost', true);
}

/**
 * The only place where errors of the client become ours. The client's error stays out of it: it holds the request, with its
 * signature.
 */
export function s3Error(caught: unknown, doing: string, context: ErrorContext): ElanusError {
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

function reasonOf(caught: unknown): string {
  const { name, message } = partsOf(caught);
  const { code } = failureOf(caught);
  // The client adds a line of advice to some texts, and has one for replies without any.
  const [text] = message.split('\n');
  const meaning = REFUSALS[name]?.[2];
  const parts = [code, meaning, text === 'UnknownError' ? undefined : text];
  return parts.filter((part) => part !== undefined && part !== '').join(': ');
}

/** Without a code: Node's own time-outs have one. */
function isConnectTimeout(name: string, code: string | undefined): boolean {
  return name === 'TimeoutError' && code === undefined;
}

interface ErrorParts {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly status: number | undefined;
}

function partsOf(caught: unknown): ErrorParts {
  if (!(caught instanceof Error)) {
    return { name: '', message: String(caught), code: undefined, status: undefined };
  }
  const { code, $metadata } = caught as { code?: unknown; $metadata?: { httpStatusCode?: number } };
  return {
    name: caught.name,
    message: caught.message,
    code: typeof code === 'string' ? code : undefined,
    status: $metadata?.httpStatusCode,
  };
}
