import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { NodeCrypto } from '../../../../src/server/system/nodeCrypto.ts';
import { SystemClock } from '../../../../src/server/system/systemClock.ts';
import { SystemRandom } from '../../../../src/server/system/systemRandom.ts';

test('SystemClock: sleep → at least that long on the monotonic clock', async () => {
  const clock = new SystemClock();
  const [startMs, wallMs] = [clock.monotonicMs(), clock.nowMs()];
  await clock.sleep(20);
  expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(19);
  expect(Math.abs(wallMs - Date.now())).toBeLessThan(60_000);
});

test('SystemClock: the signal fires before or during a sleep → Closed at once', async () => {
  const clock = new SystemClock();
  await expect(clock.sleep(60_000, AbortSignal.abort())).rejects.toMatchObject({ kind: 'Closed' });
  const stop = new AbortController();
  const sleeping = clock.sleep(60_000, stop.signal);
  stop.abort();
  await expect(sleeping).rejects.toMatchObject({ kind: 'Closed' });
});

test('SystemClock: a delay that no timer takes → Invalid, not an early wake-up', async () => {
  for (const delayMs of [-1, Number.NaN, 2 ** 31]) {
    await expect(new SystemClock().sleep(delayMs)).rejects.toMatchObject({ kind: 'Invalid' });
  }
});

test('SystemRandom: next in [0, 1), uuids of version 4 that differ', () => {
  const random = new SystemRandom();
  for (let i = 0; i < 1_000; i++) expect(random.next()).toBeLessThan(1);
  expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(random.uuid()).not.toBe(random.uuid());
});

test('NodeCrypto: crc32 → the check value of the IEEE polynomial, whole and in parts', () => {
  const crypto = new NodeCrypto();
  const bytes = Buffer.from('123456789');
  expect(crypto.crc32(bytes)).toBe(0xcbf43926);
  expect(crypto.crc32(bytes.subarray(4), crypto.crc32(bytes.subarray(0, 4)))).toBe(0xcbf43926);
  expect(crypto.crc32(new Uint8Array(0))).toBe(0);
});

test('NodeCrypto: sha256 → 32 bytes, as by the streaming hash', () => {
  const bytes = Buffer.from('abc');
  const digest = new NodeCrypto().sha256(bytes);
  expect(Buffer.from(digest).toString('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  expect(digest.length).toBe(32);
});
