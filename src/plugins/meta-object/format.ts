import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Crypto } from '../../core/ports/crypto.ts';
import type { MetaOperation } from '../../core/ports/metaStore.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { corrupt } from './errors.ts';
import type { Change, Row, StateImage } from './state.ts';

/**
 * Objects of the catalogue. Numbers are little-endian; a text is UTF-8, and it and bytes come behind their length (u32).
 *   head      'elanus-meta-log 1' or 'elanus-meta-snapshot 1' (text), CRC-32 of all behind it (u32)
 *   entry     seq (u64), put id (text), revision before it (u64), changes (u32), then each:
 *               1: operations (u32), then each: 1 key value | 2 key value lease | 3 key
 *               2: lease, ttl in ms (u32)
 *               3: lease that ends
 *   snapshot  seq (u64), revision (u64), leases (u32), then each: lease, ttl in ms (u32);
 *               rows (u32), then each: key, revision (u64), value, lease (empty = none)
 */
const LOG_FORMAT = 'elanus-meta-log 1';
const SNAPSHOT_FORMAT = 'elanus-meta-snapshot 1';
const TXN = 1;
const GRANT = 2;
const END = 3;
const PUT = 1;
const PUT_LEASED = 2;
const DELETE = 3;
/** Rows that are encoded at a stretch. */
const ROWS_A_TURN = 500;

export interface LogEntry {
  readonly seq: number;
  /** Tells whose put it was. */
  readonly putId: string;
  /** Of the store before the entry. */
  readonly baseRevision: bigint;
  readonly changes: readonly Change[];
}

export interface Snapshot extends StateImage {
  /** Of the last entry in it. */
  readonly seq: number;
}

export function encodeEntry({ seq, putId, baseRevision, changes }: LogEntry, crypto: Crypto): Uint8Array {
  const writer = new ByteWriter();
  writer.u64(BigInt(seq));
  writer.text(putId);
  writer.u64(baseRevision);
  writer.u32(changes.length);
  for (const change of changes) writeChange(writer, change);
  return withHead(LOG_FORMAT, writer, crypto);
}

/** Errors: Corrupt, naming `key`. */
export function decodeEntry(bytes: Uint8Array, key: string, crypto: Crypto): LogEntry {
  return decode(LOG_FORMAT, bytes, key, crypto, (reader) => ({
    seq: Number(reader.u64()),
    putId: reader.text(),
    baseRevision: reader.u64(),
    changes: repeat(reader.u32(), () => readChange(reader)),
  }));
}

/** In steps of a millisecond or so. */
export async function encodeSnapshot(
  { seq, revision, rows, leases }: Snapshot,
  crypto: Crypto,
): Promise<Uint8Array> {
  const writer = new ByteWriter();
  writer.u64(BigInt(seq));
  writer.u64(revision);
  writer.u32(leases.length);
  for (const [leaseId, ttlMs] of leases) {
    writer.text(leaseId);
    writer.u32(ttlMs);
  }
  writer.u32(rows.length);
  for (const [i, row] of rows.entries()) {
    if (i % ROWS_A_TURN === ROWS_A_TURN - 1) await nextTurn();
    writer.text(row.key);
    writer.u64(row.revision);
    writer.bytes(row.value);
    writer.text(row.leaseId ?? '');
  }
  return withHead(SNAPSHOT_FORMAT, writer, crypto);
}

/** Errors: Corrupt, naming `key`. */
export function decodeSnapshot(bytes: Uint8Array, key: string, crypto: Crypto): Snapshot {
  return decode(SNAPSHOT_FORMAT, bytes, key, crypto, (reader) => ({
    seq: Number(reader.u64()),
    revision: reader.u64(),
    leases: repeat(reader.u32(), () => [reader.text(), reader.u32()] as const),
    rows: repeat(
      reader.u32(),
      (): Row => ({
        key: reader.text(),
        revision: reader.u64(),
        value: reader.bytes(),
        leaseId: reader.text() || undefined,
      }),
    ),
  }));
}

function writeChange(writer: ByteWriter, change: Change): void {
  if (change.type === 'txn') {
    writer.u8(TXN);
    writer.u32(change.operations.length);
    for (const operation of change.operations) writeOperation(writer, operation);
  } else {
    writer.u8(change.type === 'grant' ? GRANT : END);
    writer.text(change.leaseId);
    if (change.type === 'grant') writer.u32(change.ttlMs);
  }
}

function readChange(reader: ByteReader): Change {
  const type = reader.u8();
  if (type === TXN) return { type: 'txn', operations: repeat(reader.u32(), () => readOperation(reader)) };
  if (type === GRANT) return { type: 'grant', leaseId: reader.text(), ttlMs: reader.u32() };
  if (type === END) return { type: 'end', leaseId: reader.text() };
  throw new RangeError(`unknown change ${type}`);
}

function writeOperation(writer: ByteWriter, operation: MetaOperation): void {
  const leaseId = operation.op === 'put' ? operation.leaseId : undefined;
  writer.u8(operation.op === 'delete' ? DELETE : leaseId === undefined ? PUT : PUT_LEASED);
  writer.text(operation.key);
  if (operation.op === 'put') writer.bytes(operation.value);
  if (leaseId !== undefined) writer.text(leaseId);
}

function readOperation(reader: ByteReader): MetaOperation {
  const op = reader.u8();
  const key = reader.text();
  if (op === DELETE) return { op: 'delete', key };
  const value = reader.bytes();
  if (op === PUT) return { op: 'put', key, value };
  if (op === PUT_LEASED) return { op: 'put', key, value, leaseId: reader.text() };
  throw new RangeError(`unknown operation ${op}`);
}

function withHead(format: string, writer: ByteWriter, crypto: Crypto): Uint8Array {
  const body = writer.written();
  const head = new ByteWriter();
  head.text(format);
  head.u32(crypto.crc32(body));
  return Buffer.concat([head.written(), body]);
}

function decode<Content>(
  format: string,
  bytes: Uint8Array,
  key: string,
  crypto: Crypto,
  read: (reader: ByteReader) => Content,
): Content {
  const reader = new ByteReader(bytes);
  try {
    const found = reader.text();
    if (found !== format)
      throw corrupt(key, `an object has the format ${JSON.stringify(found.slice(0, 64))}`);
    const crc = reader.u32();
    if (crypto.crc32(bytes.subarray(4 + format.length + 4)) !== crc)
      throw corrupt(key, 'an object is damaged');
    const content = read(reader);
    if (!reader.isAtEnd) throw new RangeError('ends late');
    return content;
  } catch (caught) {
    if (!(caught instanceof RangeError)) throw caught;
    throw corrupt(key, `an object cannot be read: ${caught.message}`);
  }
}

function repeat<Item>(count: number, read: () => Item): Item[] {
  const items: Item[] = [];
  for (let i = 0; i < count; i++) items.push(read());
  return items;
}
