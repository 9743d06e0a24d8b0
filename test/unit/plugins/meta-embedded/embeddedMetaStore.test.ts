import { mkdtemp, open as openFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { metaEmbeddedPlugin } from '../../../../src/plugins/meta-embedded/index.ts';
import { FORMAT_KEY } from '../../../../src/plugins/meta-embedded/records.ts';
import { openStore } from '../../../kits/embeddedSubject.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'elanus-meta-'));
});

afterEach(() => rm(folder, { recursive: true }));

test('embedded: 500 callers at once → far fewer commits than txns, each answered with its own revision', async () => {
  const store = await openStore(join(folder, 'deep', 'meta'));
  const value = new Uint8Array(10);
  const txns = Array.from({ length: 500 }, (_, i) => store.txn([], [{ op: 'put', key: `k${i}`, value }]));
  const revisions = (await Promise.all(txns)).map(({ revision }) => revision);
  expect(revisions).toEqual(Array.from({ length: 500 }, (_, i) => BigInt(i + 1)));
  await store.close();
  const file = openLmdb(join(folder, 'deep', 'meta'));
  const { lastTxnId } = file.getStats() as { lastTxnId: number };
  expect(lastTxnId).toBeLessThan(10);
  await file.close();
});

test('embedded: one caller of many breaks a rule at its turn → the others are not harmed', async () => {
  const store = await openStore(folder);
  const lease = await store.lease(5_000);
  await lease.release();
  const value = new Uint8Array(10);
  const results = await Promise.allSettled([
    store.txn([], [{ op: 'put', key: 'a', value }]),
    store.txn([], [{ op: 'put', key: 'b', value, leaseId: lease.leaseId }]),
    store.txn([], [{ op: 'put', key: 'c', value }]),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await store.range('')).map(({ key }) => key)).toEqual(['a', 'c']);
  await store.close();
});

test('embedded: the file is no LMDB file, or was cut → Corrupt with its path, not a crash', async () => {
  for (const damage of ['foreign', 'cut', 'short', 'second page'] as const) {
    const path = join(folder, damage);
    const store = await openStore(path);
    for (let i = 0; i < 20; i++)
      await store.txn([], [{ op: 'put', key: `k${i}`, value: new Uint8Array(9_000) }]);
    await store.close();
    const name = join(path, 'data.mdb');
    if (damage === 'foreign') await writeFile(name, Buffer.alloc(20_000, 1));
    else if (damage === 'cut') await truncate(name, 8_192);
    else if (damage === 'short') await truncate(name, 100);
    else await writeAt(name, 4_096, Buffer.alloc(200));
    await expect(openStore(path)).rejects.toMatchObject({ kind: 'Corrupt', context: { path } });
  }
});

test('embedded: killed before the first commit (an empty file) → opens as new', async () => {
  await writeFile(join(folder, 'data.mdb'), '');
  const store = await openStore(folder);
  expect(await store.range('')).toEqual([]);
  await store.close();
});

test('embedded: a file of another format → Corrupt, naming it', async () => {
  const newer = join(folder, 'newer');
  await (await openStore(newer)).close();
  const file = openLmdb(newer);
  await file.put(FORMAT_KEY, Buffer.from('elanus-meta 9'));
  await file.close();
  await expect(openStore(newer)).rejects.toMatchObject({
    kind: 'Corrupt',
    context: { format: 'elanus-meta 9' },
  });
});

test('embedded: the folder cannot be made → Unavailable with its path', async () => {
  await writeFile(join(folder, 'file'), '');
  const path = join(folder, 'file', 'meta');
  await expect(openStore(path)).rejects.toMatchObject({ kind: 'Unavailable', context: { path } });
});

test('embedded: configuration → a default path; unknown keys and empty paths are refused', () => {
  expect(metaEmbeddedPlugin.configSchema.parse({})).toEqual({ path: 'data/meta' });
  expect(() => metaEmbeddedPlugin.configSchema.parse({ path: '' })).toThrow();
  expect(() => metaEmbeddedPlugin.configSchema.parse({ folder: 'x' })).toThrow();
});

/** The LMDB file itself. */
function openLmdb(path: string) {
  return open<Buffer, Buffer>({
    path,
    noSubdir: false,
    keyEncoding: 'binary',
    encoding: 'binary',
    overlappingSync: false,
    maxDbs: 1,
  });
}

async function writeAt(name: string, position: number, bytes: Uint8Array): Promise<void> {
  const file = await openFile(name, 'r+');
  await file.write(bytes, 0, bytes.length, position);
  await file.close();
}
