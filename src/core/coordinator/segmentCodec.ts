import type { ColumnFile, ObjectFile, SegmentInfo } from '../domain/catalog.ts';

/** Sealed segments as compact JSON: files are tuples, a bigint is decimal text. Version 1. */
const VERSION = 1;

type StoredBatch = readonly [
  rows: number,
  offset: number,
  bytes: number,
  crc32: number,
  buffers: readonly number[],
];
type StoredColumnFile = readonly [
  key: string,
  bytes: number,
  fieldIds: readonly number[],
  batches: readonly StoredBatch[],
];
type StoredObject = readonly [key: string, bytes: number, crc32: number];

interface StoredSegment {
  v: number;
  id: number;
  c: number;
  p: number;
  ch: string;
  rows: number;
  sv: number;
  min: string;
  max: string;
  to: string;
  mto: string;
  marked: number;
  hz: string;
  sc: StoredColumnFile;
  vec: readonly StoredColumnFile[];
  marks: StoredObject | null;
  idx: readonly (readonly [indexId: number, file: StoredObject])[];
}

export function storedSegment(info: SegmentInfo): unknown {
  const stored: StoredSegment = {
    v: VERSION,
    id: info.segmentId,
    c: info.collectionId,
    p: info.partitionId,
    ch: info.vchannel,
    rows: info.rows,
    sv: info.schemaVersion,
    min: String(info.minTs),
    max: String(info.maxTs),
    to: info.toPosition,
    mto: info.marksPosition,
    marked: info.markedRows,
    hz: String(info.horizonTs),
    sc: storedColumnFile(info.scalars),
    vec: info.vectors.map(storedColumnFile),
    marks: info.marks === undefined ? null : storedObject(info.marks),
    idx: info.indexes.map((file) => [file.indexId, storedObject(file)] as const),
  };
  return stored;
}

export function segmentOf(value: unknown): SegmentInfo {
  const stored = value as StoredSegment;
  return {
    segmentId: stored.id,
    collectionId: stored.c,
    partitionId: stored.p,
    vchannel: stored.ch,
    rows: stored.rows,
    schemaVersion: stored.sv,
    minTs: BigInt(stored.min),
    maxTs: BigInt(stored.max),
    toPosition: stored.to,
    marksPosition: stored.mto,
    markedRows: stored.marked,
    horizonTs: BigInt(stored.hz),
    scalars: columnFileOf(stored.sc),
    vectors: stored.vec.map(columnFileOf),
    marks: stored.marks === null ? undefined : objectOf(stored.marks),
    indexes: stored.idx.map(([indexId, file]) => ({ indexId, ...objectOf(file) })),
  };
}

function storedColumnFile(file: ColumnFile): StoredColumnFile {
  const batches = file.batches.map(
    (batch): StoredBatch => [batch.rows, batch.offset, batch.bytes, batch.crc32, batch.buffers],
  );
  return [file.key, file.bytes, file.fieldIds, batches];
}

function columnFileOf([key, bytes, fieldIds, batches]: StoredColumnFile): ColumnFile {
  return {
    key,
    bytes,
    fieldIds,
    batches: batches.map(([rows, offset, length, crc32, buffers]) => ({
      rows,
      offset,
      bytes: length,
      crc32,
      buffers,
    })),
  };
}

function storedObject(file: ObjectFile): StoredObject {
  return [file.key, file.bytes, file.crc32];
}

function objectOf([key, bytes, crc32]: StoredObject): ObjectFile {
  return { key, bytes, crc32 };
}
