import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { WalPosition } from '../../core/ports/wal.ts';

/**
 * Keys of a channel, below its folder `<prefix>/<channel>`; hexadecimal of fixed width, so that byte order is log order:
 *   <term:016x>/<seq:016x>.blk   the seq-th object of a term: a block of records, or a fence or skip (see header.ts)
 *   cut                          the truncation point
 * Position: term u64, seq u64, index of the record in its block u32, all big endian, 20 bytes.
 */
export const POSITION_BYTES = 20;

const CHANNEL_PATTERN = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;
const KEY_PATTERN = /^([0-9a-f]{16})\/([0-9a-f]{16})\.blk$/;
const TWO_32 = 0x1_0000_0000;

/** An object of the log. */
export interface Spot {
  readonly term: number;
  readonly seq: number;
}

/** A record of the log. */
export interface Place extends Spot {
  readonly index: number;
}

/** Where a log begins: term 0 has no writer, and its first object is the fence to the first real term. */
export const ROOT: Place = { term: 0, seq: 0, index: 0 };

export function checkChannelName(channel: string): void {
  if (CHANNEL_PATTERN.test(channel)) return;
  throw invalid(`channel name must be 1 to 200 of [A-Za-z0-9._-] and not begin with a dot, got '${channel}'`);
}

export function checkTerm(term: number): void {
  if (!Number.isSafeInteger(term) || term < 1) throw invalid(`term must be an integer from 1, got ${term}`);
}

export function hex16(value: number): string {
  return value.toString(16).padStart(16, '0');
}

export function objectKey(folder: string, { term, seq }: Spot): string {
  return `${folder}/${hex16(term)}/${hex16(seq)}.blk`;
}

/** Undefined for a key of another form. */
export function parseObjectKey(folder: string, key: string): Spot | undefined {
  const match = KEY_PATTERN.exec(key.slice(folder.length + 1));
  return match === null
    ? undefined
    : { term: Number.parseInt(match[1]!, 16), seq: Number.parseInt(match[2]!, 16) };
}

export function encodePosition({ term, seq, index }: Place): WalPosition {
  const bytes = new Uint8Array(POSITION_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(term / TWO_32));
  view.setUint32(4, term % TWO_32);
  view.setUint32(8, Math.floor(seq / TWO_32));
  view.setUint32(12, seq % TWO_32);
  view.setUint32(16, index);
  return bytes;
}

export function decodePosition(position: WalPosition): Place {
  if (position.length !== POSITION_BYTES) {
    throw invalid(`a position of this log has ${POSITION_BYTES} bytes, got ${position.length}`);
  }
  const view = new DataView(position.buffer, position.byteOffset, POSITION_BYTES);
  return {
    term: view.getUint32(0) * TWO_32 + view.getUint32(4),
    seq: view.getUint32(8) * TWO_32 + view.getUint32(12),
    index: view.getUint32(16),
  };
}

export function comparePlaces(a: Place, b: Place): number {
  return compareSpots(a, b) || a.index - b.index;
}

export function compareSpots(a: Spot, b: Spot): number {
  return a.term - b.term || a.seq - b.seq;
}

/** `from` lies below `first`, the first readable record. */
export function truncatedError(channel: string, from: Place, first: WalPosition | undefined): ElanusError {
  const text = hexOf(encodePosition(from));
  return new ElanusError('Truncated', `position ${text} of channel ${channel} was truncated`, {
    subject: 'channel',
    context: { channel, from: text, first: first && hexOf(first) },
  });
}

export function unknownPosition(channel: string, place: Place): ElanusError {
  const { term, seq, index } = place;
  return invalid(`the position names no record of channel ${channel}`, { term, seq, index });
}

function hexOf(position: WalPosition): string {
  return Buffer.from(position.buffer, position.byteOffset, position.length).toString('hex');
}
