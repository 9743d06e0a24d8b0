import assert from 'node:assert/strict';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { utf8 } from '../checks.ts';
import type { StoreCase } from './subject.ts';

/** Keys whose order as whole keys differs from the order of their folders' names. */
const KEYS = [
  '-',
  '.a',
  '0',
  'A/a',
  'Z',
  '_',
  'a-b',
  'a.b',
  'a/b',
  'a/b-c',
  'a/c/d/e',
  'a/c.d',
  'a0',
  'ab/a',
  'ab/a0/x',
  'b/..c',
  'b/...',
  'b/.hidden',
  'z/z/z/z',
];

export const LIST_CASES: readonly StoreCase[] = [
  [
    'list: an empty store, an unknown prefix → nothing',
    async (store) => {
      assert.deepEqual(await store.list(''), []);
      await store.put('a/b', utf8('x'));
      assert.deepEqual(await store.list('b'), []);
      assert.deepEqual(await store.list('a/b/'), []);
      assert.deepEqual(await store.list('no/such/'), []);
    },
  ],
  [
    'list: keys of every shape → byte order of whole keys, with the info of head',
    async (store) => {
      await putAll(store, KEYS);
      const infos = await store.list('');
      assert.deepEqual(
        infos.map(({ key }) => key),
        KEYS.toSorted(),
      );
      for (const info of infos) assert.deepEqual({ ...info }, { ...(await store.head(info.key)) });
    },
  ],
  [
    'list: every prefix of every key, after every key → the exact suffix',
    async (store) => {
      await putAll(store, KEYS);
      const prefixes = new Set(KEYS.flatMap((key) => Array.from(key, (_, i) => key.slice(0, i + 1))));
      for (const prefix of prefixes) {
        if (/(^|\/)\.{1,2}\/$/.test(prefix)) continue;
        for (const afterKey of [undefined, ...KEYS]) {
          const expected = KEYS.toSorted().filter(
            (key) => key.startsWith(prefix) && !(afterKey && key <= afterKey),
          );
          const found = await store.list(prefix, afterKey === undefined ? {} : { afterKey });
          assert.deepEqual(
            found.map(({ key }) => key),
            expected,
            `${prefix} after ${afterKey}`,
          );
        }
      }
    },
  ],
  [
    'list: pages of every size → each key once, in order',
    async (store) => {
      await putAll(store, KEYS);
      for (let limit = 1; limit <= KEYS.length + 1; limit++)
        assert.deepEqual(await pagesOf(store, limit), KEYS.toSorted());
    },
  ],
  [
    'list: 1,003 objects → the default limit is 1,000',
    async (store) => {
      const keys = Array.from({ length: 1_003 }, (_, i) => `many/${i % 7}/${String(i).padStart(4, '0')}`);
      for (let i = 0; i < keys.length; i += 50) await putAll(store, keys.slice(i, i + 50));
      const page = await store.list('many/');
      assert.equal(page.length, 1_000);
      const rest = await store.list('many/', { afterKey: page.at(-1)!.key });
      assert.deepEqual(
        [...page, ...rest].map(({ key }) => key),
        keys.toSorted(),
      );
    },
  ],
  [
    'list: afterKey that does not exist, or is not a key → by byte order all the same',
    async (store) => {
      await putAll(store, ['a/1', 'a/3', 'b']);
      assert.deepEqual(await keysAfter(store, 'a/2'), ['a/3', 'b']);
      assert.deepEqual(await keysAfter(store, 'a/'), ['a/1', 'a/3', 'b']);
      assert.deepEqual(await keysAfter(store, 'a/~'), ['b']);
      assert.deepEqual(await keysAfter(store, ''), ['a/1', 'a/3', 'b']);
    },
  ],
];

async function putAll(store: ObjectStore, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => store.put(key, utf8(key))));
}

async function keysAfter(store: ObjectStore, afterKey: string): Promise<string[]> {
  return (await store.list('', { afterKey })).map(({ key }) => key);
}

async function pagesOf(store: ObjectStore, limit: number): Promise<string[]> {
  const keys: string[] = [];
  for (;;) {
    const afterKey = keys.at(-1);
    const page = await store.list('', afterKey === undefined ? { limit } : { limit, afterKey });
    assert.ok(page.length <= limit);
    keys.push(...page.map(({ key }) => key));
    if (page.length < limit) return keys;
  }
}
