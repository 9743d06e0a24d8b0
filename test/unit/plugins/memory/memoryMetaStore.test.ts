import { expect, test } from 'vitest';
import { ManualClock } from '../../../../src/plugins/memory/manualClock.ts';
import { MemoryMetaState, MemoryMetaStore } from '../../../../src/plugins/memory/memoryMetaStore.ts';
import { SeededRandom } from '../../../../src/plugins/memory/seededRandom.ts';
import { compareUtf8, SortedKeys } from '../../../../src/plugins/memory/sortedKeys.ts';

function twoProcesses() {
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const state = new MemoryMetaState();
  return {
    clock,
    one: new MemoryMetaStore({ clock, random }, state),
    two: new MemoryMetaStore({ clock, random }, state),
  };
}

const value = new Uint8Array([1]);

test('MemoryMetaStore: two stores on one state → one sees and watches what the other writes', async () => {
  const { one, two } = twoProcesses();
  const stop = new AbortController();
  const events = two.watch('', stop.signal)[Symbol.asyncIterator]();
  const { revision } = await one.txn([], [{ op: 'put', key: 'a', value }]);
  expect(await two.get('a')).toEqual({ key: 'a', value, revision });
  expect((await events.next()).value).toEqual({ type: 'put', key: 'a', value, revision });
  expect((await two.txn([{ key: 'a', revision: 0n }], [])).succeeded).toBe(false);
  stop.abort();
});

test('MemoryMetaStore: a process crashes → its keys stay until the ttl has passed, then go', async () => {
  const { clock, one, two } = twoProcesses();
  const lease = await one.lease(5_000);
  await one.txn([], [{ op: 'put', key: 'a', value, leaseId: lease.leaseId }]);
  one.crash();
  expect(lease.lost.aborted).toBe(true);
  await expect(one.get('a')).rejects.toMatchObject({ kind: 'Closed' });
  await clock.advance(4_999);
  expect(await two.get('a')).toBeDefined();
  await clock.advance(1);
  expect(await two.get('a')).toBeUndefined();
});

test('MemoryMetaStore: the backend loses a lease → keys go and the holder is told', async () => {
  const { one, two } = twoProcesses();
  const lease = await one.lease(5_000);
  await one.txn([], [{ op: 'put', key: 'a', value, leaseId: lease.leaseId }]);
  one.loseLease(lease.leaseId);
  expect(lease.lost.aborted).toBe(true);
  expect(await two.get('a')).toBeUndefined();
});

test('compareUtf8: random strings → the order of their bytes', () => {
  const random = new SeededRandom(4);
  const alphabet = [
    '\u0000',
    'a',
    'b',
    '\u007f',
    '\u0080',
    'é',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\u{10000}',
    '😀',
    '\u{10ffff}',
  ];
  const text = (): string =>
    Array.from({ length: random.integer(5) }, () => alphabet[random.integer(12)]).join('');
  const sorted = new SortedKeys();
  const keys = new Set<string>();
  for (let i = 0; i < 3_000; i++) {
    const [a, b] = [text(), text()];
    expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    sorted.add(a);
    keys.add(a);
    sorted.delete(b);
    keys.delete(b);
  }
  const expected = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(sorted.range('', undefined, 10_000)).toEqual(expected);
});
