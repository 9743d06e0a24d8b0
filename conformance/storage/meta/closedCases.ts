import assert from 'node:assert/strict';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import { fails } from '../checks.ts';
import { put, write } from './subject.ts';

type StoreCase = readonly [name: string, run: (store: MetaStore) => Promise<void>];

const CALLS: readonly (readonly [string, (store: MetaStore) => unknown])[] = [
  ['get', (store) => store.get('a')],
  ['range', (store) => store.range('')],
  ['txn', (store) => write(store, put('a', ''))],
  ['lease', (store) => store.lease(5_000)],
  ['watch', (store) => store.watch('', new AbortController().signal)[Symbol.asyncIterator]().next()],
];

export const CLOSED_CASES: readonly StoreCase[] = [
  ...CALLS.map(
    ([name, call]): StoreCase => [
      `closed: ${name} → Closed`,
      async (store) => {
        await store.close();
        await fails('Closed', () => call(store));
      },
    ],
  ),
  [
    'closed: release of a lease → Closed',
    async (store) => {
      const lease = await store.lease(5_000);
      await store.close();
      await fails('Closed', () => lease.release());
    },
  ],
  [
    'closed: close twice, and at once → fine',
    async (store) => {
      await Promise.all([store.close(), store.close()]);
      await store.close();
    },
  ],
  [
    'closed: close while txns are in flight → each is answered, nothing hangs',
    async (store) => {
      const writes = Array.from({ length: 20 }, (_, i) => write(store, put(`k${i}`, '')));
      await store.close();
      for (const result of await Promise.allSettled(writes)) {
        if (result.status === 'fulfilled') assert.equal(result.value.succeeded, true);
        else await fails('Closed', () => Promise.reject(result.reason));
      }
    },
  ],
];
