import { expect, test } from 'vitest';
import {
  type BatchHead,
  decodeHead,
  encodeHead,
  KINDS,
} from '../../../../src/plugins/wal-kafka/batchHead.ts';

const VALUES = [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(1000).fill(9)];
const HEAD: BatchHead = {
  kind: KINDS.piece,
  piece: 3,
  pieces: 70,
  term: 5,
  writer: 2 ** 48 - 1,
  seq: 2 ** 40,
  expectedOffset: Number.MAX_SAFE_INTEGER,
  firstPieceOffset: 12,
  bytesBefore: 2 ** 45,
  cut: { term: 4, offset: 11 },
};

test('a head comes back as it was, with and without a cut', () => {
  for (const head of [HEAD, { ...HEAD, cut: undefined }, { ...HEAD, cut: { term: 1, offset: 0 } }]) {
    expect(decodeHead(encodeHead(head, VALUES), VALUES, 't', 7)).toEqual(head);
  }
});

test('any flipped bit of head or values is Corrupt with topic and offset, or no batch of this log', () => {
  const encoded = encodeHead(HEAD, VALUES);
  for (let bit = 0; bit < encoded.length * 8; bit++) {
    const damaged = Buffer.from(encoded);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    if (bit < 32) expect(decodeHead(damaged, VALUES, 't', 7)).toBeUndefined();
    else expect(() => decodeHead(damaged, VALUES, 't', 7)).toThrow('topic t is damaged at offset 7');
  }
  const values = VALUES.map((value) => value.slice());
  values[2]![500]! ^= 1;
  expect(() => decodeHead(encoded, values, 't', 7)).toThrow('checksum');
  expect(() => decodeHead(encoded, VALUES.slice(1), 't', 7)).toThrow('checksum');
});

test('what others wrote is no batch of this log', () => {
  expect(decodeHead(null, VALUES, 't', 0)).toBeUndefined();
  expect(decodeHead(Buffer.from('key'), VALUES, 't', 0)).toBeUndefined();
  expect(decodeHead(Buffer.alloc(encodeHead(HEAD, VALUES).length), VALUES, 't', 0)).toBeUndefined();
});
