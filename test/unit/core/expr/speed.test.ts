import { expect, it } from 'vitest';
import type { Column } from '../../../../src/core/domain/columns.ts';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { evaluateFilter } from '../../../../src/core/expr/evaluate.ts';
import { parseFilter } from '../../../../src/core/expr/parseFilter.ts';
import { Dice } from './dice.ts';
import { schemaOf } from './table.ts';

const ROWS = 1_000_000;
const schema = schemaOf([
  { name: 'a', dataType: DataType.Int64 },
  { name: 'i', dataType: DataType.Int32 },
  { name: 'f', dataType: DataType.Float },
  { name: 's', dataType: DataType.VarChar },
  { name: 'j', dataType: DataType.JSON },
]);

function fixed(dataType: DataType, values: BigInt64Array | Int32Array | Float32Array): Column {
  return { kind: 'fixed', dataType, rows: ROWS, values, validity: undefined };
}

function texts(dataType: DataType, make: (row: number) => string): Column {
  const offsets = new Uint32Array(ROWS + 1);
  const parts: string[] = [];
  for (let row = 0; row < ROWS; row++) {
    const text = make(row);
    parts.push(text);
    offsets[row + 1] = offsets[row]! + text.length;
  }
  return {
    kind: 'bytes',
    dataType,
    rows: ROWS,
    offsets,
    bytes: Buffer.from(parts.join('')),
    validity: undefined,
  };
}

function ones(bits: Uint8Array): number {
  let count = 0;
  for (const byte of bits) for (let k = 0; k < 8; k++) count += (byte >> k) & 1;
  return count;
}

it('evaluates a million rows', () => {
  const dice = new Dice(1);
  const values = Int32Array.from({ length: ROWS }, () => dice.below(1_000));
  const columns = [
    fixed(DataType.Int64, BigInt64Array.from(values, BigInt)),
    fixed(DataType.Int32, values),
    fixed(DataType.Float, Float32Array.from(values)),
    texts(DataType.VarChar, (row) => `x${values[row]}`),
    texts(DataType.JSON, (row) => `{"id": "row ${row}", "tags": ["a", "b"], "k": ${values[row]}}`),
  ];
  const source = { column: (fieldId: number): Column => columns[fieldId - 100]! };
  const out = new Uint8Array(ROWS / 8);
  const count = (matches: (value: number) => boolean): number =>
    values.reduce((sum, value) => sum + (matches(value) ? 1 : 0), 0);
  const hundred = Array.from({ length: 100 }, (_, i) => i * 10);
  const inHundred = (value: number): boolean => value % 10 === 0;
  const cases: readonly (readonly [string, number])[] = [
    ['a > 5 and a < 100', count((value) => value > 5 && value < 100)],
    ['i > 5 and i < 100', count((value) => value > 5 && value < 100)],
    ['f > 5.5', count((value) => value > 5.5)],
    ['a + 1 == 3', count((value) => value === 2)],
    ['a == i', ROWS],
    ['s like "x1%"', count((value) => String(value).startsWith('1'))],
    ['s like "%9"', count((value) => value % 10 === 9)],
    ['s == "x77"', count((value) => value === 77)],
    [`s in [${hundred.map((value) => `"x${value}"`)}]`, count(inHundred)],
    [`a in [${hundred}]`, count(inHundred)],
    [`i in [${hundred}]`, count(inHundred)],
    ['j["k"] > 500', count((value) => value > 500)],
    ['json_contains(j["tags"], "b")', ROWS],
    ['a < 10 and j["k"] > 5', count((value) => value > 5 && value < 10)],
  ];
  for (const [text, expected] of cases) {
    const plan = parseFilter(text, schema);
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const start = performance.now();
      evaluateFilter(plan, source, ROWS, out);
      times.push(performance.now() - start);
    }
    expect(ones(out), text).toBe(expected);
    const [best, first] = [Math.min(...times), times[0]!];
    console.log(`${text.slice(0, 32).padEnd(34)} ${best.toFixed(1)} ms (first ${first.toFixed(1)} ms)`);
  }
});
