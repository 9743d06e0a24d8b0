import assert from 'node:assert/strict';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import { del, put, write } from './subject.ts';

type StoreCase = readonly [name: string, run: (store: MetaStore) => Promise<void>];

/** Keys whose order in UTF-16 differs from their order in UTF-8, control characters and prefixes of each other. */
const TRICKY_KEYS = [
  '\u0000',
  '\u0000\u0000',
  '\u0001',
  ' ',
  '!',
  'A',
  'a',
  'a\u0000',
  'a\u0000b',
  'a!',
  'a/',
  'a/b',
  'a0',
  'aa',
  '~',
  '\u007f',
  '\u0080',
  'é',
  '\u07ff',
  '\u0800',
  '日本',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '😀',
  '😀a',
  '\u{10ffff}',
];

export const RANGE_CASES: readonly StoreCase[] = [
  [
    'range: keys of every kind → order of their UTF-8 bytes',
    async (store) => {
      await write(store, ...TRICKY_KEYS.toReversed().map((key) => put(key, key)));
      const expected = TRICKY_KEYS.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(await keysOf(store, ''), expected);
    },
  ],
  [
    'range: every prefix and every afterKey of tricky keys → the exact suffix',
    async (store) => {
      await write(store, ...TRICKY_KEYS.map((key) => put(key, key)));
      for (const prefix of ['', 'a', 'a\u0000', 'é', '😀', '\u{10ffff}', '\uffff', 'none']) {
        for (const afterKey of TRICKY_KEYS) {
          const expected = TRICKY_KEYS.filter((key) => key.startsWith(prefix) && bytesAfter(key, afterKey));
          assert.deepEqual(
            await keysOf(store, prefix, { afterKey }),
            sorted(expected),
            `${prefix} after ${afterKey}`,
          );
        }
      }
    },
  ],
  [
    'range: neighbours of the prefix → left out',
    async (store) => {
      await write(store, ...['p', 'p/', 'p/a', 'p/b/c', 'p0', 'q', 'o'].map((key) => put(key, '')));
      assert.deepEqual(await keysOf(store, 'p/'), ['p/', 'p/a', 'p/b/c']);
      assert.deepEqual(await keysOf(store, 'nothing'), []);
    },
  ],
  [
    'range: pages of every size → each entry once, in order',
    async (store) => {
      const keys = Array.from({ length: 23 }, (_, i) => `k${String(i).padStart(3, '0')}`);
      await write(store, ...keys.map((key) => put(key, key)));
      for (const limit of [1, 2, 7, 22, 23, 24, 1_000])
        assert.deepEqual(await pagesOf(store, 'k', limit), keys);
    },
  ],
  [
    'range: 1,001 entries → the default limit is 1,000 and the next page has one',
    async (store) => {
      const keys = Array.from({ length: 1_001 }, (_, i) => `k${String(i).padStart(4, '0')}`);
      for (let i = 0; i < keys.length; i += 100) {
        await write(store, ...keys.slice(i, i + 100).map((key) => put(key, key)));
      }
      const page = await keysOf(store, 'k');
      assert.deepEqual(page, keys.slice(0, 1_000));
      assert.deepEqual(await keysOf(store, 'k', { afterKey: page.at(-1)! }), keys.slice(1_000));
    },
  ],
  [
    'range: afterKey that does not exist, or lies before or behind the prefix → still right',
    async (store) => {
      await write(store, put('p/a', ''), put('p/c', ''));
      assert.deepEqual(await keysOf(store, 'p/', { afterKey: 'p/b' }), ['p/c']);
      assert.deepEqual(await keysOf(store, 'p/', { afterKey: 'a' }), ['p/a', 'p/c']);
      assert.deepEqual(await keysOf(store, 'p/', { afterKey: 'z' }), []);
    },
  ],
  [
    'range: deleted entries → gone, values and revisions are those of get',
    async (store) => {
      await write(store, put('a', '1'), put('b', '2'), put('c', '3'));
      await write(store, del('b'));
      const entries = await store.range('');
      assert.deepEqual(entries, [await store.get('a'), await store.get('c')]);
    },
  ],
];

async function keysOf(
  store: MetaStore,
  prefix: string,
  options?: { readonly afterKey?: string; readonly limit?: number },
): Promise<string[]> {
  return (await store.range(prefix, options)).map((entry) => entry.key);
}

async function pagesOf(store: MetaStore, prefix: string, limit: number): Promise<string[]> {
  const keys = await keysOf(store, prefix, { limit });
  for (let page = keys; page.length === limit; ) {
    page = await keysOf(store, prefix, { limit, afterKey: keys.at(-1)! });
    keys.push(...page);
  }
  return keys;
}

function bytesAfter(key: string, afterKey: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(afterKey)) > 0;
}

function sorted(keys: readonly string[]): string[] {
  return keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
