import { expect, test } from 'vitest';
import { patternBytes } from '../../../../conformance/storage/checks.ts';
import { hasTrailer, StoredContent, TRAILER_BYTES } from '../../../../src/plugins/object-s3/content.ts';

const UUID = '00112233-4455-6677-8899-aabbccddeeff';

test('content: bytes, then the format and the UUID', () => {
  const stored = new StoredContent(new Uint8Array([7, 8]), UUID);
  const all = stored.piece(0, stored.bytes);
  expect(Buffer.from(all).toString('hex')).toBe(
    `0708${Buffer.from('elanus-1').toString('hex')}${UUID.replaceAll('-', '')}`,
  );
  expect(hasTrailer(all)).toBe(true);
  expect(hasTrailer(all.subarray(0, -1))).toBe(false);
  expect(hasTrailer(new Uint8Array(5))).toBe(false);
});

test('content: pieces of every size, of own and of shared memory → together all of it', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(60));
  shared.set(patternBytes(60, 1));
  for (const content of [patternBytes(60, 1), shared, new Uint8Array()]) {
    const stored = new StoredContent(content, UUID);
    const all = Buffer.from(stored.piece(0, stored.bytes));
    expect(all.length).toBe(content.length + TRAILER_BYTES);
    expect(all.subarray(0, content.length)).toEqual(Buffer.from(content));
    for (let size = 1; size <= stored.bytes; size++) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < stored.bytes; at += size) {
        const piece = stored.piece(at, Math.min(stored.bytes, at + size));
        expect(piece.buffer).toBeInstanceOf(ArrayBuffer);
        pieces.push(piece);
      }
      expect(Buffer.concat(pieces)).toEqual(all);
    }
  }
});
