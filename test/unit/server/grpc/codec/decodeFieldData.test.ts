import { describe, expect, test } from 'vitest';
import type { VectorColumn } from '../../../../../src/core/domain/columns.ts';
import { DataType } from '../../../../../src/core/domain/dataTypes.ts';
import {
  decodeFieldData,
  incomingField,
} from '../../../../../src/server/transports/grpc/codec/decodeFieldData.ts';
import { schemaField, valuesOf } from './columnValues.ts';
import { errorOf, fieldData, rawInt64s, vectorData } from './fieldMessages.ts';
import { encodeMessage, type Message, type Packing } from './wireMessage.ts';

const PACKINGS: readonly Packing[] = ['packed', 'chunked', 'unpacked'];
const INT64S = [
  0n,
  1n,
  -1n,
  127n,
  128n,
  2n ** 28n,
  2n ** 31n,
  2n ** 32n,
  2n ** 35n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const INT32S = [0, 1, -1, 127, 128, 16_384, 2 ** 28, 2 ** 31 - 1, -(2 ** 31)];

const SCALARS = [
  { type: DataType.Bool, slot: 'bool_data', data: [true, false, true], values: [1, 0, 1] },
  { type: DataType.Int8, slot: 'int_data', data: [-128, 0, 127], values: [-128, 0, 127] },
  { type: DataType.Int16, slot: 'int_data', data: [-32_768, 32_767], values: [-32_768, 32_767] },
  { type: DataType.Int32, slot: 'int_data', data: INT32S, values: INT32S },
  { type: DataType.Int64, slot: 'long_data', data: INT64S, values: INT64S },
  { type: DataType.Float, slot: 'float_data', data: [0.5, -2, 1e10], values: [0.5, -2, 1e10] },
  { type: DataType.Double, slot: 'double_data', data: [0.1, -1e300], values: [0.1, -1e300] },
  {
    type: DataType.VarChar,
    slot: 'string_data',
    data: ['', 'a', 'žluť', 'x'.repeat(300)],
    values: undefined,
  },
] as const;

describe.each(PACKINGS)('scalars, %s', (packing) => {
  test.each(SCALARS)('type $type → its values', ({ type, slot, data, values }) => {
    const { column } = decodeFieldData(fieldData(type, { [slot]: { data } }, {}, packing));
    expect(valuesOf(column)).toEqual(values ?? data);
    expect(column.dataType).toBe(type);
    expect(column.validity).toBeUndefined();
  });

  test.each(SCALARS)(
    'type $type with compact and full nulls → the same rows',
    ({ type, slot, data, values }) => {
      const valid_data = data.flatMap(() => [false, true]);
      const wanted = (values ?? data).flatMap((value) => [null, value]);
      const full = data.flatMap((value) => [data.at(-1), value]);
      for (const sent of [data, full]) {
        const bytes = fieldData(type, { [slot]: { data: sent } }, { valid_data }, packing);
        expect(valuesOf(decodeFieldData(bytes).column)).toEqual(wanted);
      }
    },
  );

  test('arrays → offsets and elements, nulls compact and full, element type from the schema', () => {
    const rows = [[1n, -1n], [], [2n ** 40n]];
    const data = rows.map((row) => ({ long_data: { data: row } }));
    const field = schemaField(DataType.Array, { elementType: DataType.Int64 });
    const decode = (more: Message, list: Message[]): unknown[] =>
      valuesOf(
        incomingField(fieldData(DataType.Array, { array_data: { data: list } }, more, packing)).decode(
          field,
          3,
        ),
      );
    expect(decode({}, data)).toEqual(rows);
    const valid_data = [true, false, true, true];
    const wanted = [rows[0], null, rows[1], rows[2]];
    expect(decode({ valid_data }, data)).toEqual(wanted);
    expect(decode({ valid_data }, [data[0]!, { long_data: { data: [9n] } }, data[1]!, data[2]!])).toEqual(
      wanted,
    );
  });

  test('vectors → rows, with nulls compact and full', () => {
    const data = [1, 2, 3, 4, 5, 6];
    expect(valuesOf(decodeFieldData(vectorData(data, 3, {}, packing)).column)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const wanted = [null, [1, 2, 3], [4, 5, 6]];
    const valid_data = [false, true, true];
    expect(valuesOf(decodeFieldData(vectorData(data, 3, { valid_data }, packing)).column)).toEqual(wanted);
    const full = vectorData([7, 8, 9, ...data], 3, { valid_data }, packing);
    expect(valuesOf(decodeFieldData(full).column)).toEqual(wanted);
  });
});

test('head: name, id, type and dynamic flag are read without the values', () => {
  const bytes = fieldData(
    DataType.JSON,
    { json_data: { data: [Buffer.from('{}')] } },
    {
      field_id: 107,
      is_dynamic: true,
    },
  );
  const { decode: _, ...head } = incomingField(bytes);
  expect(head).toEqual({ name: 'f', dataType: DataType.JSON, fieldId: 107, isDynamic: true });
  expect(decodeFieldData(bytes)).toMatchObject({
    fieldName: 'f',
    fieldId: 107,
    type: 23,
    isDynamic: true,
    rows: 1,
  });
});

test('JSON: a null in place of an empty text is a null row', () => {
  const data = [Buffer.from('{"a":1}'), Buffer.alloc(0), Buffer.from('[]')];
  const bytes = fieldData(DataType.JSON, { json_data: { data } }, { valid_data: [true, false, true] });
  expect(valuesOf(decodeFieldData(bytes).column)).toEqual(['{"a":1}', null, '[]']);
});

test('all rows null and nothing sent → null rows', () => {
  const valid_data = [false, false];
  expect(valuesOf(decodeFieldData(fieldData(DataType.Int64, {}, { valid_data })).column)).toEqual([
    null,
    null,
  ]);
  const field = schemaField(DataType.FloatVector, { dim: 4 });
  const bytes = encodeMessage('schema.FieldData', {
    type: DataType.FloatVector,
    field_name: 'v',
    valid_data,
  });
  const column = incomingField(bytes).decode(field, 2) as VectorColumn;
  expect([column.rows, column.dim, column.values.length]).toEqual([2, 4, 8]);
});

test('arrays of every element type → elements of that type; no element type anywhere → Invalid', () => {
  for (const { type, slot, data, values } of SCALARS) {
    const array_data = {
      data: [{ [slot]: { data } }, {}, { [slot]: { data: [data[0]] } }],
      element_type: type,
    };
    const { column } = decodeFieldData(fieldData(DataType.Array, { array_data }));
    const wanted: readonly unknown[] = values ?? data;
    expect(valuesOf(column)).toEqual([wanted, [], [wanted[0]]]);
    expect(column.kind === 'array' && column.elements.dataType).toBe(type);
  }
  const untyped = fieldData(DataType.Array, { array_data: { data: [{}] } });
  expect(errorOf(() => decodeFieldData(untyped)).kind).toBe('Invalid');
});

test('a vector at any offset of a buffer → the same values; aligned → a view without a copy', () => {
  const message = vectorData([1.5, 2.5, -3.5, 4.5], 2);
  const buffers: ArrayBufferLike[] = [];
  for (let shift = 0; shift < 4; shift++) {
    const buffer = new ArrayBuffer(message.length + 8);
    const bytes = new Uint8Array(buffer, shift, message.length);
    bytes.set(message);
    const column = decodeFieldData(bytes).column as VectorColumn;
    expect(valuesOf(column)).toEqual([
      [1.5, 2.5],
      [-3.5, 4.5],
    ]);
    if (column.values.buffer === buffer) buffers.push(buffer);
  }
  expect(buffers).toHaveLength(1);
});

test('parts of an embedded message are taken together', () => {
  const head = encodeMessage('schema.FieldData', { type: DataType.Int64, field_name: 'f' });
  const part = (data: bigint[]): Buffer =>
    encodeMessage('schema.FieldData', { scalars: { long_data: { data } } });
  const bytes = Buffer.concat([part([1n]), head, part([2n, 3n])]);
  expect(valuesOf(decodeFieldData(bytes).column)).toEqual([1n, 2n, 3n]);
});

test('valid_data inside of the scalars, where newer clients put it → comes before the outer one', () => {
  const inner = [0x8a, 0x01, 3, 1, 0, 1];
  const outer = encodeMessage('schema.FieldData', { valid_data: [true, true, false] });
  const bytes = Buffer.concat([rawInt64s([0x0a, 2, 7, 8], inner), outer]);
  expect(valuesOf(decodeFieldData(bytes).column)).toEqual([7n, null, 8n]);
});
