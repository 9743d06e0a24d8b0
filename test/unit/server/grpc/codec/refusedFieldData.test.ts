import { expect, test } from 'vitest';
import type { Column } from '../../../../../src/core/domain/columns.ts';
import { DataType } from '../../../../../src/core/domain/dataTypes.ts';
import {
  decodeFieldData,
  incomingField,
} from '../../../../../src/server/transports/grpc/codec/decodeFieldData.ts';
import { schemaField } from './columnValues.ts';
import { errorOf, fieldData, rawInt64s, vectorData } from './fieldMessages.ts';
import { encodeMessage } from './wireMessage.ts';

const ELEVEN = [...new Array<number>(10).fill(0x80), 1];
const LONG = { long_data: { data: [1n, 2n] } };
const REFUSED: readonly (readonly [string, () => Buffer, RegExp])[] = [
  ['floats torn', tornFloats, /field v .*no multiple of 4/],
  ['dim does not divide', () => vectorData([1, 2, 3], 2), /length \(3\).*field v.*dim \(2\)/],
  ['no dim', () => vectorData([1, 2], 0), /dim \(0\) of field v/],
  ['huge dim', () => vectorData([1, 2], 2 ** 40), /dim .*field v/],
  [
    'data of another type',
    () => fieldData(DataType.Float, LONG),
    /field f holds data of another type than Float/,
  ],
  [
    'too few values',
    () => fieldData(DataType.Int64, LONG, { valid_data: [true, true, true] }),
    /field f has 2 values/,
  ],
  [
    'too many values',
    () => fieldData(DataType.Int64, LONG, { valid_data: [false] }),
    /field f has 2 values for 1 rows/,
  ],
  [
    'a number without its end',
    () => rawInt64s([0x0a, 1, 0x80], [0x78, 1]),
    /field f is malformed: truncated/,
  ],
  [
    'a number of 11 bytes',
    () => rawInt64s([0x0a, 11, ...ELEVEN]),
    /field f is malformed: .*more than 10 bytes/,
  ],
  [
    'an element of 11 bytes',
    () => rawInt64s([0x08, ...ELEVEN]),
    /field f is malformed: .*more than 10 bytes/,
  ],
  [
    'numbers of fixed width',
    () => rawInt64s([0x0d, 1, 2, 3, 4]),
    /field f is malformed: field 1 has wire type 5/,
  ],
  ['a group', () => rawInt64s([0x0b, 0x0c]), /field f is malformed: wire type 3/],
  ['a type we do not store', () => fieldData(26 as DataType, LONG), /field f has the type/],
];

/** Six bytes of floats. */
function tornFloats(): Buffer {
  const list = Buffer.from([0x0a, 6, 0, 0, 0, 0, 0, 0]);
  const vectors = Buffer.concat([Buffer.from([0x08, 1, 0x12, list.length]), list]);
  const head = encodeMessage('schema.FieldData', { type: DataType.FloatVector, field_name: 'v' });
  return Buffer.concat([head, Buffer.from([0x22, vectors.length]), vectors]);
}

test.each(REFUSED)('%s → Invalid, naming the field', (_, bytes, message) => {
  const error = errorOf(() => decodeFieldData(bytes()));
  expect(error.kind).toBe('Invalid');
  expect(error.message).toMatch(message);
});

test('a vector of another dim than the schema → Invalid', () => {
  const field = schemaField(DataType.FloatVector, { name: 'v', dim: 4 });
  const error = errorOf((): Column => incomingField(vectorData([1, 2, 3], 3)).decode(field, 1));
  expect(error.message).toBe('the dim (3) of field v is not equal to schema dim (4)');
});

test('null rows that would need gigabytes → TooLarge', () => {
  const field = schemaField(DataType.FloatVector, { name: 'v', dim: 32_768 });
  const valid_data = new Array<boolean>(10_000).fill(false);
  const bytes = encodeMessage('schema.FieldData', {
    type: DataType.FloatVector,
    field_name: 'v',
    valid_data,
  });
  expect(errorOf(() => incomingField(bytes).decode(field, 10_000)).kind).toBe('TooLarge');
});
