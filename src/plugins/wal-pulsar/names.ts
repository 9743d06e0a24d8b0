import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { WalPosition } from '../../core/ports/wal.ts';

/**
 * Names and positions.
 *   <prefix><channel>-index                          the topic that says which topics the channel consists of
 *   <prefix><channel>-t<term>-<index>-<writer>       a topic of records; `writer` is drawn by each writer, so that nobody
 *                                                    else ever makes a topic of that name
 * Position: term u64, index of the topic in the term u32, message in the topic u32, record in the message u32, all big endian
 * (so memcmp gives the order), 20 bytes. Messages count from 0 by the writer's number, not by Pulsar's id: the client sends a
 * message again after a lost answer, and which copy has been acknowledged is unknown. Of a record in pieces it is the first's.
 */
const POSITION_BYTES = 20;

const CHANNEL_PATTERN = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;
const WRITER_PATTERN = /^[0-9a-f]{16}$/;
const TOPIC_TAIL_PATTERN = /^-t(\d+)-(\d+)-([0-9a-f]{16})$/;

export interface Place {
  readonly term: number;
  readonly index: number;
  readonly message: number;
  readonly record: number;
}

/** A topic of records. */
export interface TopicKey {
  readonly term: number;
  readonly index: number;
  /** 16 hex digits. */
  readonly writer: string;
}

export function checkChannelName(channel: string): void {
  if (!CHANNEL_PATTERN.test(channel)) {
    throw invalid(
      `channel name must be 1 to 200 of [A-Za-z0-9._-] and not begin with a dot, got '${channel}'`,
    );
  }
}

export function checkTerm(term: number): void {
  if (!Number.isSafeInteger(term) || term < 1) throw invalid(`term must be an integer from 1, got ${term}`);
}

export function isWriter(text: unknown): text is string {
  return typeof text === 'string' && WRITER_PATTERN.test(text);
}

export function indexName(stem: string): string {
  return `${stem}-index`;
}

export function topicName(stem: string, { term, index, writer }: TopicKey): string {
  return `${stem}-t${term}-${index}-${writer}`;
}

/** Undefined for a name of another channel or kind. */
export function parseTopicName(stem: string, name: string): TopicKey | undefined {
  const match = name.startsWith(stem) ? TOPIC_TAIL_PATTERN.exec(name.slice(stem.length)) : null;
  return match === null ? undefined : { term: Number(match[1]), index: Number(match[2]), writer: match[3]! };
}

export function encodePosition({ term, index, message, record }: Place): WalPosition {
  const bytes = new Uint8Array(POSITION_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(term));
  view.setUint32(8, index);
  view.setUint32(12, message);
  view.setUint32(16, record);
  return bytes;
}

export function decodePosition(position: WalPosition): Place {
  if (position.length !== POSITION_BYTES) {
    throw invalid(`a position of this log has ${POSITION_BYTES} bytes, got ${position.length}`);
  }
  const view = new DataView(position.buffer, position.byteOffset, POSITION_BYTES);
  return {
    term: Number(view.getBigUint64(0)),
    index: view.getUint32(8),
    message: view.getUint32(12),
    record: view.getUint32(16),
  };
}

export function placeText(place: Place): string {
  return Buffer.from(encodePosition(place)).toString('hex');
}

export function parsePlaceText(text: string): Place | undefined {
  return /^[0-9a-f]{40}$/.test(text) ? decodePosition(Buffer.from(text, 'hex')) : undefined;
}

export function comparePlaces(a: Place, b: Place): number {
  return compareTopics(a, b) || a.message - b.message || a.record - b.record;
}

export function compareTopics(
  a: { readonly term: number; readonly index: number },
  b: { readonly term: number; readonly index: number },
): number {
  return a.term - b.term || a.index - b.index;
}

export function truncatedError(channel: string, from: Place, first: Place | undefined): ElanusError {
  const text = placeText(from);
  return new ElanusError('Truncated', `position ${text} of channel ${channel} was truncated`, {
    subject: 'channel',
    context: { channel, from: text, first: first && placeText(first) },
  });
}
