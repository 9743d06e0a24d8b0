import assert from 'node:assert/strict';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import { text } from '../checks.ts';
import { del, nextEvents, put, write } from './subject.ts';

type StoreCase = readonly [name: string, run: (store: MetaStore) => Promise<void>];

export const LEASE_CASES: readonly StoreCase[] = [
  [
    'lease: release → its keys go, others stay',
    async (store) => {
      const lease = await store.lease(5_000);
      const other = await store.lease(5_000);
      assert.notEqual(lease.leaseId, other.leaseId);
      await write(
        store,
        put('a', '1', lease.leaseId),
        put('b', '1', lease.leaseId),
        put('c', '1', other.leaseId),
      );
      await write(store, put('d', '1'));
      await lease.release();
      assert.deepEqual(await keysOf(store), ['c', 'd']);
      await other.release();
      assert.deepEqual(await keysOf(store), ['d']);
    },
  ],
  [
    'lease: more keys than a txn takes → all go',
    async (store) => {
      const lease = await store.lease(5_000);
      for (let page = 0; page < 3; page++) {
        const keys = Array.from({ length: 100 }, (_, i) => `k${page}-${i}`);
        await write(store, ...keys.map((key) => put(key, '', lease.leaseId)));
      }
      await lease.release();
      assert.deepEqual(await keysOf(store), []);
    },
  ],
  [
    'lease: a key put again without a lease or with another one → no longer goes with the first',
    async (store) => {
      const lease = await store.lease(5_000);
      const other = await store.lease(5_000);
      await write(store, put('a', '1', lease.leaseId), put('b', '1', lease.leaseId));
      await write(store, put('a', '2'), put('b', '2', other.leaseId));
      await lease.release();
      assert.equal(text((await store.get('a'))?.value), '2');
      assert.equal(text((await store.get('b'))?.value), '2');
      await other.release();
      assert.deepEqual(await keysOf(store), ['a']);
    },
  ],
  [
    'lease: a key deleted and put again by somebody → stays',
    async (store) => {
      const lease = await store.lease(5_000);
      await write(store, put('a', '1', lease.leaseId));
      await write(store, del('a'));
      await write(store, put('a', '2'));
      await lease.release();
      assert.equal(text((await store.get('a'))?.value), '2');
    },
  ],
  [
    'lease: puts and the release at once → no key of the lease is left',
    async (store) => {
      const lease = await store.lease(5_000);
      const puts = Array.from({ length: 20 }, (_, i) => write(store, put(`k${i}`, '', lease.leaseId)));
      const released = lease.release();
      await Promise.allSettled(puts);
      await released;
      assert.deepEqual(await keysOf(store), []);
    },
  ],
  [
    'lease: release twice, release without keys → fine, and not lost',
    async (store) => {
      const lease = await store.lease(5_000);
      await lease.release();
      await lease.release();
      assert.equal(lease.lost.aborted, false);
    },
  ],
  [
    'lease: release → compares and watches see the deletes',
    async (store) => {
      const stop = new AbortController();
      const events = store.watch('', stop.signal)[Symbol.asyncIterator]();
      const lease = await store.lease(5_000);
      const { revision } = await write(store, put('a', '1', lease.leaseId));
      await lease.release();
      const [, deleted] = await nextEvents(events, 2);
      assert.ok(deleted?.type === 'delete' && deleted.key === 'a' && deleted.revision > revision);
      assert.equal((await store.txn([{ key: 'a', revision }], [])).succeeded, false);
      assert.equal((await store.txn([{ key: 'a', revision: 0n }], [])).succeeded, true);
      stop.abort();
    },
  ],
  [
    'lease: close → the holder is told',
    async (store) => {
      const lease = await store.lease(5_000);
      await write(store, put('a', '1', lease.leaseId));
      await store.close();
      assert.equal(lease.lost.aborted, true);
    },
  ],
];

async function keysOf(store: MetaStore): Promise<string[]> {
  return (await store.range('')).map((entry) => entry.key);
}
