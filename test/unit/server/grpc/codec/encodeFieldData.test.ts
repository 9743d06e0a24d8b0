import { expect, test } from 'vitest';
import type {
  ArrayColumn,
  Column,
  FixedColumn,
  VectorColumn,
} from '../../../../../src/core/domain/columns.ts';
import { newFixedArray } from '../../../../../src/core/domain/columns.ts';
import { DataType } from '../../../../../src/core/domain/dataTypes.ts';
import { decodeFieldData } from '../../../../../src/server/transports/grpc/codec/decodeFieldData.ts';
import { decodeIds } from '../../../../../src/server/transports/grpc/codec/decodeIds.ts';
import { encodeFieldData } from '../../../../../src/server/transports/grpc/codec/encodeFieldData.ts';
import { encodeIds } from '../../../../../src/server/transports/grpc/codec/encodeIds.ts';
import { schemaField, textColumn, validityOf, valuesOf } from './columnValues.ts';
import { decodeMessage, encodeMessage } from './wireMessage.ts';

type Numbers = readonly (number | bigint | null)[];

/** `spare` more elements than rows, as columns of a segment have. */
function numberColumn(dataType: DataType, numbers: Numbers, spare = 3): FixedColumn {
  const values = newFixedArray(dataType, numbers.length + spare);
  values.fill(dataType === DataType.Int64 ? (99n as never) : (99 as never));
  const zero = dataType === DataType.Int64 ? 0n : 0;
  for (const [row, value] of numbers.entries()) values[row] = (value ?? zero) as never;
  return { kind: 'fixed', dataType, rows: numbers.length, values, validity: validityOf(numbers) };
}

function vectorColumn(
  vectors: readonly (readonly number[] | null)[],
  dim: number,
  stride: number,
): VectorColumn {
  const values = new Float32Array(vectors.length * stride);
  for (const [row, vector] of vectors.entries()) values.set(vector ?? [], row * stride);
  const validity = validityOf(vectors);
  return {
    kind: 'vector',
    dataType: DataType.FloatVector,
    rows: vectors.length,
    dim,
    stride,
    values,
    validity,
  };
}

function arrayColumn(elements: ArrayColumn['elements'], lengths: readonly (number | null)[]): ArrayColumn {
  const offsets = new Uint32Array(lengths.length + 1);
  for (const [row, length] of lengths.entries()) offsets[row + 1] = offsets[row]! + (length ?? 0);
  const validity = validityOf(lengths);
  return { kind: 'array', dataType: DataType.Array, rows: lengths.length, offsets, elements, validity };
}

function encoded(column: Column): Record<string, unknown> {
  const field = schemaField(column.dataType, { name: 'pole', fieldId: 1_000 });
  return decodeMessage('schema.FieldData', encodeFieldData(field, column));
}

const INT64S = Array.from({ length: 64 }, (_, bit) => [2n ** BigInt(bit) - 1n, -(2n ** BigInt(bit))]).flat();
const INT32S = Array.from({ length: 32 }, (_, bit) => [2 ** bit - 1, -(2 ** bit)]).flat();

const SCALARS = [
  { column: numberColumn(DataType.Bool, [1, 0, 1]), slot: 'bool_data', data: [true, false, true] },
  { column: numberColumn(DataType.Int8, [-128, 127]), slot: 'int_data', data: [-128, 127] },
  { column: numberColumn(DataType.Int16, [-32_768, 5]), slot: 'int_data', data: [-32_768, 5] },
  { column: numberColumn(DataType.Int32, INT32S), slot: 'int_data', data: INT32S },
  { column: numberColumn(DataType.Int64, INT64S), slot: 'long_data', data: INT64S },
  { column: numberColumn(DataType.Float, [0.5, -3]), slot: 'float_data', data: [0.5, -3] },
  { column: numberColumn(DataType.Double, [0.1, 1e300]), slot: 'double_data', data: [0.1, 1e300] },
  { column: textColumn(['', 'a', 'ž'.repeat(200)]), slot: 'string_data', data: ['', 'a', 'ž'.repeat(200)] },
] as const;

test.each(SCALARS)('$slot of type $column.dataType → what any client reads', ({ column, slot, data }) => {
  expect(encoded(column)).toEqual({
    type: column.dataType,
    field_name: 'pole',
    scalars: { [slot]: { data } },
    field_id: 1_000n,
  });
  expect(valuesOf(decodeFieldData(encodeFieldData(schemaField(column.dataType), column)).column)).toEqual(
    valuesOf(column),
  );
});

test('scalars with nulls → full length with a placeholder, and valid_data', () => {
  expect(encoded(numberColumn(DataType.Int64, [7n, null, -7n]))).toMatchObject({
    scalars: { long_data: { data: [7n, 0n, -7n] } },
    valid_data: [true, false, true],
  });
  expect(encoded(textColumn([null, 'b'], DataType.JSON))).toMatchObject({
    scalars: { json_data: { data: [Buffer.alloc(0), Buffer.from('b')] } },
    valid_data: [false, true],
  });
});

test('the dynamic field says so', () => {
  const field = schemaField(DataType.JSON, { name: '$meta', isDynamic: true });
  const bytes = encodeFieldData(field, textColumn(['{}'], DataType.JSON));
  expect(decodeMessage('schema.FieldData', bytes)).toMatchObject({ field_name: '$meta', is_dynamic: true });
});

test('vectors with and without padding → flat values; null rows are left out', () => {
  const rows = [[1, 2, 3], null, [4, 5, 6]];
  for (const stride of [3, 4]) {
    const full = encoded(vectorColumn([rows[0]!, rows[2]!], 3, stride));
    expect(full.vectors).toEqual({ dim: 3n, float_vector: { data: [1, 2, 3, 4, 5, 6] } });
    expect(full.valid_data).toBeUndefined();
    const withNull = encoded(vectorColumn(rows, 3, stride));
    expect(withNull.vectors).toEqual({ dim: 3n, float_vector: { data: [1, 2, 3, 4, 5, 6] } });
    expect(withNull.valid_data).toEqual([true, false, true]);
    const bytes = encodeFieldData(schemaField(DataType.FloatVector), vectorColumn(rows, 3, stride));
    expect(valuesOf(decodeFieldData(bytes).column)).toEqual(rows);
  }
});

test('arrays → a message a row and the element type', () => {
  const numbers = arrayColumn(numberColumn(DataType.Int16, [1, -2, 3]), [2, null, 0, 1]);
  expect(encoded(numbers)).toMatchObject({
    scalars: {
      array_data: {
        data: [{ int_data: { data: [1, -2] } }, {}, { int_data: {} }, { int_data: { data: [3] } }],
        element_type: DataType.Int16,
      },
    },
    valid_data: [true, false, true, true],
  });
  const texts = arrayColumn(textColumn(['a', '', 'cc']) as ArrayColumn['elements'], [3]);
  expect(encoded(texts)).toMatchObject({
    scalars: { array_data: { data: [{ string_data: { data: ['a', '', 'cc'] } }], element_type: 21 } },
  });
  for (const column of [numbers, texts]) {
    const bytes = encodeFieldData(schemaField(DataType.Array), column);
    expect(valuesOf(decodeFieldData(bytes).column)).toEqual(valuesOf(column));
  }
});

test('columns without rows → messages without values that read back', () => {
  const columns = [
    ...SCALARS.map(({ column }) => ({ ...column, rows: 0 }) as Column),
    vectorColumn([], 8, 8),
  ];
  for (const column of columns) {
    const bytes = encodeFieldData(schemaField(column.dataType), column);
    expect(decodeFieldData(bytes)).toMatchObject({ rows: 0, type: column.dataType });
  }
});

test('ids → int_id or str_id, also when there are none; both are read back in every packing', () => {
  const numbers = numberColumn(DataType.Int64, [1n, -5n, 2n ** 60n]);
  expect(decodeMessage('schema.IDs', encodeIds(numbers))).toEqual({ int_id: { data: [1n, -5n, 2n ** 60n] } });
  expect(decodeMessage('schema.IDs', encodeIds({ ...numbers, rows: 0 }))).toEqual({ int_id: {} });
  const texts = textColumn(['a', 'b']);
  expect(decodeMessage('schema.IDs', encodeIds(texts))).toEqual({ str_id: { data: ['a', 'b'] } });
  for (const packing of ['packed', 'chunked', 'unpacked'] as const) {
    const bytes = encodeMessage('schema.IDs', { int_id: { data: [1n, -5n] } }, packing);
    expect(valuesOf(decodeIds(bytes))).toEqual([1n, -5n]);
  }
  expect(decodeIds(encodeIds(texts))).toMatchObject({ dataType: DataType.VarChar, rows: 2 });
  expect(decodeIds(new Uint8Array(0))).toMatchObject({ dataType: DataType.Int64, rows: 0 });
});
