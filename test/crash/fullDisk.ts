import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { ElanusServer } from '../../conformance/protocol/harness/elanusServer.ts';
import { createCollection } from './collections.ts';
import { countRows, readAll } from './readBack.ts';
import { connect, expectOk, isOk, statusOf } from './replies.ts';
import { rowOf } from './rows.ts';

const DISK = '48m';
const BALLAST_BYTES = 12 << 20;
const BATCH_ROWS = 1_000;
const BATCHES_MAX = 500;
/** Milvus's code for a disk that is full. */
const DISK_CODE = 7;
const COLLECTION = { name: 'full', shards: 1 };

/** Why the case cannot run here; undefined when it can. `use` gets the folder of a small file system. */
async function withSmallDisk(use: (folder: string) => Promise<void>): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'elanus-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', folder], {
    encoding: 'utf8',
  });
  if (mounted.status !== 0) {
    rmdirSync(folder);
    return `no small disk can be mounted: ${(mounted.error?.message ?? mounted.stderr).trim()}`;
  }
  try {
    await use(folder);
  } finally {
    spawnSync('umount', [folder]);
    rmdirSync(folder);
  }
  return undefined;
}

/**
 * Inserts until the disk is full: writes are refused by name, everything acknowledged stays readable, and writing goes on by
 * itself when there is room again; also after a kill on the full disk. Returns why it was not run, if so.
 */
export function fullDisk(): Promise<string | undefined> {
  return withSmallDisk(async (folder) => {
    const ballast = ['first', 'second'].map((name) => join(folder, name));
    for (const path of ballast) writeFileSync(path, Buffer.alloc(BALLAST_BYTES));
    const server = new ElanusServer({
      dataDir: join(folder, 'data'),
      env: { ELANUS_WAL_OPTIONS_SEGMENT_BYTES_MAX: '2097152', ELANUS_SEGMENT_SEAL_BYTES: '4MiB' },
    });
    try {
      await server.start();
      let client = await connect(server.address);
      await createCollection(client, COLLECTION);
      const there = new Set<number>();
      await fill(client, there);
      await expectRows(client, there);

      rmSync(ballast[0]!);
      expectOk(await insert(client, -1));
      there.add(-1);
      await expectRows(client, there);
      await fill(client, there);

      await client.closeConnection();
      await server.kill();
      await startOnFullDisk(server);
      rmSync(ballast[1]!);
      if (server.pid === undefined) await server.start();
      client = await connect(server.address);
      await expectRows(client, there);
      await client.closeConnection();
    } catch (error) {
      console.log(`output of the server:\n${server.output.slice(-20_000)}`);
      throw error;
    } finally {
      await server.remove();
    }
  });
}

/** It starts, or says why it does not. */
async function startOnFullDisk(server: ElanusServer): Promise<void> {
  try {
    await server.start();
  } catch (error) {
    assert.match(String(error), /cannot start: .*no space left/i);
    await server.kill();
  }
}

/** Inserts until it is refused; batches that were acknowledged go into `there`. */
async function fill(client: MilvusClient, there: Set<number>): Promise<void> {
  for (let batch = there.size; batch < BATCHES_MAX; batch++) {
    const reply = await insert(client, batch);
    if (isOk(reply)) {
      there.add(batch);
      continue;
    }
    const { code, reason } = statusOf(reply);
    assert.equal(code, DISK_CODE, `the full disk is named: code ${code}, ${reason}`);
    assert.match(reason, /no space|disk/i);
    return;
  }
  assert.fail(`${BATCHES_MAX} batches fit on a disk of ${DISK}`);
}

/** One batch is a writer of its own, so that its keys belong to nobody else. */
function insert(client: MilvusClient, batch: number) {
  const data = Array.from({ length: BATCH_ROWS }, (_, slot) => {
    const row = rowOf(batch + 1, slot, 96);
    return { ...row, vector: [...row.vector] };
  });
  return client.insert({ collection_name: COLLECTION.name, data });
}

/** Each acknowledged batch is whole and nothing else is there. */
async function expectRows(client: MilvusClient, there: ReadonlySet<number>): Promise<void> {
  const { byWriter, count, problems } = await readAll(client, COLLECTION.name);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    [...byWriter.keys()].sort((a, b) => a - b),
    [...there].map((batch) => batch + 1).sort((a, b) => a - b),
  );
  for (const [writer, versions] of byWriter)
    assert.equal(versions.size, BATCH_ROWS, `batch ${writer - 1} is whole`);
  assert.equal(await countRows(client, COLLECTION.name), count);
}
