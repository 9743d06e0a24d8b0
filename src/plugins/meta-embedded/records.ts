import type { MetaEntry } from '../../core/ports/metaStore.ts';

/**
 * Records of the LMDB file. A key is one byte of kind and UTF-8; LMDB sorts keys by memcmp.
 *   0x00 'format'    → FORMAT, ASCII
 *   0x00 'revision'  → u64 little-endian: revision of the store, written in every commit
 *   0x01 key         → u64 little-endian revision of the key, then its value
 *   0x02 key         → empty: the key belongs to a lease, and goes when the store opens again
 */
export const FORMAT = 'elanus-meta 1';
export const FORMAT_KEY = recordKey(0, 'format');
export const REVISION_KEY = recordKey(0, 'revision');
const ENTRY = 1;
const LEASED = 2;
const REVISION_BYTES = 8;

export function entryKey(key: string): Buffer {
  return recordKey(ENTRY, key);
}

export function leasedKey(key: string): Buffer {
  return recordKey(LEASED, key);
}

/** The key inside a record's key. */
export function keyOf(record: Uint8Array): string {
  return Buffer.from(record.buffer, record.byteOffset, record.length).toString('utf8', 1);
}

/** Bounds [start, end) of the entries with `prefix`, after `afterKey`. */
export function entryRange(
  prefix: string,
  afterKey: string | undefined,
): { start: Buffer; end: Buffer; exclusiveStart: boolean } {
  const start = entryKey(prefix);
  const end = Buffer.from(start);
  // No byte of UTF-8 is 0xff, so the last one can be counted up.
  end[end.length - 1]!++;
  const after = afterKey === undefined ? undefined : entryKey(afterKey);
  if (after === undefined || after.compare(start) < 0) return { start, end, exclusiveStart: false };
  return { start: after, end, exclusiveStart: true };
}

/** All keys that belong to leases. */
export const LEASED_RANGE = { start: Buffer.of(LEASED), end: Buffer.of(LEASED + 1) };

export function encodeEntry(revision: bigint, value: Uint8Array): Buffer {
  const record = Buffer.allocUnsafeSlow(REVISION_BYTES + value.length);
  record.writeBigUInt64LE(revision, 0);
  record.set(value, REVISION_BYTES);
  return record;
}

/** The value is a view of `record`. */
export function decodeEntry(key: string, record: Buffer): MetaEntry {
  return {
    key,
    value: new Uint8Array(record.buffer, record.byteOffset + REVISION_BYTES, record.length - REVISION_BYTES),
    revision: record.readBigUInt64LE(0),
  };
}

export function encodeRevision(revision: bigint): Buffer {
  return encodeEntry(revision, new Uint8Array(0));
}

export function decodeRevision(record: Buffer): bigint {
  return record.readBigUInt64LE(0);
}

function recordKey(kind: number, text: string): Buffer {
  const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(text, 'utf8'));
  bytes[0] = kind;
  bytes.write(text, 1, 'utf8');
  return bytes;
}
