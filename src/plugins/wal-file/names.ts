import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { WalPosition } from '../../core/ports/wal.ts';

/**
 * Names and positions. The listing of a channel's directory is its manifest:
 *   <term:016x>.claim              a take-over that has begun: lower terms are fenced from here on
 *   <term:016x>.<index:08x>.log    a file of records; the first one of a term (index 0) appears when its take-over is
 *                                  done, or empty when a higher one broke it off
 *   <position:032x>.cut            records up to and including this position were given up; the highest counts
 * Creating a name is atomic and the highest counts, so several processes need no lock and a crash leaves no half state.
 * Position: term u64, file index u32, offset of the frame u32, all big endian (so memcmp gives the order), 16 bytes.
 */
export const POSITION_BYTES = 16;

const CHANNEL_PATTERN = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;
const LOG_PATTERN = /^([0-9a-f]{16})\.([0-9a-f]{8})\.log$/;
const CLAIM_PATTERN = /^([0-9a-f]{16})\.claim$/;
const CUT_PATTERN = /^([0-9a-f]{32})\.cut$/;
const TWO_32 = 0x1_0000_0000;

export interface Place {
  readonly term: number;
  readonly index: number;
  readonly offset: number;
}

export interface Listing {
  /** File indices by term, ascending. */
  readonly terms: ReadonlyMap<number, readonly number[]>;
  /** Terms with a claim, in any order. */
  readonly claims: readonly number[];
  /** Highest term with a file or a claim, 0 when there is none. */
  readonly highestTerm: number;
  readonly cut: Place | undefined;
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

export function logName(term: number, index: number): string {
  return `${term.toString(16).padStart(16, '0')}.${index.toString(16).padStart(8, '0')}.log`;
}

export function claimName(term: number): string {
  return `${term.toString(16).padStart(16, '0')}.claim`;
}

export function cutName(place: Place): string {
  return `${positionText(encodePosition(place.term, place.index, place.offset))}.cut`;
}

export function encodePosition(term: number, index: number, offset: number): WalPosition {
  const bytes = new Uint8Array(POSITION_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(term / TWO_32));
  view.setUint32(4, term % TWO_32);
  view.setUint32(8, index);
  view.setUint32(12, offset);
  return bytes;
}

export function decodePosition(position: WalPosition): Place {
  if (position.length !== POSITION_BYTES) {
    throw invalid(`a position of this log has ${POSITION_BYTES} bytes, got ${position.length}`);
  }
  const view = new DataView(position.buffer, position.byteOffset, POSITION_BYTES);
  const term = view.getUint32(0) * TWO_32 + view.getUint32(4);
  return { term, index: view.getUint32(8), offset: view.getUint32(12) };
}

export function positionText(position: WalPosition): string {
  return Buffer.from(position.buffer, position.byteOffset, position.length).toString('hex');
}

export function comparePlaces(a: Place, b: Place): number {
  return a.term - b.term || a.index - b.index || a.offset - b.offset;
}

/** Sorts out the names of a channel's directory; names of no known form are ignored. */
export function parseListing(names: readonly string[]): Listing {
  const terms = new Map<number, number[]>();
  const claims: number[] = [];
  let cut: Place | undefined;
  for (const name of names) {
    const log = LOG_PATTERN.exec(name);
    if (log !== null) {
      const term = Number.parseInt(log[1]!, 16);
      const indices = terms.get(term);
      if (indices === undefined) terms.set(term, [Number.parseInt(log[2]!, 16)]);
      else indices.push(Number.parseInt(log[2]!, 16));
      continue;
    }
    const claim = CLAIM_PATTERN.exec(name);
    if (claim !== null) claims.push(Number.parseInt(claim[1]!, 16));
    const place = cutOfName(name);
    if (place !== undefined && (cut === undefined || comparePlaces(place, cut) > 0)) cut = place;
  }
  for (const indices of terms.values()) indices.sort((a, b) => a - b);
  return { terms, claims, highestTerm: highestTermOf(names), cut };
}

/** The highest term in a listing: the check before and after every batch, so it makes nothing but numbers. */
export function highestTermOf(names: readonly string[]): number {
  let highest = '';
  for (const name of names) {
    if (name > highest && name[16] === '.' && (name.endsWith('.log') || name.endsWith('.claim')))
      highest = name;
  }
  return highest === '' ? 0 : Number.parseInt(highest.slice(0, 16), 16);
}

export function cutOfName(name: string): Place | undefined {
  const match = CUT_PATTERN.exec(name);
  return match === null ? undefined : decodePosition(Buffer.from(match[1]!, 'hex'));
}

export function truncatedError(channel: string, from: Place, first: WalPosition | undefined): ElanusError {
  const text = positionText(encodePosition(from.term, from.index, from.offset));
  const firstText = first === undefined ? undefined : positionText(first);
  return new ElanusError('Truncated', `position ${text} of channel ${channel} was truncated`, {
    subject: 'channel',
    context: { channel, from: text, first: firstText },
  });
}
