import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { patternBytes } from '../../../../conformance/storage/checks.ts';
import { PiecesBody } from '../../../../src/plugins/object-s3/body.ts';
import { hasTrailer, StoredContent, TRAILER_BYTES } from '../../../../src/plugins/object-s3/content.ts';

const UUID = '00112233-4455-6677-8899-aabbccddeeff';
const SHARED_BYTES = 60;

async function bytesOf(stored: StoredContent, from: number, to: number): Promise<Buffer> {
  const body = stored.body(from, to);
  if (body instanceof Uint8Array) return Buffer.from(body);
  const hash = await body.sha256();
  const bytes = await buffer(body);
  expect(hash).toBe(createHash('sha256').update(bytes).digest('hex'));
  return bytes;
}

test('content: bytes, then the format and the UUID', async () => {
  const stored = new StoredContent(new Uint8Array([7, 8]), UUID);
  const all = await bytesOf(stored, 0, stored.bytes);
  expect(all.toString('hex')).toBe(
    `0708${Buffer.from('elanus-1').toString('hex')}${UUID.replaceAll('-', '')}`,
  );
  expect(hasTrailer(all)).toBe(true);
  expect(hasTrailer(all.subarray(0, -1))).toBe(false);
  expect(hasTrailer(new Uint8Array(5))).toBe(false);
});

test('content: bodies of every size, of own and of shared memory → together all of it', async () => {
  const shared = new Uint8Array(new SharedArrayBuffer(SHARED_BYTES));
  shared.set(patternBytes(SHARED_BYTES, 1));
  for (const content of [patternBytes(SHARED_BYTES, 1), shared, new Uint8Array()]) {
    const stored = new StoredContent(content, UUID);
    for (let size = 1; size <= stored.bytes; size++) await checkBodies(stored, content, size);
  }
});

test('content: large bodies → in pieces as they lie in memory, with the hash of all', async () => {
  const content = patternBytes(700_000, 2);
  const stored = new StoredContent(content, UUID);
  expect(stored.body(0, stored.bytes)).toBeInstanceOf(PiecesBody);
  for (const size of [200_000, 350_000, 700_000, 700_001, stored.bytes])
    await checkBodies(stored, content, size);
});

async function checkBodies(stored: StoredContent, content: Uint8Array, size: number): Promise<void> {
  const bodies: Buffer[] = [];
  for (let at = 0; at < stored.bytes; at += size)
    bodies.push(await bytesOf(stored, at, Math.min(stored.bytes, at + size)));
  const all = Buffer.concat(bodies);
  expect(all.length).toBe(content.length + TRAILER_BYTES);
  expect(all.subarray(0, content.length).equals(content)).toBe(true);
  expect(stored.isMarkedBy(all.subarray(content.length))).toBe(true);
}
