import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDataDirectory } from '../../../../src/server/system/dataDirectoryLock.ts';

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'elanus-data-'));
});

afterEach(async () => {
  await Promise.all(children.splice(0).map(kill));
  await rm(folder, { recursive: true });
});

/** A process that holds the lock of `path`. */
async function startHolder(path: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./lockHolder.ts', import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout!, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}

test('lock: another process holds it → an error that names its pid, its address and the folder', async () => {
  const path = join(folder, 'new', 'data');
  const child = await startHolder(path);
  expect(() => lockDataDirectory(path, '127.0.0.1:2')).toThrow(
    `data directory ${path} is in use by another server (pid ${child.pid}, address 127.0.0.1:19530)`,
  );
});

test('lock: its holder is killed → the next one gets it at once', async () => {
  await kill(await startHolder(folder));
  const lock = lockDataDirectory(folder, '127.0.0.1:2');
  expect(lock.path).toBe(folder);
  lock.release();
});

test('lock: taken twice in one process → refused until it is released', () => {
  const lock = lockDataDirectory(folder, '127.0.0.1:1');
  expect(() => lockDataDirectory(folder, '127.0.0.1:2')).toThrow(`pid ${process.pid}, address 127.0.0.1:1`);
  lock.release();
  lock.release();
  lockDataDirectory(folder, '127.0.0.1:2').release();
});

test('lock: different folders → one process may hold both', () => {
  const one = lockDataDirectory(join(folder, 'one'), '127.0.0.1:1');
  const two = lockDataDirectory(join(folder, 'two'), '127.0.0.1:1');
  one.release();
  two.release();
});

test('lock: the path is a file → Unavailable, naming it', async () => {
  const path = join(folder, 'file');
  await writeFile(path, '');
  expect(() => lockDataDirectory(path, '127.0.0.1:1')).toThrow(`data directory ${path} cannot be used`);
});
