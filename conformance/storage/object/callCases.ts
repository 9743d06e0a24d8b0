import assert from 'node:assert/strict';
import { fails, patternBytes, sameBytes, text, utf8 } from '../checks.ts';
import type { StoreCase } from './subject.ts';

/** What each call does, one sentence of the port a case. */
export const CALL_CASES: readonly StoreCase[] = [
  [
    'put: new key → get gives the same bytes, size and version',
    async (store) => {
      const version = await store.put('a/b', utf8('one'));
      const { modifiedMs, content, ...info } = await store.get('a/b');
      assert.equal(text(content), 'one');
      assert.deepEqual(info, { key: 'a/b', bytes: 3, version });
      assert.ok(Number.isFinite(modifiedMs) && modifiedMs > 0);
    },
  ],
  [
    'put: existing key → replaced, with another version',
    async (store) => {
      const first = await store.put('a', utf8('one'));
      const second = await store.put('a', utf8('two'));
      assert.notEqual(first, second);
      assert.equal(text((await store.get('a')).content), 'two');
    },
  ],
  [
    'put: the same bytes 50 times, deleted in between → no version comes twice',
    async (store) => {
      const versions = new Set<string>();
      for (let i = 0; i < 50; i++) {
        versions.add(await store.put('a', utf8('same')));
        if (i % 3 === 0) await store.delete('a');
      }
      assert.equal(versions.size, 50);
    },
  ],
  [
    'put: sizes around powers of two, and empty → the same bytes',
    async (store) => {
      for (const bytes of [0, 1, 511, 4_096, 4_097, 65_535, 65_536, 1_048_577]) {
        const content = patternBytes(bytes, bytes);
        await store.put(`size-${bytes}`, content);
        const got = await store.get(`size-${bytes}`);
        assert.equal(got.bytes, bytes);
        sameBytes(got.content, content, `object of ${bytes}`);
      }
    },
  ],
  [
    'put: a view into a larger buffer, and shared memory → only the bytes of the view',
    async (store) => {
      const larger = patternBytes(1_000, 1);
      await store.put('view', larger.subarray(100, 300));
      sameBytes((await store.get('view')).content, larger.slice(100, 300), 'view');
      const shared = new Uint8Array(new SharedArrayBuffer(500), 100, 50);
      shared.set(patternBytes(50, 2));
      await store.put('shared', shared);
      sameBytes((await store.get('shared')).content, patternBytes(50, 2), 'shared');
    },
  ],
  [
    'put: the caller uses its bytes again, or writes into what it got → the store keeps its own',
    async (store) => {
      // A slice of a Buffer is a view of it, no copy.
      for (const bytes of [utf8('given'), Buffer.from('given')]) {
        await store.put('a', bytes);
        bytes.fill(0);
        const { content } = await store.get('a');
        assert.equal(text(content), 'given');
        content.fill(0);
        assert.equal(text((await store.get('a')).content), 'given');
        await store.getRange('a', 0, 5, bytes);
        bytes.fill(0);
        await store.getRange('a', 0, 5, bytes);
        assert.equal(text(bytes), 'given');
      }
    },
  ],
  [
    'putIfAbsent: absent → written; existing → AlreadyExists and unchanged; deleted → written',
    async (store) => {
      const version = await store.putIfAbsent('a', utf8('one'));
      await fails('AlreadyExists', () => store.putIfAbsent('a', utf8('two')));
      const found = await store.get('a');
      assert.equal(text(found.content), 'one');
      assert.equal(found.version, version);
      await store.delete('a');
      assert.notEqual(await store.putIfAbsent('a', utf8('three')), version);
    },
  ],
  [
    'putIfMatch: the version of now → replaced; an older one → Conflict and unchanged',
    async (store) => {
      const first = await store.put('a', utf8('one'));
      const second = await store.putIfMatch('a', utf8('two'), first);
      assert.equal((await store.head('a')).version, second);
      await fails('Conflict', () => store.putIfMatch('a', utf8('three'), first));
      assert.equal(text((await store.get('a')).content), 'two');
    },
  ],
  [
    'putIfMatch: absent, deleted, deleted and written again, no version at all → Conflict',
    async (store) => {
      await fails('Conflict', () => store.putIfMatch('absent', utf8('x'), 'none'));
      const version = await store.put('a', utf8('same'));
      await fails('Conflict', () => store.putIfMatch('a', utf8('x'), ''));
      await store.delete('a');
      await fails('Conflict', () => store.putIfMatch('a', utf8('x'), version));
      await store.put('a', utf8('same'));
      await fails('Conflict', () => store.putIfMatch('a', utf8('x'), version));
    },
  ],
  [
    'putIfMatch: a version of another key → Conflict',
    async (store) => {
      const version = await store.put('a', utf8('same'));
      await store.put('b', utf8('same'));
      await fails('Conflict', () => store.putIfMatch('b', utf8('x'), version));
    },
  ],
  [
    'head: as get, without the content; absent → NotFound',
    async (store) => {
      await store.put('a', utf8('one'));
      const { content, ...info } = await store.get('a');
      assert.equal(content.length, info.bytes);
      assert.deepEqual({ ...(await store.head('a')) }, info);
      await fails('NotFound', () => store.head('absent'));
    },
  ],
  [
    'get and getRange: absent → NotFound',
    async (store) => {
      await fails('NotFound', () => store.get('absent'));
      await fails('NotFound', () => store.get('no/such/folder'));
      await fails('NotFound', () => store.getRange('absent', 0, 1, new Uint8Array(1)));
    },
  ],
  [
    'get: a folder of objects, or a name below an object → NotFound',
    async (store) => {
      await store.put('folder/a', utf8('x'));
      await fails('NotFound', () => store.get('folder'));
      await fails('NotFound', () => store.head('folder'));
      await fails('NotFound', () => store.getRange('folder', 0, 1, new Uint8Array(1)));
      await fails('NotFound', () => store.get('folder/a/b'));
      await store.delete('folder');
      assert.equal(text((await store.get('folder/a')).content), 'x');
    },
  ],
  [
    'delete: existing → gone; absent → fine; its neighbours stay',
    async (store) => {
      await store.put('a/b/c', utf8('1'));
      await store.put('a/b/d', utf8('2'));
      await store.delete('a/b/c');
      await store.delete('a/b/c');
      await store.delete('never/was');
      await fails('NotFound', () => store.get('a/b/c'));
      assert.equal(text((await store.get('a/b/d')).content), '2');
      await store.delete('a/b/d');
      await store.put('a', utf8('now an object'));
      assert.equal(text((await store.get('a')).content), 'now an object');
    },
  ],
];
