import { ElanusError, type ErrorKind } from '../../core/domain/errors.ts';

/** What a broker answered, as the client names it: an error of a reply nests these. */
interface ProtocolFailure {
  readonly apiId: string;
  readonly canRetry: boolean;
  readonly serverErrorMessage?: string | null;
}

/** The broker no longer takes this producer's epoch or sequence numbers. */
const PRODUCER_STATE_IDS: readonly string[] = [
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_ID_MAPPING',
];

/** The client does not hold requests back while it logs in again on a connection. Another connection starts afresh. */
const BETWEEN_LOGINS = 'ILLEGAL_SASL_STATE';

const KINDS: Readonly<Record<string, ErrorKind>> = {
  MESSAGE_TOO_LARGE: 'TooLarge',
  RECORD_LIST_TOO_LARGE: 'TooLarge',
  UNSUPPORTED_VERSION: 'Unsupported',
  THROTTLING_QUOTA_EXCEEDED: 'Exhausted',
  INVALID_TOPIC_EXCEPTION: 'Invalid',
  INVALID_PARTITIONS: 'Invalid',
  INVALID_REPLICATION_FACTOR: 'Invalid',
  INVALID_CONFIG: 'Invalid',
  POLICY_VIOLATION: 'Invalid',
};

/** The only place where errors of the client and the brokers become ours; `doing` goes into the message. */
export function kafkaError(caught: unknown, doing: string): ElanusError {
  if (caught instanceof ElanusError) return caught;
  const failure = protocolFailure(caught);
  if (failure === undefined) {
    const kind = isNetworkFailure(caught) ? 'Unavailable' : 'Internal';
    return new ElanusError(kind, `${doing} failed: ${innermostText(caught)}`, { cause: caught });
  }
  const { apiId, serverErrorMessage } = failure;
  const said = serverErrorMessage ? `: ${serverErrorMessage}` : '';
  return new ElanusError(KINDS[apiId] ?? 'Unavailable', `${doing} failed: the broker says ${apiId}${said}`, {
    context: { code: apiId },
    cause: caught,
  });
}

/** The same call may succeed later; one out of range because the log was truncated meanwhile. */
export function isTransient(caught: unknown): boolean {
  if (caught instanceof ElanusError) return caught.kind === 'Unavailable';
  const failure = protocolFailure(caught);
  if (failure === undefined) return isNetworkFailure(caught) && !isRefusedForGood(caught);
  return failure.canRetry || failure.apiId === 'OFFSET_OUT_OF_RANGE' || failure.apiId === BETWEEN_LOGINS;
}

/** The broker answered, and the connection is sound. */
export function isReply(caught: unknown): boolean {
  return codeOf(caught) === 'PLT_KFK_RESPONSE' && !hasCode(caught, BETWEEN_LOGINS);
}

export function isProducerStateLost(caught: unknown): boolean {
  return PRODUCER_STATE_IDS.includes(protocolFailure(caught)?.apiId ?? '');
}

export function hasCode(caught: unknown, apiId: string): boolean {
  return protocolFailure(caught)?.apiId === apiId;
}

export function fenced(channel: string, term: number, byTerm: number): ElanusError {
  return new ElanusError('Fenced', `term ${term} of channel ${channel} is fenced by term ${byTerm}`, {
    subject: 'channel',
    context: { channel, term, byTerm },
  });
}

export function closed(what: string, cause?: unknown): ElanusError {
  return new ElanusError('Closed', `${what} is closed`, { cause });
}

export function aborted(what: string, cause: unknown): ElanusError {
  return new ElanusError('Closed', `${what} was aborted`, { cause });
}

export function corrupt(topic: string, offset: number, reason: string): ElanusError {
  return new ElanusError('Corrupt', `topic ${topic} is damaged at offset ${offset}: ${reason}`, {
    context: { file: topic, offset, reason },
  });
}

/** The first answer of a broker in the error, in its parts and its causes. */
function protocolFailure(caught: unknown): ProtocolFailure | undefined {
  for (const error of nested(caught)) if ('apiId' in error) return error as ProtocolFailure;
  return undefined;
}

function* nested(caught: unknown): Generator<object> {
  if (typeof caught !== 'object' || caught === null) return;
  yield caught;
  if ('errors' in caught && Array.isArray(caught.errors))
    for (const part of caught.errors) yield* nested(part);
  if ('cause' in caught) yield* nested(caught.cause);
}

function isNetworkFailure(caught: unknown): boolean {
  const code = codeOf(caught);
  return code === 'PLT_KFK_NETWORK' || code === 'PLT_KFK_UNEXPECTED_CORRELATION_ID' || /^E[A-Z]+$/.test(code);
}

/** Wrong certificates and passwords do not mend by trying again. */
function isRefusedForGood(caught: unknown): boolean {
  for (const error of nested(caught)) {
    if (/AUTHENTICATION|CERT|^ERR_(TLS|SSL)|^EPROTO$|UNABLE_TO|PLT_KFK_USER/.test(codeOf(error))) return true;
  }
  return false;
}

function codeOf(caught: unknown): string {
  if (typeof caught !== 'object' || caught === null || !('code' in caught)) return '';
  return typeof caught.code === 'string' ? caught.code : '';
}

/** The message with those of its causes. */
function innermostText(caught: unknown): string {
  if (!(caught instanceof Error)) return String(caught);
  return caught.cause === undefined ? caught.message : `${caught.message} ${innermostText(caught.cause)}`;
}
