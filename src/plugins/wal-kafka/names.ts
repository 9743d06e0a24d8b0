import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { WalPosition } from '../../core/ports/wal.ts';

/**
 * Position: term u64, offset in the topic u64, both big endian (so memcmp gives the order), 16 bytes. The offset is that
 * of the record, or of its last piece.
 */
const POSITION_BYTES = 16;

const CHANNEL_PATTERN = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;

export interface Place {
  readonly term: number;
  readonly offset: number;
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

export function encodePosition({ term, offset }: Place): WalPosition {
  const bytes = new Uint8Array(POSITION_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(term));
  view.setBigUint64(8, BigInt(offset));
  return bytes;
}

export function decodePosition(position: WalPosition): Place {
  if (position.length !== POSITION_BYTES) {
    throw invalid(`a position of this log has ${POSITION_BYTES} bytes, got ${position.length}`);
  }
  const view = new DataView(position.buffer, position.byteOffset, POSITION_BYTES);
  return { term: Number(view.getBigUint64(0)), offset: Number(view.getBigUint64(8)) };
}

function positionText(place: Place): string {
  return Buffer.from(encodePosition(place)).toString('hex');
}

export function truncatedError(topic: string, from: Place, first: Place | undefined): ElanusError {
  return new ElanusError('Truncated', `position ${positionText(from)} of topic ${topic} was truncated`, {
    subject: 'channel',
    context: { topic, from: positionText(from), first: first && positionText(first) },
  });
}
