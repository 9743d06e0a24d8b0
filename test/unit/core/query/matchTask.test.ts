import { beforeAll, expect, test } from 'vitest';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { FieldSchema } from '../../../../src/core/domain/schema.ts';
import { parseFilter } from '../../../../src/core/expr/parseFilter.ts';
import { matchTask } from '../../../../src/core/query/matchTask.ts';
import { bitsetBytes, setBit } from '../../../../src/core/segment/bitset.ts';
import { type SegmentBench, schemaOf, segmentBench } from '../../../harness/segments.ts';
import { columnOfValues, type RowValue } from '../../../model/columnValues.ts';
import { RandomRows } from '../segment/randomRows.ts';
import { field } from '../streaming/fields.ts';

let bench: SegmentBench;
beforeAll(async () => {
  bench = await segmentBench();
});

const A: FieldSchema = { ...field('a', DataType.Int16), fieldId: 101 };

function byteOrder(a: RowValue, b: RowValue): number {
  if (typeof a === 'bigint') return a < (b as bigint) ? -1 : a > (b as bigint) ? 1 : 0;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

/** Keys in no order, with prefixes of one another, signs and high bits. */
function keyAt(key: FieldSchema, random: RandomRows, unique: number): RowValue {
  if (key.dataType === DataType.Int64)
    return BigInt.asIntN(64, (BigInt(random.int(2 ** 32)) << BigInt(random.int(40))) ^ BigInt(unique)) - 500n;
  return `${['', 'a', 'ä', 'a\u0000', '\u{1f600}'][random.int(5)]}${'b'.repeat(random.int(3))}${unique}`;
}

test.each([DataType.Int64, DataType.VarChar])(
  'rows come in the order of their keys (type %i), whether few or all are wanted; counts count them',
  (dataType) => {
    const key: FieldSchema = {
      ...field('id', dataType, { isPrimaryKey: true, maxLength: 64 }),
      fieldId: 100,
    };
    for (let seed = 1; seed <= 30; seed++) {
      const random = new RandomRows(seed);
      const inOrder = random.int(4) === 0;
      const parts = Array.from({ length: 1 + random.int(3) }, (_, part) => {
        const rows = 1 + random.int(300);
        const keys = Array.from({ length: rows }, (_, i) => keyAt(key, random, part * 1_000 + i));
        if (inOrder) keys.sort(byteOrder);
        const values = Array.from({ length: rows }, () => random.int(10));
        const segment = bench.segment([key, A]);
        segment.append({
          rows,
          columns: [
            { fieldId: 100, column: columnOfValues(key, keys) },
            { fieldId: 101, column: columnOfValues(A, values) },
          ],
        });
        const hidden = new Uint8Array(bitsetBytes(rows));
        const gone = new Set(Array.from({ length: random.int(20) }, () => random.int(rows)));
        for (const row of gone) setBit(hidden, row);
        const limit = random.int(rows + 1);
        return {
          keys,
          values,
          segment,
          gone,
          limit,
          read: segment.read(limit, gone.size > 0 ? hidden : undefined).read,
        };
      });
      const text = random.int(2) === 0 ? undefined : 'a > 3';
      const expected = parts
        .flatMap(({ keys, values, gone, limit }, segment) =>
          keys
            .map((value, row) => ({ value, row, segment, a: values[row]! }))
            .filter(({ row, a }) => row < limit && !gone.has(row) && (text === undefined || a > 3)),
        )
        .sort((a, b) => byteOrder(a.value, b.value));
      const base = {
        segments: parts.map(({ read }) => read),
        filter: text === undefined ? undefined : parseFilter(text, schemaOf([key, A])),
        filterNumber: undefined,
        primaryKeyFieldId: 100,
        countOnly: false,
      };
      for (const limit of [undefined, 0, 1, 7, expected.length >> 1, expected.length, expected.length + 5]) {
        const result = matchTask(bench.compute.local, { ...base, limit });
        const wanted = expected.slice(0, limit);
        expect(result.count).toBe(wanted.length);
        expect([...result.segments]).toEqual(wanted.map(({ segment }) => segment));
        expect([...result.rows]).toEqual(wanted.map(({ row }) => row));
      }
      const counted = matchTask(bench.compute.local, { ...base, limit: undefined, countOnly: true });
      expect(counted.count).toBe(expected.length);
      for (const { segment } of parts) segment.dispose();
    }
  },
);
