import assert from 'node:assert/strict';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { fails, text, utf8 } from '../checks.ts';
import type { StoreCase } from './subject.ts';

const BAD_KEYS = [
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  '../a',
  'a/..',
  'a/../b',
  'a/./b',
  'a b',
  'a\\b',
  'a\u0000b',
  'ä',
  'a+b',
  'a:b',
  'a~b',
  'k'.repeat(513),
];

const CALLS: readonly (readonly [string, (store: ObjectStore, key: string) => unknown])[] = [
  ['put', (store, key) => store.put(key, utf8('x'))],
  ['putIfAbsent', (store, key) => store.putIfAbsent(key, utf8('x'))],
  ['putIfMatch', (store, key) => store.putIfMatch(key, utf8('x'), 'v')],
  ['get', (store, key) => store.get(key)],
  ['getRange', (store, key) => store.getRange(key, 0, 1, new Uint8Array(1))],
  ['head', (store, key) => store.head(key)],
  ['delete', (store, key) => store.delete(key)],
];

export const KEY_CASES: readonly StoreCase[] = [
  ...CALLS.map(
    ([name, call]): StoreCase => [
      `keys: ${name} of a key that breaks the rule → Invalid`,
      async (store) => {
        for (const key of BAD_KEYS) await fails('Invalid', () => call(store, key));
        assert.deepEqual(await store.list(''), []);
      },
    ],
  ),
  [
    'keys: 1 and 512 bytes, dots, names that mean something elsewhere → taken',
    async (store) => {
      const keys = [
        'k',
        `${'k'.repeat(200)}/${'l'.repeat(200)}/${'m'.repeat(110)}`,
        '...',
        '..a/.b',
        '-rf',
        'CON',
      ];
      for (const key of keys) {
        await store.put(key, utf8(key));
        assert.equal(text((await store.get(key)).content), key);
      }
      assert.equal(keys[1]!.length, 512);
    },
  ],
  [
    'keys: prefix that is no part of a key, limits below 1 → Invalid',
    async (store) => {
      for (const prefix of ['/', '../', './', 'a//', 'a b', 'ä', 'k'.repeat(513)]) {
        await fails('Invalid', () => store.list(prefix));
      }
      for (const limit of [0, -1, 1.5, Number.NaN]) await fails('Invalid', () => store.list('', { limit }));
    },
  ],
];

export const CLOSED_CASES: readonly StoreCase[] = [
  ...[...CALLS, ['list', (store: ObjectStore) => store.list('')] as const].map(
    ([name, call]): StoreCase => [
      `closed: ${name} → Closed`,
      async (store) => {
        await store.close();
        await fails('Closed', () => call(store, 'a'));
      },
    ],
  ),
  [
    'closed: close twice, and at once → fine',
    async (store) => {
      await Promise.all([store.close(), store.close()]);
      await store.close();
    },
  ],
  [
    'closed: close while puts are in flight → each is answered',
    async (store) => {
      const puts = Array.from({ length: 10 }, (_, i) => store.put(`k${i}`, utf8('x')));
      await store.close();
      for (const result of await Promise.allSettled(puts)) {
        if (result.status === 'rejected') await fails('Closed', () => Promise.reject(result.reason));
      }
    },
  ],
];
