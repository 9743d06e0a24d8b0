import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { killAfterLines } from '../../conformance/storage/killedChild.ts';
import { idOf, idsOf, makeRecord, readAll } from '../../conformance/storage/wal/records.ts';
import type { Wal } from '../../src/core/ports/wal.ts';
import { walFileConfigSchema } from '../../src/plugins/wal-file/config.ts';
import { openFileWal } from '../../src/plugins/wal-file/fileWal.ts';
import { walFilePlugin } from '../../src/plugins/wal-file/index.ts';
import { repairChannel } from '../../src/plugins/wal-file/repair.ts';
import { warningLogger } from './fileWalSubject.ts';
import { pluginDeps } from './pluginDeps.ts';

let directory: string;
let warnings: string[];
let opened: Wal[];

beforeEach(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), 'elanus-wal-file-'));
  warnings = [];
  opened = [];
});

afterEach(async () => {
  await Promise.all(opened.map((wal) => wal.close()));
  await fs.rm(directory, { recursive: true });
});

function openWal(config: Record<string, number> = {}): Wal {
  const wal = openFileWal(
    walFileConfigSchema.parse({ path: directory, segmentBytesMax: 4096, ...config }),
    warningLogger(warnings),
  );
  opened.push(wal);
  return wal;
}

function idRange(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** 30 records of 500 bytes in several files, closed. */
async function writeChannel(channel: string): Promise<void> {
  const wal = openWal();
  const writer = await wal.open(channel, 1);
  for (const id of idRange(1, 30)) await writer.append(makeRecord(id, 500));
  await wal.close();
}

/** Flips a bit `fromFrame` bytes behind the start of the frame at `position`. */
async function damage(
  channel: string,
  entry: { readonly position: string },
  fromFrame: number,
): Promise<void> {
  const position = Buffer.from(entry.position, 'hex');
  const name = `${entry.position.slice(0, 16)}.${entry.position.slice(16, 24)}.log`;
  const file = await fs.open(path.join(directory, channel, name), 'r+');
  const byte = Buffer.alloc(1);
  const at = position.readUInt32BE(12) + fromFrame;
  await file.read(byte, 0, 1, at);
  byte[0]! ^= 0x10;
  await file.write(byte, 0, 1, at);
  await file.close();
}

test('damage is Corrupt, names file and offset, and leaves other channels alone', async () => {
  await writeChannel('a');
  await writeChannel('b');
  await damage('a', (await readAll(openWal(), 'a'))[11]!, 100);
  const wal = openWal();
  const seenIds: number[] = [];
  const read = async (): Promise<void> => {
    for await (const entry of wal.read('a', undefined)) seenIds.push(idOf(entry.record));
  };
  await expect(read()).rejects.toMatchObject({
    kind: 'Corrupt',
    context: { file: expect.stringContaining(`${directory}/a/`), offset: expect.any(Number) },
  });
  expect(seenIds).toEqual(idRange(1, 11));
  expect(await idsOf(wal, 'b')).toEqual(idRange(1, 30));
});

for (const [what, fromFrame] of [
  ['a record', 100],
  ['a frame head', 5],
] as const) {
  test(`repair gives up ${what} that is damaged and says what was dropped; positions stay`, async () => {
    await writeChannel('a');
    const before = await readAll(openWal(), 'a');
    await damage('a', before[11]!, fromFrame);
    const gaps = await repairChannel(directory, 'a', { logger: warningLogger(warnings) });
    expect(gaps).toMatchObject([{ recordsDropped: 1, bytesDropped: 536, offset: expect.any(Number) }]);
    expect(warnings.filter((warning) => warning.includes('gave up'))).toHaveLength(1);
    expect(await repairChannel(directory, 'a', { logger: warningLogger(warnings) })).toEqual([]);
    const wal = openWal();
    await wal.open('a', 2);
    expect(await readAll(wal, 'a')).toEqual(before.filter((entry) => entry.id !== 12));
    expect(await idsOf(wal, 'a', before[11]!.position)).toEqual(idRange(13, 30));
    expect(await idsOf(wal, 'a', before[10]!.position)).toEqual(idRange(13, 30));
  });
}

test('repair covers the end of a file and several places', async () => {
  await writeChannel('a');
  const entries = await readAll(openWal(), 'a');
  const files = entries.map((entry) => entry.position.slice(16, 24));
  const lastOfFirst = files.lastIndexOf(files[0]!);
  await damage('a', entries[lastOfFirst]!, 40);
  await damage('a', entries[19]!, 3);
  await damage('a', entries[20]!, 200);
  const gaps = await repairChannel(directory, 'a', { logger: warningLogger(warnings) });
  expect(gaps.map((gap) => gap.recordsDropped).reduce((sum, count) => sum + count, 0)).toBe(3);
  const dropped = [lastOfFirst + 1, 20, 21];
  expect(await idsOf(openWal(), 'a')).toEqual(idRange(1, 30).filter((id) => !dropped.includes(id)));
});

test('one damaged copy of a file head costs nothing', async () => {
  await writeChannel('a');
  const name = path.join(directory, 'a', '0000000000000001.00000002.log');
  const bytes = await fs.readFile(name);
  bytes[20]! ^= 1;
  await fs.writeFile(name, bytes);
  expect(await idsOf(openWal(), 'a')).toEqual(idRange(1, 30));
});

test('a missing file is Corrupt, not a gap', async () => {
  await writeChannel('a');
  await fs.rm(path.join(directory, 'a', '0000000000000001.00000001.log'));
  await expect(readAll(openWal(), 'a')).rejects.toMatchObject({ kind: 'Corrupt' });
  await expect(openWal().open('a', 2)).rejects.toMatchObject({ kind: 'Corrupt' });
});

test('more bytes in flight than queuedBytesMax are Exhausted, and later appends succeed', async () => {
  const writer = await openWal({ queuedBytesMax: 4096 }).open('a', 1);
  const results = await Promise.allSettled(idRange(1, 20).map((id) => writer.append(makeRecord(id, 1000))));
  expect(results.map((result) => result.status)).toEqual([
    ...Array(4).fill('fulfilled'),
    ...Array(16).fill('rejected'),
  ]);
  for (const result of results)
    if (result.status === 'rejected') expect(result.reason.kind).toBe('Exhausted');
  await writer.append(makeRecord(21, 1000));
});

test('truncation frees whole files, and the rest when the channel is opened again', async () => {
  await writeChannel('a');
  const wal = openWal();
  const entries = await readAll(wal, 'a');
  const logFiles = async (): Promise<number> =>
    (await fs.readdir(path.join(directory, 'a'))).filter((name) => name.endsWith('.log')).length;
  const filesBefore = await logFiles();
  await wal.truncate('a', Buffer.from(entries[20]!.position, 'hex'));
  const filesAfter = await logFiles();
  expect(filesAfter).toBeLessThan(filesBefore - 1);
  expect(await idsOf(wal, 'a')).toEqual(idRange(22, 30));
});

test('channel names that are no file names are Invalid', async () => {
  const wal = openWal();
  for (const name of ['', '.', '..', 'a/b', '.hidden', 'x'.repeat(201)]) {
    await expect(wal.open(name, 1)).rejects.toMatchObject({ kind: 'Invalid' });
  }
});

test('the plugin opens a log from its configuration', async () => {
  const config = walFilePlugin.configSchema.parse({ path: directory });
  const wal = await walFilePlugin.create(config, pluginDeps);
  opened.push(wal);
  await (await wal.open('a', 1)).append(makeRecord(1, 10));
  expect(await idsOf(wal, 'a')).toEqual([1]);
  expect(() => walFilePlugin.configSchema.parse({ path: directory, segmentBytesMax: 1 })).toThrow(
    /segmentBytesMax/,
  );
});

test('kill -9 in the middle of appends loses nothing that was acknowledged', async () => {
  const acknowledged: number[] = [];
  for (let term = 1; term <= 4; term++) {
    const firstId = term * 1_000_000;
    const lines = await killAfterLines(
      new URL('./walChild.ts', import.meta.url),
      [directory, `${term}`, `${firstId}`],
      150,
    );
    // The last line may have been cut off by the kill.
    acknowledged.push(...lines.slice(0, -1).map(Number));
  }
  const wal = openWal();
  const before = await idsOf(wal, 'killed');
  await wal.open('killed', 5);
  const ids = await idsOf(wal, 'killed');
  expect(ids).toEqual(before);
  const present = new Set(ids);
  expect(acknowledged.filter((id) => !present.has(id))).toEqual([]);
  for (let term = 1; term <= 4; term++) {
    const ofTerm = ids.filter((id) => Math.floor(id / 1_000_000) === term);
    expect(ofTerm).toEqual(idRange(term * 1_000_000, term * 1_000_000 + ofTerm.length - 1));
  }
});
