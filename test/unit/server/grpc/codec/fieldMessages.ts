import { DataType } from '../../../../../src/core/domain/dataTypes.ts';
import { ElanusError } from '../../../../../src/core/domain/errors.ts';
import { encodeMessage, type Message, type Packing } from './wireMessage.ts';

export function fieldData(
  type: DataType,
  scalars: Message,
  more: Message = {},
  packing: Packing = 'packed',
): Buffer {
  return encodeMessage('schema.FieldData', { type, field_name: 'f', scalars, ...more }, packing);
}

export function vectorData(
  data: readonly number[],
  dim: number,
  more: Message = {},
  packing?: Packing,
): Buffer {
  const vectors = { dim, float_vector: { data } };
  return encodeMessage(
    'schema.FieldData',
    { type: DataType.FloatVector, field_name: 'v', vectors, ...more },
    packing,
  );
}

/** A FieldData of Int64 whose LongArray is `list`, with `scalars` behind it in the ScalarField. */
export function rawInt64s(list: readonly number[], scalars: readonly number[] = []): Buffer {
  const body = [0x1a, list.length, ...list, ...scalars];
  const head = encodeMessage('schema.FieldData', { type: DataType.Int64, field_name: 'f' });
  return Buffer.concat([head, Buffer.from([0x1a, body.length, ...body])]);
}

export function errorOf(run: () => unknown): ElanusError {
  try {
    run();
  } catch (caught) {
    if (caught instanceof ElanusError) return caught;
    throw caught;
  }
  throw new Error('no error');
}
