import type { Column, ColumnBatch } from '../domain/columns.ts';
import { ElanusError } from '../domain/errors.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import {
  decodeBatch,
  decodeColumn,
  encodeBatch,
  encodeColumn,
  encodedBatchBytes,
  encodedColumnBytes,
} from '../segment/batchCodec.ts';

/** What a WAL record says. One record is one atomic change of one shard. */
export type WalRecord = WriteRecord | FlushRecord | TruncateRecord;

interface RecordHead {
  readonly collectionId: number;
  readonly shard: number;
  readonly timestamp: Timestamp;
}

/** Deletes first, then inserts. */
export interface WriteRecord extends RecordHead {
  readonly type: 'write';
  readonly deleteKeys: Column | undefined;
  readonly deletePartitionIds: readonly number[] | undefined;
  readonly inserts: readonly InsertSection[];
}

export interface InsertSection {
  readonly partitionId: number;
  readonly segmentId: number;
  readonly batch: ColumnBatch;
}

/** Seals the segments. */
export interface FlushRecord extends RecordHead {
  readonly type: 'flush';
  readonly segmentIds: readonly number[];
}

/** Hides every row up to the timestamp. */
export interface TruncateRecord extends RecordHead {
  readonly type: 'truncate';
}

/**
 * record = u8 version (2), u8 type, u16 shard, u32 count, f64 collectionId, u64 timestamp, u64 cluster tag, body;
 *          little-endian, 8-aligned. Version 1 has no cluster tag.
 * write body = u32 deletes (0 or 1), u32 delete partitions (2^32 - 1 = all), f64 partitionId*, [column],
 *              (f64 partitionId, f64 segmentId, batch) × count
 * flush body = f64 segmentId × count
 */
const VERSION = 2;
const TYPE = { write: 1, flush: 2, truncate: 3 } as const;
const HEADER_BYTES = 32;
const HEADER_BYTES_OF_1 = 24;
const ALL_PARTITIONS = 0xffffffff;

/** `tag` is that of the cluster. `take` gives memory of any content, at the start of a buffer. */
export function encodeRecord(
  record: WalRecord,
  tag: bigint,
  take: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
): Uint8Array {
  const bytes = take(recordBytes(record));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, TYPE[record.type]);
  view.setUint16(2, record.shard, true);
  view.setUint32(4, 0, true);
  view.setFloat64(8, record.collectionId, true);
  view.setBigUint64(16, record.timestamp, true);
  view.setBigUint64(24, tag, true);
  if (record.type === 'flush') {
    view.setUint32(4, record.segmentIds.length, true);
    record.segmentIds.forEach((id, i) => {
      view.setFloat64(HEADER_BYTES + i * 8, id, true);
    });
  } else if (record.type === 'write') {
    view.setUint32(4, record.inserts.length, true);
    encodeWriteBody(record, bytes, view);
  }
  return bytes;
}

function recordBytes(record: WalRecord): number {
  if (record.type === 'flush') return HEADER_BYTES + record.segmentIds.length * 8;
  if (record.type === 'truncate') return HEADER_BYTES;
  let bytes = HEADER_BYTES + 8 + (record.deletePartitionIds?.length ?? 0) * 8;
  if (record.deleteKeys !== undefined) bytes += encodedColumnBytes(record.deleteKeys);
  for (const { batch } of record.inserts) bytes += 16 + encodedBatchBytes(batch);
  return bytes;
}

function encodeWriteBody(record: WriteRecord, bytes: Uint8Array, view: DataView): void {
  let at = HEADER_BYTES;
  view.setUint32(at, record.deleteKeys === undefined ? 0 : 1, true);
  view.setUint32(at + 4, record.deletePartitionIds?.length ?? ALL_PARTITIONS, true);
  at += 8;
  for (const partitionId of record.deletePartitionIds ?? []) {
    view.setFloat64(at, partitionId, true);
    at += 8;
  }
  if (record.deleteKeys !== undefined)
    at = encodeColumn({ fieldId: 0, column: record.deleteKeys }, bytes, at);
  for (const insert of record.inserts) {
    view.setFloat64(at, insert.partitionId, true);
    view.setFloat64(at + 8, insert.segmentId, true);
    at = encodeBatch(insert.batch, bytes, at + 16);
  }
}

/** What the records of a cluster bear: the first 64 bits of its id. */
export function clusterTag(clusterId: string): bigint {
  return BigInt(`0x${clusterId.replaceAll('-', '').slice(0, 16)}`);
}

/** Undefined for a record of a version without tags, or one that is damaged. */
export function tagOf(record: Uint8Array): bigint | undefined {
  if (record[0] !== VERSION || record.length < HEADER_BYTES) return undefined;
  return new DataView(record.buffer, record.byteOffset).getBigUint64(24, true);
}

/** Reads a record. Columns are views on `bytes`, or on a copy when `bytes` is not 8-byte aligned. Error: Corrupt. */
export function decodeRecord(bytes: Uint8Array): WalRecord {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  try {
    return decodeAligned(aligned);
  } catch (caught) {
    if (caught instanceof ElanusError) throw caught;
    throw new ElanusError('Corrupt', 'a log record cannot be read', { cause: caught });
  }
}

function decodeAligned(bytes: Uint8Array): WalRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(0);
  if (version < 1 || version > VERSION)
    throw new ElanusError('Corrupt', 'a log record of another version', { context: { version } });
  const start = version === 1 ? HEADER_BYTES_OF_1 : HEADER_BYTES;
  const type = view.getUint8(1);
  const count = view.getUint32(4, true);
  const head = {
    shard: view.getUint16(2, true),
    collectionId: view.getFloat64(8, true),
    timestamp: view.getBigUint64(16, true),
  };
  if (type === TYPE.write) return { type: 'write', ...head, ...decodeWriteBody(bytes, view, start, count) };
  if (type === TYPE.truncate) return { type: 'truncate', ...head };
  if (type !== TYPE.flush)
    throw new ElanusError('Corrupt', 'a log record of an unknown type', { context: { type } });
  if (start + count * 8 > bytes.length)
    throw new ElanusError('Corrupt', 'a log record ends too early', { context: { count } });
  const segmentIds = Array.from({ length: count }, (_, i) => view.getFloat64(start + i * 8, true));
  return { type: 'flush', ...head, segmentIds };
}

function decodeWriteBody(bytes: Uint8Array, view: DataView, start: number, count: number) {
  let at = start;
  const hasKeys = view.getUint32(at, true) === 1;
  const partitions = view.getUint32(at + 4, true);
  at += 8;
  let deletePartitionIds: number[] | undefined;
  if (partitions !== ALL_PARTITIONS) {
    deletePartitionIds = [];
    for (let i = 0; i < partitions; i++, at += 8) deletePartitionIds.push(view.getFloat64(at, true));
  }
  let deleteKeys: Column | undefined;
  if (hasKeys) {
    const decoded = decodeColumn(bytes, at);
    deleteKeys = decoded.entry.column;
    at = decoded.end;
  }
  const inserts: InsertSection[] = [];
  for (let i = 0; i < count; i++) {
    const partitionId = view.getFloat64(at, true);
    const segmentId = view.getFloat64(at + 8, true);
    const decoded = decodeBatch(bytes, at + 16);
    inserts.push({ partitionId, segmentId, batch: decoded.batch });
    at = decoded.end;
  }
  return { deleteKeys, deletePartitionIds, inserts };
}
