import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { patternBytes } from '../../../conformance/storage/checks.ts';
import { pluginDeps } from '../../../conformance/storage/pluginDeps.ts';
import { cachedReads, type RangeFiles } from '../../../src/core/layers/readCache.ts';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { MemoryObjectStore } from '../../../src/plugins/memory/memoryObjectStore.ts';
import { openRangeFiles } from '../../../src/server/cache/rangeFiles.ts';
import { warningLogger } from '../../kits/fileWalSubject.ts';
import { overlay } from './overlay.ts';

let folder: string;
let inner: MemoryObjectStore;
let storeReads: number;
let warnings: string[];
let ranges: RangeFiles | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elanus-cache-'));
  inner = new MemoryObjectStore(pluginDeps);
  storeReads = 0;
  warnings = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function cache(memoryBytesMax: number, diskBytesMax: number, gate?: () => Promise<void>): ObjectStore {
  const counted = overlay<ObjectStore>(inner, {
    async getRange(key, offset, length, into) {
      storeReads++;
      await inner.getRange(key, offset, length, into);
      await gate?.();
    },
    close: async () => undefined,
  });
  ranges =
    diskBytesMax === 0
      ? undefined
      : openRangeFiles({ folder, bytesMax: diskBytesMax }, warningLogger(warnings));
  const isImmutable = (key: string): boolean => key.startsWith('segments/');
  return cachedReads(counted, { memoryBytesMax, files: ranges, isImmutable, metrics: pluginDeps.metrics });
}

async function rangeOf(store: ObjectStore, key: string, offset: number, length: number): Promise<Uint8Array> {
  const into = new Uint8Array(new SharedArrayBuffer(length + 3));
  await store.getRange(key, offset, length, into);
  expect([...into.subarray(length)]).toEqual([0, 0, 0]);
  return into.slice(0, length);
}

const CONTENT = patternBytes(10_000, 1);

function files(): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();
}

test('cache: a range in memory → the store is asked once, other ranges and keys each for themselves', async () => {
  await inner.put('segments/a', CONTENT);
  await inner.put('segments/b', CONTENT);
  const store = cache(50_000, 0);
  for (let round = 0; round < 3; round++) {
    expect(await rangeOf(store, 'segments/a', 10, 500)).toEqual(CONTENT.slice(10, 510));
    expect(await rangeOf(store, 'segments/a', 10, 501)).toEqual(CONTENT.slice(10, 511));
    expect(await rangeOf(store, 'segments/b', 10, 500)).toEqual(CONTENT.slice(10, 510));
  }
  expect(storeReads).toBe(3);
});

test('cache: keys that may change, and empty ranges → the store itself', async () => {
  await inner.put('log/a', CONTENT);
  const store = cache(50_000, 0);
  await rangeOf(store, 'log/a', 0, 10);
  await inner.put('log/a', patternBytes(10_000, 2));
  expect(await rangeOf(store, 'log/a', 0, 10)).toEqual(patternBytes(10_000, 2).slice(0, 10));
  await rangeOf(store, 'log/a', 0, 0);
  expect(storeReads).toBe(3);
});

test('cache: the caller writes into what it got → the cache keeps its own', async () => {
  await inner.put('segments/a', CONTENT);
  const store = cache(50_000, 0);
  const into = new Uint8Array(100);
  for (let round = 0; round < 3; round++) {
    await store.getRange('segments/a', 0, 100, into);
    expect(into).toEqual(CONTENT.slice(0, 100));
    into.fill(0);
  }
  expect(storeReads).toBe(1);
});

test('cache: a range on disk → outlives the process, and comes from there', async () => {
  await inner.put('segments/1/2/a.arrow', CONTENT);
  const first = cache(0, 50_000);
  await rangeOf(first, 'segments/1/2/a.arrow', 100, 2_000);
  await first.close();
  expect(files()).toEqual(['segments/1/2/a.arrow/100+2000']);
  const second = cache(0, 50_000);
  expect(await rangeOf(second, 'segments/1/2/a.arrow', 100, 2_000)).toEqual(CONTENT.slice(100, 2_100));
  expect(storeReads).toBe(1);
  await second.close();
});

test.for([
  ['a flipped bit', (path: string) => flip(path, 500)],
  ['a flipped bit of the checksum', (path: string) => flip(path, 1)],
  ['cut short', (path: string) => truncateSync(path, 900)],
  ['gone', (path: string) => rmSync(path)],
  [
    'the range of another offset',
    (path: string) => writeFileSync(path, readFileSync(path.replace('0+', '5+'))),
  ],
] as const)('cache: %s on disk → read from the store again, and right again on disk', async ([, damage]) => {
  await inner.put('segments/a', CONTENT);
  await inner.put('segments/b', CONTENT);
  const store = cache(0, 50_000);
  await rangeOf(store, 'segments/a', 0, 1_000);
  await rangeOf(store, 'segments/a', 5, 1_000);
  await ranges!.close();
  damage(join(folder, 'segments/a/0+1000'));
  expect(await rangeOf(store, 'segments/a', 0, 1_000)).toEqual(CONTENT.slice(0, 1_000));
  expect(storeReads).toBe(3);
  await ranges!.close();
  expect(await rangeOf(store, 'segments/a', 0, 1_000)).toEqual(CONTENT.slice(0, 1_000));
  expect(storeReads).toBe(3);
});

test('cache: half a file of a crash, and what is no range → removed when it opens', async () => {
  await inner.put('segments/a', CONTENT);
  const first = cache(0, 50_000);
  await rangeOf(first, 'segments/a', 0, 1_000);
  await ranges!.close();
  writeFileSync(join(folder, 'segments/a/7+1000'), 'half');
  writeFileSync(join(folder, 'segments/a/9+1000~'), 'temp');
  cache(0, 50_000);
  expect(files()).toEqual(['segments/a/0+1000']);
});

test('cache: more than its size → what was not read for longest goes, object by object, in memory and on disk', async () => {
  for (const name of ['a', 'b', 'c', 'd']) await inner.put(`segments/${name}`, CONTENT);
  const store = cache(2_500, 3_100);
  for (const name of ['a', 'b', 'c', 'a', 'd', 'a']) await rangeOf(store, `segments/${name}`, 0, 1_000);
  await ranges!.close();
  const bytes = files().reduce((sum, path) => sum + statSync(join(folder, path)).size, 0);
  expect(bytes).toBeLessThanOrEqual(3_100);
  expect(files()).toContain('segments/d/0+1000');
  const before = storeReads;
  await rangeOf(store, 'segments/a', 0, 1_000);
  expect(storeReads).toBe(before);
});

test('cache: an object that is replaced or deleted by this process → nothing old', async () => {
  const store = cache(50_000, 50_000);
  for (let round = 0; round < 5; round++) {
    const content = patternBytes(1_000, round);
    await store.put('segments/a', content);
    for (let i = 0; i < 2; i++) expect(await rangeOf(store, 'segments/a', 0, 1_000)).toEqual(content);
  }
  await store.delete('segments/a');
  await expect(rangeOf(store, 'segments/a', 0, 1_000)).rejects.toMatchObject({ kind: 'NotFound' });
  await ranges!.close();
  expect(files()).toEqual([]);
});

test('cache: a read that a put overtakes → what it read is not kept', async () => {
  const hasRead = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const store = cache(50_000, 0, () => {
    hasRead.resolve();
    return gate.promise;
  });
  await inner.put('segments/a', patternBytes(100, 1));
  const overtaken = rangeOf(store, 'segments/a', 0, 100);
  await hasRead.promise;
  await store.put('segments/a', patternBytes(100, 2));
  gate.resolve();
  expect(await overtaken).toEqual(patternBytes(100, 1));
  expect(await rangeOf(store, 'segments/a', 0, 100)).toEqual(patternBytes(100, 2));
});

test('cache: a folder that cannot be used → Unavailable, naming it', () => {
  const path = join(folder, 'file');
  writeFileSync(path, '');
  const open = () => openRangeFiles({ folder: path, bytesMax: 10 }, pluginDeps.logger);
  expect(open).toThrow(
    expect.objectContaining({ kind: 'Unavailable', context: expect.objectContaining({ folder: path }) }),
  );
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 4;
  writeFileSync(path, bytes);
}
