import { expect, test } from 'vitest';
import {
  decodePlaceholderGroup,
  decodePlaceholders,
} from '../../../../../src/server/transports/grpc/codec/placeholderGroup.ts';
import { encodeMessage } from './wireMessage.ts';

const FLOAT_VECTOR = 101;
const VARCHAR = 21;

function floats(...values: number[]): Buffer {
  return Buffer.from(new Float32Array(values).buffer);
}

function group(type: number, values: readonly Uint8Array[], placeholders = 1): Buffer {
  const one = { tag: '$0', type, values };
  return encodeMessage('common.PlaceholderGroup', { placeholders: new Array(placeholders).fill(one) });
}

test('vectors of several queries → row-major floats', () => {
  const { count, values } = decodePlaceholders(
    group(FLOAT_VECTOR, [floats(1, 2), floats(3, 4), floats(5, 6)]),
  );
  expect(count).toBe(3);
  expect(Array.from(values)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('one vector at any offset of a buffer → its floats', () => {
  const message = group(FLOAT_VECTOR, [floats(1.5, -2.5)]);
  for (let shift = 0; shift < 4; shift++) {
    const bytes = new Uint8Array(new ArrayBuffer(message.length + 8), shift, message.length);
    bytes.set(message);
    expect(Array.from(decodePlaceholders(bytes).values)).toEqual([1.5, -2.5]);
  }
});

test('any type → its values by offset', () => {
  const found = decodePlaceholderGroup(
    group(VARCHAR, [Buffer.from('ab'), Buffer.from(''), Buffer.from('c')]),
  );
  expect(found).toMatchObject({ type: VARCHAR, count: 3, elementLevel: false });
  expect(Array.from(found.offsets)).toEqual([0, 2, 2, 3]);
  expect(Buffer.from(found.bytes).toString()).toBe('abc');
});

const REFUSED = [
  { what: 'nothing', bytes: Buffer.alloc(0), message: /0 placeholders/ },
  { what: 'two placeholders', bytes: group(FLOAT_VECTOR, [floats(1)], 2), message: /2 placeholders/ },
  { what: 'no vector', bytes: group(FLOAT_VECTOR, []), message: /no vectors/ },
  { what: 'an empty vector', bytes: group(FLOAT_VECTOR, [Buffer.alloc(0)]), message: /empty/ },
  {
    what: 'a torn vector',
    bytes: group(FLOAT_VECTOR, [Buffer.alloc(6), Buffer.alloc(6)]),
    message: /6 bytes/,
  },
  { what: 'texts', bytes: group(VARCHAR, [Buffer.from('ab')]), message: /type VarChar/ },
  {
    what: 'vectors of two lengths',
    bytes: group(FLOAT_VECTOR, [floats(1, 2), floats(3, 4), floats(5)]),
    message: /differ in length, vector number: 2/,
  },
  { what: 'rubbish', bytes: Buffer.from([0xff, 0xff]), message: /malformed/ },
] as const;

test.each(REFUSED)('$what → Invalid', ({ bytes, message }) => {
  expect(() => decodePlaceholders(bytes)).toThrow(expect.objectContaining({ kind: 'Invalid' }));
  expect(() => decodePlaceholders(bytes)).toThrow(message);
});
