import { describe, expect, test } from 'vitest';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import {
  decodeBatch,
  decodeColumn,
  encodeBatch,
  encodeColumn,
  encodedBatchBytes,
  encodedColumnBytes,
} from '../../../../src/core/segment/batchCodec.ts';
import {
  clusterTag,
  decodeRecord,
  encodeRecord,
  tagOf,
  type WalRecord,
} from '../../../../src/core/streaming/record.ts';
import { valuesOf } from '../../../model/columnValues.ts';
import { everyField, RandomRows, rowsOfBatches } from './randomRows.ts';

describe('columns as bytes', () => {
  test.each([0, 1, 7, 8, 9, 100])('every kind of column comes back, %i rows', (rows) => {
    const fields = everyField();
    const batch = new RandomRows(rows + 1).batch(fields, rows);
    const bytes = new Uint8Array(16 + encodedBatchBytes(batch));
    expect(encodeBatch(batch, bytes, 16)).toBe(bytes.length);
    const decoded = decodeBatch(bytes, 16);
    expect(decoded.end).toBe(bytes.length);
    expect(rowsOfBatches(fields, [decoded.batch])).toEqual(rowsOfBatches(fields, [batch]));
  });

  test('columns longer than their rows, and vectors with padding, are stored without it', () => {
    const long = new RandomRows(3).batch(everyField(), 40);
    for (const { fieldId, column } of long.columns) {
      const padded =
        column.kind === 'vector'
          ? {
              ...column,
              stride: 8,
              values: Float32Array.from({ length: 40 * 8 }, (_, i) => column.values[(i >> 3) * 5 + (i & 7)]!),
            }
          : column;
      const short = { ...padded, rows: 11 };
      const bytes = new Uint8Array(encodedColumnBytes(short));
      expect(encodeColumn({ fieldId, column: short }, bytes, 0)).toBe(bytes.length);
      const { entry } = decodeColumn(bytes, 0);
      expect(entry.fieldId).toBe(fieldId);
      expect(valuesOf(entry.column)).toEqual(valuesOf({ ...column, rows: 11 }));
    }
  });
});

const RANDOM = new RandomRows(11);
const FIELDS = everyField();
const HEAD = { collectionId: 2 ** 40 + 1, shard: 3, timestamp: 2n ** 60n + 5n };
const RECORDS: readonly WalRecord[] = [
  {
    type: 'write',
    ...HEAD,
    deleteKeys: RANDOM.column(FIELDS[0]!, 5),
    deletePartitionIds: [7, 2 ** 41],
    inserts: [
      { partitionId: 7, segmentId: 2 ** 42, batch: RANDOM.batch(FIELDS, 9) },
      { partitionId: 8, segmentId: 9, batch: RANDOM.batch(FIELDS.slice(0, 3), 1) },
    ],
  },
  { type: 'write', ...HEAD, deleteKeys: undefined, deletePartitionIds: undefined, inserts: [] },
  { type: 'flush', ...HEAD, segmentIds: [1, 2 ** 43] },
  { type: 'truncate', ...HEAD },
];

function plain(record: WalRecord): unknown {
  if (record.type !== 'write') return record;
  return {
    ...record,
    deleteKeys: record.deleteKeys && valuesOf(record.deleteKeys),
    inserts: record.inserts.map(({ batch, ...ids }) => ({
      ...ids,
      rows: batch.rows,
      values: batch.columns.map(({ fieldId, column }) => [fieldId, valuesOf(column)]),
    })),
  };
}

const TAG = clusterTag('01234567-89ab-cdef-0123-456789abcdef');

describe('log records', () => {
  test.each(RECORDS)('$type comes back, from any place in memory', (record) => {
    const bytes = encodeRecord(record, TAG);
    expect(tagOf(bytes)).toBe(TAG);
    expect(plain(decodeRecord(bytes))).toEqual(plain(record));
    const used = (length: number) => new Uint8Array(new ArrayBuffer(length + 9), 0, length).fill(0xa5);
    expect(encodeRecord(record, TAG, used)).toEqual(bytes);
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    expect(plain(decodeRecord(shifted))).toEqual(plain(record));
    // A driver may give a Buffer, whose slice is a view.
    const buffer = Buffer.from(shifted.buffer, shifted.byteOffset, shifted.length);
    expect(plain(decodeRecord(buffer))).toEqual(plain(record));
  });

  test.each(RECORDS)('damaged bytes of $type are read as something or are Corrupt', (record) => {
    const bytes = encodeRecord(record, TAG);
    const random = new RandomRows(5);
    const attempt = (damaged: Uint8Array): void => {
      try {
        plain(decodeRecord(damaged));
      } catch (error) {
        // Text may be no UTF-8 any more: that is for the reader of values to find.
        if (error instanceof TypeError && error.message.includes('encoded data')) return;
        expect(error).toBeInstanceOf(ElanusError);
        expect((error as ElanusError).kind).toBe('Corrupt');
      }
    };
    for (let length = 0; length < Math.min(bytes.length, 600); length++) attempt(bytes.slice(0, length));
    for (let round = 0; round < 3_000; round++) {
      const damaged = bytes.slice();
      for (let i = 0; i <= random.int(3); i++) {
        const at = random.int(damaged.length);
        damaged[at] = random.int(3) === 0 ? 0xff : damaged[at]! ^ (1 << random.int(8));
      }
      attempt(damaged);
    }
  });
});
