import assert from 'node:assert/strict';
import type { MetaCompare, MetaOperation, MetaStore } from '../../../src/core/ports/metaStore.ts';
import { fails } from '../checks.ts';
import { del, put, write } from './subject.ts';

type StoreCase = readonly [name: string, run: (store: MetaStore) => Promise<void>];

const KEY_BYTES_MAX = 512;
const VALUE_BYTES_MAX = 65_536;
const TXN_BYTES_MAX = 1_048_576;

/** Every bound: what lies on it works, what lies beyond it is Invalid and changes nothing. */
export const BOUND_CASES: readonly StoreCase[] = [
  [
    'bounds: keys of 1 and 512 bytes → taken',
    async (store) => {
      for (const key of [
        'k',
        'k'.repeat(KEY_BYTES_MAX),
        'é'.repeat(KEY_BYTES_MAX / 2),
        '😀'.repeat(KEY_BYTES_MAX / 4),
      ]) {
        await write(store, put(key, key));
        assert.equal((await store.get(key))?.key, key);
      }
    },
  ],
  [
    'bounds: keys of 0 and 513 bytes of UTF-8 → Invalid everywhere',
    async (store) => {
      for (const key of ['', 'k'.repeat(KEY_BYTES_MAX + 1), `é${'é'.repeat(KEY_BYTES_MAX / 2)}`]) {
        await fails('Invalid', () => store.get(key));
        await fails('Invalid', () => write(store, put(key, '')));
        await fails('Invalid', () => write(store, del(key)));
        await fails('Invalid', () => store.txn([{ key, revision: 0n }], []));
      }
      await fails('Invalid', () => store.range('k'.repeat(KEY_BYTES_MAX + 1)));
    },
  ],
  [
    'bounds: a key that is not well-formed Unicode → Invalid',
    async (store) => {
      await fails('Invalid', () => write(store, put('half \ud800', '')));
      await fails('Invalid', () => store.get('\udc00'));
      await fails('Invalid', () => store.range('\ud800'));
    },
  ],
  [
    'bounds: a value of 64 KiB → taken, one byte more → Invalid',
    async (store) => {
      await write(store, put('a', new Uint8Array(VALUE_BYTES_MAX).fill(7)));
      assert.equal((await store.get('a'))?.value.length, VALUE_BYTES_MAX);
      await fails('Invalid', () => write(store, put('b', new Uint8Array(VALUE_BYTES_MAX + 1))));
      assert.equal(await store.get('b'), undefined);
    },
  ],
  [
    'bounds: 100 distinct keys → taken, 101 → Invalid and nothing changes',
    async (store) => {
      assert.equal((await write(store, ...puts(100))).succeeded, true);
      await write(store, ...puts(100).map(({ key }) => del(key)));
      await fails('Invalid', () => write(store, ...puts(101)));
      assert.deepEqual(await store.range(''), []);
    },
  ],
  [
    'bounds: keys of compares and operations count together, a key in both counts once',
    async (store) => {
      assert.equal((await store.txn(absent(100), puts(100))).succeeded, true);
      const other: MetaCompare = { key: 'other', revision: 0n };
      await fails('Invalid', () => store.txn([other], puts(100)));
    },
  ],
  [
    'bounds: a txn of 1 MiB → taken, one byte more → Invalid and nothing changes',
    async (store) => {
      const keys = Array.from({ length: 16 }, (_, i) => `k${String(i).padStart(2, '0')}`);
      const rest = TXN_BYTES_MAX - 3 * keys.length - 15 * VALUE_BYTES_MAX;
      const operations = keys.map((key, i) => put(key, new Uint8Array(i < 15 ? VALUE_BYTES_MAX : rest)));
      assert.equal((await write(store, ...operations)).succeeded, true);
      const before = await store.get('k15');
      const larger = [...operations.slice(0, 15), put('k15', new Uint8Array(rest + 1))];
      await fails('Invalid', () => write(store, ...larger));
      assert.deepEqual(await store.get('k15'), before);
    },
  ],
  [
    'bounds: a key twice among the operations → Invalid',
    async (store) => {
      await fails('Invalid', () => write(store, put('a', '1'), del('a')));
      await fails('Invalid', () => write(store, put('a', '1'), put('a', '2')));
    },
  ],
  [
    'bounds: limits of range out of 1..1,000 → Invalid',
    async (store) => {
      for (const limit of [0, -1, 1_001, 1.5, Number.NaN])
        await fails('Invalid', () => store.range('', { limit }));
    },
  ],
  [
    'bounds: ttl out of 1,000..3,600,000 ms → Invalid, on the bounds → taken',
    async (store) => {
      for (const ttlMs of [0, 999, 3_600_001, Number.NaN]) await fails('Invalid', () => store.lease(ttlMs));
      for (const ttlMs of [1_000, 3_600_000]) await (await store.lease(ttlMs)).release();
    },
  ],
];

function puts(count: number): MetaOperation[] {
  return Array.from({ length: count }, (_, i) => put(`key ${i}`, 'v'));
}

function absent(count: number): MetaCompare[] {
  return Array.from({ length: count }, (_, i) => ({ key: `key ${i}`, revision: 0n }));
}
