import assert from 'node:assert/strict';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import { fails, text, utf8 } from '../checks.ts';
import { del, put, write } from './subject.ts';

type StoreCase = readonly [name: string, run: (store: MetaStore) => Promise<void>];

/** What each call does, one sentence of the port a case. */
export const CALL_CASES: readonly StoreCase[] = [
  [
    'get: absent key → undefined',
    async (store) => {
      assert.equal(await store.get('absent'), undefined);
    },
  ],
  [
    'get: after put → key, value and the revision of the txn',
    async (store) => {
      const { succeeded, revision } = await write(store, put('a', 'one'));
      assert.equal(succeeded, true);
      assert.ok(revision > 0n);
      assert.deepEqual(plain(await store.get('a')), { key: 'a', value: 'one', revision });
    },
  ],
  [
    'get: an empty value and a value of every byte → the same bytes',
    async (store) => {
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      await write(store, put('empty', ''), put('bytes', bytes));
      assert.equal((await store.get('empty'))?.value.length, 0);
      assert.deepEqual([...(await store.get('bytes'))!.value], [...bytes]);
    },
  ],
  [
    'get: the caller changes what it gave or got → the store keeps its bytes',
    async (store) => {
      // A slice of a Buffer is a view of it, no copy.
      for (const given of [utf8('given'), Buffer.from('given')]) {
        const done = write(store, put('a', given));
        given.fill(0);
        await done;
        const got = (await store.get('a'))!.value;
        assert.equal(text(got), 'given');
        got.fill(0);
        assert.equal(text((await store.get('a'))!.value), 'given');
      }
    },
  ],
  [
    'txn: revisions rise with every change',
    async (store) => {
      const first = await write(store, put('a', '1'));
      const second = await write(store, put('a', '2'));
      const third = await write(store, del('a'));
      assert.ok(first.revision < second.revision && second.revision < third.revision);
    },
  ],
  [
    'txn: several puts → one revision for all',
    async (store) => {
      const { revision } = await write(store, put('a', '1'), put('b', '2'));
      assert.equal((await store.get('a'))?.revision, revision);
      assert.equal((await store.get('b'))?.revision, revision);
    },
  ],
  [
    'txn: every compare holds → applied',
    async (store) => {
      const { revision } = await write(store, put('a', '1'));
      const compares = [
        { key: 'a', revision },
        { key: 'absent', revision: 0n },
      ];
      assert.equal((await store.txn(compares, [put('b', '2'), del('a')])).succeeded, true);
      assert.equal(await store.get('a'), undefined);
      assert.equal(text((await store.get('b'))?.value), '2');
    },
  ],
  [
    'txn: one compare of many fails → nothing changes and the revision is that of the store',
    async (store) => {
      const { revision } = await write(store, put('a', '1'));
      const compares = [
        { key: 'a', revision },
        { key: 'absent', revision },
      ];
      const result = await store.txn(compares, [put('a', '2'), put('b', '2'), del('c')]);
      assert.deepEqual(result, { succeeded: false, revision });
      assert.deepEqual(plain(await store.get('a')), { key: 'a', value: '1', revision });
      assert.equal(await store.get('b'), undefined);
    },
  ],
  [
    'txn: compare with an older revision of the key → fails',
    async (store) => {
      const old = await write(store, put('a', '1'));
      await write(store, put('a', '1'));
      assert.equal((await store.txn([{ key: 'a', revision: old.revision }], [del('a')])).succeeded, false);
    },
  ],
  [
    'txn: compare 0 with a key that was deleted → holds',
    async (store) => {
      await write(store, put('a', '1'));
      await write(store, del('a'));
      assert.equal((await store.txn([{ key: 'a', revision: 0n }], [put('a', '2')])).succeeded, true);
    },
  ],
  [
    'txn: deleting and putting again → a new revision, so that no compare is fooled',
    async (store) => {
      const first = await write(store, put('a', '1'));
      await write(store, del('a'));
      await write(store, put('a', '1'));
      assert.equal((await store.txn([{ key: 'a', revision: first.revision }], [del('a')])).succeeded, false);
    },
  ],
  [
    'txn: no operations → only compares',
    async (store) => {
      const { revision } = await write(store, put('a', '1'));
      assert.deepEqual(await store.txn([{ key: 'a', revision }], []), { succeeded: true, revision });
      assert.deepEqual(await store.txn([{ key: 'a', revision: 0n }], []), { succeeded: false, revision });
    },
  ],
  [
    'txn: deleting what is absent → succeeds',
    async (store) => {
      assert.equal((await write(store, del('absent'))).succeeded, true);
    },
  ],
  [
    'txn: many at once without waiting → applied in the order of the calls',
    async (store) => {
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, i) => write(store, put('a', String(i)))),
      );
      assert.equal(text((await store.get('a'))?.value), '49');
      for (let i = 1; i < results.length; i++) assert.ok(results[i]!.revision > results[i - 1]!.revision);
    },
  ],
  [
    'txn: put with a lease that was released → NotFound and nothing changes',
    async (store) => {
      const lease = await store.lease(5_000);
      await lease.release();
      await fails('NotFound', () => write(store, put('a', '1'), put('b', '1', lease.leaseId)));
      assert.equal(await store.get('a'), undefined);
    },
  ],
];

function plain(entry: { key: string; value: Uint8Array; revision: bigint } | undefined) {
  return entry && { ...entry, value: text(entry.value) };
}
