import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ElanusServer } from '../../conformance/protocol/harness/elanusServer.ts';
import { build } from '../../scripts/build.ts';
import { lockDataDirectory } from '../../src/server/system/dataDirectoryLock.ts';
import { SMALL_BOUNDS, Workload } from '../crash/workload.ts';

const COMMAND = fileURLToPath(new URL('../../dist/elanus.js', import.meta.url));
const EMBEDDED = '';
const HIGH_POSITIONS = fileURLToPath(new URL('./highPositionsWal.ts', import.meta.url));
/** Catalogue and log in the object store, whose files lie in the data directory. */
const ALL_OBJECTS = 'meta: { plugin: object }\nwal: { plugin: object }\n';
const WRITE_MS = 1_200;
const TIMEOUT_MS = 180_000;

let folder: string;
let servers: ElanusServer[];

beforeAll(() => build(false));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elanus-migrate-'));
  servers = [];
});
afterEach(async () => {
  for (const server of servers) await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Embedded, but for a log whose positions lie above those of every other. */
function highPositions(name: string): string {
  const options = JSON.stringify({ path: join(folder, name, 'wal') });
  return `wal: { plugin: ${HIGH_POSITIONS}, options: ${options} }\n`;
}

/** A configuration whose data lie in the folder of its name. */
function place(name: string, yaml: string): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, `dataDir: ${join(folder, name)}\n${yaml}`);
  return file;
}

function serverOf(name: string, config: string): ElanusServer {
  const env = { ...SMALL_BOUNDS, ELANUS_CONFIG: config };
  const server = new ElanusServer({ dataDir: join(folder, name), env });
  servers.push(server);
  return server;
}

function migrate(...args: string[]) {
  const run = spawnSync(process.execPath, [COMMAND, 'migrate', ...args], { cwd: folder, encoding: 'utf8' });
  return { ...run, lines: run.stdout.trim().split('\n') };
}

/** Kills the migration at its line of that number, from 1. Resolves with the exit code of one that ended before, else null. */
async function migrateUntil(lineNumber: number, ...args: string[]): Promise<number | null> {
  const child = spawn(process.execPath, [COMMAND, 'migrate', ...args], { cwd: folder });
  let lines = 0;
  createInterface(child.stdout).on('line', () => {
    lines++;
    if (lines === lineNumber) child.kill('SIGKILL');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

/** Writes, kills, starts again and compares. */
async function writeAndCompare(server: ElanusServer, workload: Workload): Promise<void> {
  expect(await workload.writeUntilKilled(server, WRITE_MS)).toEqual([]);
  await server.start();
  expect(await workload.compare(server)).toEqual([]);
}

/** A server that was killed in the middle of writing, with rows that are only in its log. */
async function killedServer(name: string, config: string, workload: Workload): Promise<void> {
  const server = serverOf(name, config);
  await server.start();
  await workload.createCollections(server);
  await writeAndCompare(server, workload);
  expect(await workload.writeUntilKilled(server, WRITE_MS)).toEqual([]);
}

test(
  'from a log on disk to one in objects, another one and back, to lower positions and higher: every row, with upserts and deletes after it and restarts between',
  async () => {
    const workload = new Workload(20_261_121);
    const configs = [
      place('a', highPositions('a')),
      place('b', ALL_OBJECTS),
      place('c', ALL_OBJECTS),
      place('d', highPositions('d')),
    ] as const;
    await killedServer('a', configs[0], workload);
    for (const [i, name] of ['b', 'c', 'd'].entries()) {
      const { status, stderr, lines } = migrate('--from', configs[i]!, '--to', configs[i + 1]!);
      expect(stderr).toBe('');
      expect(lines.filter((line) => line.endsWith(': the same'))).toHaveLength(2);
      expect(lines.at(-1)).toBe('done: the target can be served');
      expect(status).toBe(0);
      const server = serverOf(name, configs[i + 1]!);
      await server.start();
      expect(await workload.compare(server)).toEqual([]);
      await writeAndCompare(server, workload);
      await server.stop();
      await server.start();
      expect(await workload.writeUntilKilled(server, WRITE_MS)).toEqual([]);
    }
    console.log(`${workload.acknowledged} operations acknowledged, ${workload.unknown} unknown`);
  },
  TIMEOUT_MS,
);

test(
  'interrupted: the target refuses to be served, and the same command goes on; then the target is not touched again',
  async () => {
    const workload = new Workload(7);
    const [from, to] = [place('a', EMBEDDED), place('b', EMBEDDED)];
    await killedServer('a', from, workload);
    expect(migrate('--from', from, '--to', to).status).toBe(0);

    // An object that is gone from the source stops the copy in its middle.
    const other = place('c', EMBEDDED);
    const objects = join(folder, 'a/objects/segments');
    // Of those that were copied: a flush or a compaction that a kill cut off leaves others behind.
    const name = readdirSync(join(folder, 'b/objects/segments'), { recursive: true, encoding: 'utf8' })
      .filter((key) => key.endsWith('.arrow'))
      .sort()
      .at(-1)!;
    const content = readFileSync(join(objects, name));
    const damaged = Buffer.from(content);
    damaged[damaged.length >> 1]! ^= 1;
    rmSync(join(objects, name));
    const missing = migrate('--from', from, '--to', other);
    expect(missing.stderr).toContain(name);
    expect(missing.status).toBe(1);
    await expect(serverOf('c', other).start()).rejects.toThrow('catalogue entry is not valid JSON');
    writeFileSync(join(objects, name), damaged);
    expect(migrate('--from', from, '--to', other).stderr).toContain('fails its checksum');
    writeFileSync(join(objects, name), content);
    const again = migrate('--from', from, '--to', other);
    expect(again.stderr).toBe('');
    expect(again.lines).toContain('goes on where it was interrupted');
    expect(again.status).toBe(0);

    const server = serverOf('c', other);
    await server.start();
    expect(await workload.compare(server)).toEqual([]);
    await server.stop();
    const third = migrate('--from', from, '--to', other);
    expect(third.stderr).toContain('meta of the target holds a catalogue already');
    expect(third.status).toBe(1);
  },
  TIMEOUT_MS,
);

test(
  'killed at every line it prints, one run after the other: the last one ends, and every row is there',
  async () => {
    const workload = new Workload(11);
    const [from, to] = [place('a', EMBEDDED), place('b', ALL_OBJECTS)];
    await killedServer('a', from, workload);
    const codes: (number | null)[] = [];
    do codes.push(await migrateUntil(codes.length + 1, '--from', from, '--to', to));
    while (codes.at(-1) === null && codes.length < 20);
    // The kill at the last line comes too late or in time: then one more run finds a target that is complete.
    if (codes.at(-1) !== 0)
      expect(migrate('--from', from, '--to', to).stderr).toContain(
        'meta of the target holds a catalogue already',
      );
    expect(codes.length).toBeGreaterThan(8);
    const server = serverOf('b', to);
    await server.start();
    expect(await workload.compare(server)).toEqual([]);
    await writeAndCompare(server, workload);
  },
  TIMEOUT_MS,
);

test('refused: a source in use, one that is not there, and wrong options', async () => {
  const [from, to] = [place('a', EMBEDDED), place('b', EMBEDDED)];
  const absent = migrate('--from', from, '--to', to);
  expect(absent.stderr).toContain(`data directory ${join(folder, 'a')} does not exist`);
  expect(absent.status).toBe(1);

  const lock = lockDataDirectory(join(folder, 'a'), 'a server');
  const used = migrate('--from', from, '--to', to);
  expect(used.stderr).toContain('is in use by another server');
  expect(used.status).toBe(1);
  lock.release();
  expect(migrate('--from', from, '--to', to).stderr).toContain('the source has no catalogue');

  const same = migrate('--from', from, '--to', to, '--to-data-dir', join(folder, 'a'));
  expect(same.stderr).toContain('meta: both configurations name the same store');
  expect(same.status).toBe(2);
  const memory = 'meta: { plugin: memory }\nwal: { plugin: memory }\nobjectStore: { plugin: memory }\n';
  const forgetful = migrate('--from', from, '--to', place('m', memory));
  expect(forgetful.stderr).toContain('meta.plugin: memory forgets everything');
  expect(forgetful.status).toBe(2);
  expect(migrate('--from', from).stderr).toContain('--to <file> is missing');
  expect(migrate('--from', from, '--to', to, '--fast').status).toBe(2);
  expect(migrate('--help').stdout).toContain('elanus migrate --from <file> --to <file>');
});
