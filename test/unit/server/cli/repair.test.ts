import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { build } from '../../../../scripts/build.ts';
import { walFileConfigSchema } from '../../../../src/plugins/wal-file/config.ts';
import { openFileWal } from '../../../../src/plugins/wal-file/fileWal.ts';
import { lockDataDirectory } from '../../../../src/server/system/dataDirectoryLock.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';

const COMMAND = fileURLToPath(new URL('../../../../dist/elanus.js', import.meta.url));
let folder: string;
let dataDir: string;

beforeAll(() => build(false));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elanus-repair-'));
  dataDir = join(folder, 'data');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function repair(...args: string[]) {
  return spawnSync(process.execPath, [COMMAND, 'repair', ...args], { cwd: folder, encoding: 'utf8' });
}

function openLog() {
  return openFileWal(walFileConfigSchema.parse({ path: join(dataDir, 'wal') }), pluginDeps.logger);
}

/** Two channels with records 1 to 5 of 100 bytes each. */
async function writeLogs(): Promise<void> {
  const wal = openLog();
  for (const name of ['a', 'b']) {
    const writer = await wal.open(name, 1);
    for (let i = 1; i <= 5; i++) await writer.append(new Uint8Array(100).fill(i));
  }
  await wal.close();
}

async function readLog(channel: string): Promise<number[]> {
  const wal = openLog();
  const found: number[] = [];
  try {
    for await (const { record } of wal.read(channel, undefined)) found.push(record[0]!);
  } finally {
    await wal.close();
  }
  return found;
}

/** Flips a bit in record `number` of a channel. */
function damage(channel: string, number: number): void {
  const log = join(dataDir, 'wal', channel);
  const path = join(log, readdirSync(log).find((name) => name.endsWith('.log'))!);
  const bytes = readFileSync(path);
  bytes[bytes.indexOf(Buffer.alloc(100, number)) + 10]! ^= 1;
  writeFileSync(path, bytes);
}

test('elanus repair: gives up the damaged record, names file and offset, leaves the rest; then finds nothing', async () => {
  await writeLogs();
  damage('a', 2);
  await expect(readLog('a')).rejects.toMatchObject({ kind: 'Corrupt' });
  const { status, stdout } = repair('--data-dir', dataDir);
  expect(status).toBe(0);
  expect(stdout).toMatch(
    /^gave up 1 records: 136 bytes at offset \d+ of .*data\/wal\/a\/0{15}1\.0{8}\.log\n$/,
  );
  expect(await readLog('a')).toEqual([1, 3, 4, 5]);
  expect(await readLog('b')).toEqual([1, 2, 3, 4, 5]);
  expect(repair('--data-dir', dataDir).stdout).toBe(
    'No record of the log is damaged; nothing was changed.\n',
  );
});

test('elanus repair --channel: only that one', async () => {
  await writeLogs();
  damage('a', 2);
  damage('b', 3);
  expect(repair('--data-dir', dataDir, '--channel', 'b').stdout).toMatch(/^gave up 1 records: .*\/wal\/b\//);
  expect(await readLog('b')).toEqual([1, 2, 4, 5]);
  await expect(readLog('a')).rejects.toMatchObject({ kind: 'Corrupt' });
});

test('elanus repair: refuses a folder in use, one that is not there, and wrong options', async () => {
  await writeLogs();
  const lock = lockDataDirectory(dataDir, 'test');
  const locked = repair('--data-dir', dataDir);
  lock.release();
  expect([locked.status, locked.stderr]).toEqual([
    1,
    expect.stringMatching(/data is in use by another server/),
  ]);

  const missing = repair('--data-dir', 'nowhere');
  expect([missing.status, missing.stderr]).toEqual([
    1,
    'elanus: cannot repair: data directory nowhere does not exist\n',
  ]);
  expect(existsSync(join(folder, 'nowhere'))).toBe(false);

  const wrong = repair('--data', dataDir);
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringMatching(/^elanus: .*'--data'/)]);
});

test('elanus repair --help: says what it does and touches nothing', () => {
  const { status, stdout } = repair('--help');
  expect([status, stdout]).toEqual([0, expect.stringMatching(/--data-dir <folder>[\s\S]*--channel <name>/)]);
  expect(existsSync(dataDir)).toBe(false);
});
