import { spawnSync } from 'node:child_process';
import { link, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ObjectStore } from '../../../../src/core/ports/objectStore.ts';
import { ManualClock } from '../../../../src/plugins/memory/manualClock.ts';
import { Folders } from '../../../../src/plugins/object-fs/folders.ts';
import { objectFsPlugin } from '../../../../src/plugins/object-fs/index.ts';
import { openStore } from '../../../kits/fsSubject.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';

let root: string;
let store: ObjectStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'elanus-objects-'));
  store = await openStore(root);
});

afterEach(async () => {
  await store.close();
  await rm(root, { recursive: true });
});

const bytes = new Uint8Array(100);

async function files(): Promise<string[]> {
  return (await readdir(root, { recursive: true })).sort();
}

test('fs: an object is the file of its name, and nothing else is left behind', async () => {
  const version = await store.put('a/b/c.arrow', bytes);
  await store.putIfAbsent('a/d', bytes);
  await expect(store.putIfAbsent('a/d', bytes)).rejects.toMatchObject({ kind: 'AlreadyExists' });
  await expect(store.putIfMatch('a/d', bytes, version)).rejects.toMatchObject({ kind: 'Conflict' });
  expect(await files()).toEqual(['+temp', 'a', 'a/b', 'a/b/c.arrow', 'a/d']);
});

test('fs: delete → folders that became empty go, others stay', async () => {
  await store.put('a/b/c/d', bytes);
  await store.put('a/e', bytes);
  await store.delete('a/b/c/d');
  expect(await files()).toEqual(['+temp', 'a', 'a/e']);
});

test('fs: a key that is a folder of another one → Invalid, whichever comes first', async () => {
  await store.put('a/b', bytes);
  for (const put of [
    () => store.put('a', bytes),
    () => store.putIfAbsent('a', bytes),
    () => store.put('a/b/c', bytes),
  ]) {
    await expect(put()).rejects.toMatchObject({ kind: 'Invalid' });
  }
  expect(await files()).toEqual(['+temp', 'a', 'a/b']);
});

test('fs: a segment that the file system finds too long → Invalid, nothing left behind', async () => {
  await expect(store.put('k'.repeat(300), bytes)).rejects.toMatchObject({ kind: 'Invalid' });
  expect(await files()).toEqual(['+temp']);
});

test('fs: open → removes what dead writers left, keeps what may be in use', async () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const temp = (name: string) => join(root, '+temp', name);
  await writeFile(temp(`${hostname()}~${dead}~token~0`), 'unfinished');
  await writeFile(temp(`${hostname()}~${process.pid}~forgotten~0`), 'unfinished');
  await writeFile(temp(`other-host~${dead}~token~0`), 'in use');
  await writeFile(temp(`other-host~${dead}~token~1`), 'old');
  await utimes(temp(`other-host~${dead}~token~1`), 0, 0);
  const other = await openStore(root);
  expect(await readdir(join(root, '+temp'))).toEqual([`other-host~${dead}~token~0`]);
  await other.close();
});

test('fs: killed between link and unlink → the object is there, and open removes the second name', async () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const temp = join(root, '+temp', `${hostname()}~${dead}~token~0`);
  await writeFile(temp, 'whole');
  await mkdir(join(root, 'a'));
  await link(temp, join(root, 'a', 'b'));
  const other = await openStore(root);
  expect(Buffer.from((await other.get('a/b')).content).toString()).toBe('whole');
  expect(await files()).toEqual(['+temp', 'a', 'a/b']);
  await other.close();
});

test('fs: no space (a file size limit) → Exhausted, nothing left behind, smaller objects still go', () => {
  const child = fileURLToPath(new URL('./limitedWriter.ts', import.meta.url));
  const { stdout, stderr } = spawnSync('sh', [
    '-c',
    'ulimit -f 64; exec "$0" "$1" "$2"',
    process.execPath,
    child,
    root,
  ]);
  expect(stderr.toString()).toBe('');
  expect(JSON.parse(stdout.toString())).toEqual({
    kinds: ['Exhausted', 'Exhausted', 'Exhausted'],
    files: ['+temp', 'small'],
  });
});

test('fs: a clock that stands still → its time is that of every object, and no version comes twice', async () => {
  const clock = new ManualClock(1_000_000_000_000);
  const frozen = await objectFsPlugin.create({ path: join(root, 'frozen') }, { ...pluginDeps, clock });
  const versions = new Set<string>();
  for (let i = 0; i < 300; i++) versions.add(await frozen.put('a', bytes));
  expect(versions.size).toBe(300);
  expect((await frozen.head('a')).modifiedMs).toBe(clock.nowMs());
  await frozen.close();
});

test('Folders: prune while a writer holds the folder or one below it → stays; afterwards → goes', async () => {
  const folders = new Folders(root);
  await folders.hold(join(root, 'a', 'b'), async () => {
    expect(folders.prune(join(root, 'a', 'b'))).toBe(join(root, 'a', 'b'));
    expect(folders.prune(join(root, 'a'))).toBe(join(root, 'a'));
  });
  expect(folders.prune(join(root, 'a', 'b'))).toBe(root);
  await folders.hold(join(root, 'a', 'b'), () => writeFile(join(root, 'a', 'b', 'c'), ''));
  expect(await files()).toEqual(['+temp', 'a', 'a/b', 'a/b/c']);
});
