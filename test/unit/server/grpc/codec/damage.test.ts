import { describe, expect, test } from 'vitest';
import { DataType } from '../../../../../src/core/domain/dataTypes.ts';
import { ElanusError } from '../../../../../src/core/domain/errors.ts';
import type { FieldSchema } from '../../../../../src/core/domain/schema.ts';
import {
  decodeFieldData,
  incomingField,
} from '../../../../../src/server/transports/grpc/codec/decodeFieldData.ts';
import { decodeIds } from '../../../../../src/server/transports/grpc/codec/decodeIds.ts';
import { decodePlaceholders } from '../../../../../src/server/transports/grpc/codec/placeholderGroup.ts';
import { schemaField } from './columnValues.ts';
import { encodeMessage, type Message, type Packing } from './wireMessage.ts';

const PACKINGS: readonly Packing[] = ['packed', 'chunked', 'unpacked'];
const FLIPS = 3_000;
/** A decoder that waits or allocates for a broken length takes far longer. */
const MS_MAX = 20_000;

interface Sample {
  readonly field: FieldSchema;
  readonly message: Message;
}

function sample(dataType: DataType, body: Message, more: Partial<FieldSchema> = {}): Sample {
  return { field: schemaField(dataType, more), message: { type: dataType, field_name: 'f', ...body } };
}

const VALID = [true, false, true, true];
const SAMPLES: readonly Sample[] = [
  sample(DataType.Int64, { scalars: { long_data: { data: [1n, -1n, 2n ** 40n] } }, valid_data: VALID }),
  sample(DataType.Int16, { scalars: { int_data: { data: [1, -1, 300] } } }),
  sample(DataType.Bool, { scalars: { bool_data: { data: [true, false] } } }),
  sample(DataType.Double, { scalars: { double_data: { data: [1, 2, 3, 4] } }, valid_data: VALID }),
  sample(DataType.VarChar, { scalars: { string_data: { data: ['a', 'bcd', ''] } }, valid_data: VALID }),
  sample(DataType.JSON, { scalars: { json_data: { data: [Buffer.from('{}'), Buffer.from('[1]')] } } }),
  sample(
    DataType.FloatVector,
    { vectors: { dim: 2, float_vector: { data: [1, 2, 3, 4, 5, 6] } }, valid_data: VALID },
    { dim: 2 },
  ),
  sample(
    DataType.Array,
    {
      scalars: {
        array_data: {
          data: [{ long_data: { data: [1n, -1n] } }, {}, { long_data: { data: [2n] } }],
          element_type: 5,
        },
      },
      valid_data: VALID,
    },
    { elementType: DataType.Int64 },
  ),
  sample(
    DataType.Array,
    { scalars: { array_data: { data: [{ string_data: { data: ['x', 'yz'] } }] } } },
    { elementType: DataType.VarChar },
  ),
];

/** A repeatable source of numbers below 2^32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
  };
}

/** Refusing is right, and so is reading something else; nothing but an ElanusError may come out. */
function survives(run: () => unknown): void {
  try {
    run();
  } catch (caught) {
    if (!(caught instanceof ElanusError) || caught.kind === 'Internal') throw caught;
  }
}

/** Every way to cut the bytes off, and many ways to change them. */
function* damaged(bytes: Buffer, random: () => number): Generator<Buffer> {
  for (let length = 0; length < bytes.length; length++) yield bytes.subarray(0, length);
  for (let i = 0; i < FLIPS; i++) {
    const copy = Buffer.from(bytes);
    for (let n = random() % 4; n >= 0; n--) copy[random() % copy.length]! = random() & 0xff;
    if (random() % 4 === 0) copy[random() % copy.length]! ^= 1 << (random() & 7);
    yield random() % 8 === 0 ? copy.subarray(0, random() % copy.length) : copy;
  }
}

describe.each(PACKINGS)('damaged field data, %s', (packing) => {
  test.each(SAMPLES)('type $field.dataType → ElanusError or some column', ({ field, message }) => {
    const bytes = encodeMessage('schema.FieldData', message, packing);
    const startMs = performance.now();
    let tried = 0;
    for (const one of damaged(bytes, randomNumbers(field.dataType))) {
      survives(() => incomingField(one).decode(field, 4));
      survives(() => decodeFieldData(one));
      tried++;
    }
    expect(tried).toBeGreaterThan(FLIPS);
    expect(performance.now() - startMs).toBeLessThan(MS_MAX);
  });
});

test('a message cut off anywhere → never taken for the whole one', () => {
  for (const { field, message } of SAMPLES) {
    const bytes = encodeMessage('schema.FieldData', message);
    const whole = incomingField(bytes).decode(field, 4);
    for (let length = 0; length < bytes.length; length++) {
      survives(() => {
        expect(incomingField(bytes.subarray(0, length)).decode(field, 4)).not.toEqual(whole);
      });
    }
  }
});

test('damaged ids and placeholder groups → ElanusError or some values', () => {
  const random = randomNumbers(7);
  const ids = encodeMessage('schema.IDs', { int_id: { data: [1n, -1n, 2n ** 50n] } });
  const texts = encodeMessage('schema.IDs', { str_id: { data: ['a', 'bc'] } });
  for (const bytes of [ids, texts]) for (const one of damaged(bytes, random)) survives(() => decodeIds(one));
  const values = [Buffer.alloc(8), Buffer.alloc(8)];
  const group = encodeMessage('common.PlaceholderGroup', {
    placeholders: [{ tag: '$0', type: 101, values }],
  });
  for (const one of damaged(group, random)) survives(() => decodePlaceholders(one));
});
