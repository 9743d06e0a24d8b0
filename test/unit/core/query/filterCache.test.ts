import { beforeAll, expect, test } from 'vitest';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { FieldSchema } from '../../../../src/core/domain/schema.ts';
import { parseFilter } from '../../../../src/core/expr/parseFilter.ts';
import { numberOf, recall, remember } from '../../../../src/core/query/filterCache.ts';
import { matchTask } from '../../../../src/core/query/matchTask.ts';
import { readerOf } from '../../../../src/core/query/segmentAccess.ts';
import { bitsetBytes, setBit } from '../../../../src/core/segment/bitset.ts';
import { type SegmentBench, schemaOf, segmentBench } from '../../../harness/segments.ts';
import { columnOfValues } from '../../../model/columnValues.ts';
import { RandomRows } from '../segment/randomRows.ts';
import { field } from '../streaming/fields.ts';

const BATCH_ROWS = 3_000;
const KEY: FieldSchema = { ...field('id', DataType.Int64, { isPrimaryKey: true }), fieldId: 100 };
const A: FieldSchema = { ...field('a', DataType.Int16), fieldId: 101 };

let bench: SegmentBench;
beforeAll(async () => {
  bench = await segmentBench();
});

const planAbove = (bound: number) => parseFilter(`a > ${bound}`, schemaOf([KEY, A]));

test('a plan gets its number with the second use, and no other has it', () => {
  const [one, other] = [planAbove(1), planAbove(1)];
  expect([numberOf(one), numberOf(other), numberOf(undefined)]).toEqual([undefined, undefined, undefined]);
  const numbers = [numberOf(one), numberOf(other)];
  expect(new Set(numbers).size).toBe(2);
  expect([numberOf(one), numberOf(other)]).toEqual(numbers);
});

test('filters that come again and again, over segments that grow and lose rows → always the rows that pass', () => {
  const random = new RandomRows(7);
  const plans = Array.from({ length: 7 }, (_, bound) => planAbove(bound));
  const parts = [0, 1].map(() => ({ segment: bench.segment([KEY, A]), values: [] as number[] }));
  for (let round = 0; round < 200; round++) {
    const part = parts[random.int(2)]!;
    if (round < 2 || (random.int(20) === 0 && part.values.length < 5 * BATCH_ROWS)) {
      const values = Array.from({ length: BATCH_ROWS }, () => random.int(10));
      const keys = values.map((_, i) => BigInt(part.values.length + i));
      const columns = [
        { fieldId: 100, column: columnOfValues(KEY, keys) },
        { fieldId: 101, column: columnOfValues(A, values) },
      ];
      part.segment.append({ rows: BATCH_ROWS, columns });
      part.values.push(...values);
    }
    const bound = random.int(plans.length);
    const reads = parts.map(({ segment, values }) => {
      const rows = random.int(3) === 0 ? random.int(values.length + 1) : values.length;
      const hidden = new Uint8Array(bitsetBytes(values.length));
      const gone = new Set(Array.from({ length: random.int(3) }, () => random.int(values.length + 1)));
      for (const row of gone) if (row < values.length) setBit(hidden, row);
      const passing = values.filter((value, row) => row < rows && !gone.has(row) && value > bound).length;
      return { passing, read: segment.read(rows, gone.size > 0 ? hidden : undefined).read };
    });
    const { count } = matchTask(bench.compute.local, {
      segments: reads.map(({ read }) => read),
      filter: plans[bound],
      filterNumber: numberOf(plans[bound]),
      primaryKeyFieldId: 100,
      limit: undefined,
      countOnly: true,
    });
    expect(count, `round ${round}`).toBe(reads.reduce((sum, { passing }) => sum + passing, 0));
  }
  for (const { segment } of parts) segment.dispose();
});

test('the last results of a segment are known, for the same filter and rows', () => {
  const segment = bench.segment([KEY, A]);
  const reader = readerOf(bench.compute.local, segment.read(0, undefined).read.layoutKey);
  const rows = 8_000;
  const result = (number: number) => new Uint8Array(bitsetBytes(rows)).fill(number);
  const into = result(99);
  for (let number = 1; number <= 5; number++) remember(reader, number, rows, result(number));
  expect(recall(reader, 5, rows, into)).toBe(true);
  expect(into).toEqual(result(5));
  expect([recall(reader, 1, rows, into), recall(reader, 5, rows - 1, into)]).toEqual([false, false]);
  expect(into).toEqual(result(5));
  remember(reader, 2, 10, new Uint8Array(2));
  expect(recall(reader, 2, rows, into)).toBe(true);
  segment.dispose();
});
