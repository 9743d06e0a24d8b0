import { ElanusError, type ErrorKind } from '../../core/domain/errors.ts';

const REFUSED = 'the token is missing, wrong, or not allowed to do this';

/** Results of the native client, and what the WebSocket service says, by what they mean here. */
const MEANINGS: readonly (readonly [pattern: RegExp, kind: ErrorKind, advice?: string])[] = [
  [/TopicTerminated/, 'Fenced'],
  [/MessageTooBig|InvalidMessageException|Text message too large/, 'TooLarge', 'lower messageBytesMax'],
  [/TopicNotFound/, 'NotFound'],
  [/Authentication|Authorization/, 'Unavailable', REFUSED],
];

/** Of HTTP: the same request may succeed later. 412: another broker owns the topic now. */
const TRANSIENT_STATUSES: readonly number[] = [408, 412, 429, 500, 502, 503, 504];

/** The only place where what clients and brokers say becomes ours; `doing` goes into the message. */
export function pulsarError(caught: unknown, doing: string): ElanusError {
  if (caught instanceof ElanusError) return caught;
  const text = textOf(caught);
  const [, kind = 'Unavailable', advice] = MEANINGS.find(([pattern]) => pattern.test(text)) ?? [];
  const more = advice === undefined ? '' : ` (${advice})`;
  return new ElanusError(kind, `${doing} failed: ${text}${more}`, { cause: caught });
}

/** Of an HTTP answer that is no success. */
export function statusError(status: number, body: string, doing: string): ElanusError {
  const text = status === 401 || status === 403 ? REFUSED : reasonOf(body);
  return new ElanusError(
    status === 404 ? 'NotFound' : 'Unavailable',
    `${doing} failed: HTTP ${status} ${text}`,
    { context: { status } },
  );
}

export function isTransientStatus(status: number): boolean {
  return TRANSIENT_STATUSES.includes(status);
}

/** Wrong certificates do not mend by trying again. */
export function isRefusedForGood(caught: unknown): boolean {
  const code = String((caught as { code?: unknown } | undefined)?.code);
  return /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_|HOSTNAME_MISMATCH)/.test(code);
}

export function isKind(caught: unknown, kind: ErrorKind): boolean {
  return caught instanceof ElanusError && caught.kind === kind;
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

/** An append that may have happened. */
export function unknownOutcome(channel: string, cause: unknown): ElanusError {
  return new ElanusError('Unknown', `an append to channel ${channel} may have happened: ${textOf(cause)}`, {
    subject: 'channel',
    context: { channel },
    cause,
  });
}

/** `offset` is the number of the message in the topic, from 0. */
export function corrupt(topic: string, offset: number, reason: string): ElanusError {
  return new ElanusError('Corrupt', `topic ${topic} is damaged at message ${offset}: ${reason}`, {
    context: { file: topic, offset, reason },
  });
}

function textOf(caught: unknown): string {
  if (!(caught instanceof Error)) return String(caught);
  // An attempt at several addresses fails with an error that has no text of its own.
  const parts = caught instanceof AggregateError ? caught.errors.map(textOf) : [caught.message];
  return parts.filter((part) => part !== '').join(', ') || caught.name;
}

/** What a broker gives as its reason, without the stack. */
function reasonOf(body: string): string {
  if (!body.startsWith('{')) return '';
  const reason = String((JSON.parse(body) as { reason?: unknown }).reason ?? '');
  return /Message: (.*)/.exec(reason)?.[1] ?? reason.trim().split('\n')[0]!;
}
