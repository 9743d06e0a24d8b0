import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { ElanusServer } from '../../conformance/protocol/harness/elanusServer.ts';
import { SeededRandom } from '../../src/plugins/memory/seededRandom.ts';
import { FRAME_HEADER_BYTES } from '../../src/plugins/wal-file/frame.ts';
import { createCollection } from './collections.ts';
import { type Frame, flipByte, framesOf, writeAt } from './logFrames.ts';
import { countRows, readAll } from './readBack.ts';
import { connect, expectOk, statusOf } from './replies.ts';
import { rowOf } from './rows.ts';

const COMMAND = fileURLToPath(new URL('../../dist/elanus.js', import.meta.url));
const BATCHES = 12;
const BATCH_ROWS = 10;
const CORRUPT_CODE = 1_009;

interface Bed {
  readonly server: ElanusServer;
  readonly client: MilvusClient;
  /** Collections on two channels, with the same rows in both. */
  readonly hurt: string;
  readonly other: string;
  readonly hurtChannel: string;
}

/** Two collections on two channels, BATCHES acknowledged requests in each, one record a request. */
async function withBed(use: (bed: Bed) => Promise<void>): Promise<void> {
  const server = new ElanusServer({ env: { ELANUS_WAL_CHANNELS: '2', ELANUS_LOG_FORMAT: 'json' } });
  try {
    await server.start();
    const client = await connect(server.address);
    const channels: string[] = [];
    for (const name of ['hurt', 'other']) {
      await createCollection(client, { name, shards: 1 });
      const described = await client.describeCollection({ collection_name: name });
      channels.push(described.physical_channel_names[0]!);
      for (let batch = 0; batch < BATCHES; batch++) await insertBatch(client, name, batch);
    }
    assert.notEqual(channels[0], channels[1], 'the collections lie on different channels');
    await use({ server, client, hurt: 'hurt', other: 'other', hurtChannel: channels[0]! });
    await client.closeConnection();
  } catch (error) {
    console.log(`output of the server:\n${server.output}`);
    throw error;
  } finally {
    await server.remove();
  }
}

async function insertBatch(client: MilvusClient, collection: string, batch: number): Promise<void> {
  const rows = Array.from({ length: BATCH_ROWS }, (_, i) => rowOf(0, batch * BATCH_ROWS + i, 1));
  const data = rows.map((row) => ({ ...row, vector: [...row.vector] }));
  expectOk(await client.insert({ collection_name: collection, data }));
}

/** Batches that are there; every one must be whole. */
async function batchesOf(address: string, collection: string): Promise<number[]> {
  const client = await connect(address);
  const { byWriter, problems, count } = await readAll(client, collection);
  assert.deepEqual(problems, []);
  assert.equal(await countRows(client, collection), count);
  await client.closeConnection();
  const rows = new Map<number, number>();
  for (const slot of byWriter.get(0)?.keys() ?? []) {
    const batch = Math.floor(slot / BATCH_ROWS);
    rows.set(batch, (rows.get(batch) ?? 0) + 1);
  }
  for (const [batch, found] of rows) assert.equal(found, BATCH_ROWS, `batch ${batch} is whole`);
  return [...rows.keys()].sort((a, b) => a - b);
}

const ALL = Array.from({ length: BATCHES }, (_, i) => i);

/** Kills the server, does `damage` to the last record of the channel and starts it again. */
async function damageAndStart(
  { server, hurtChannel }: Bed,
  damage: (frames: readonly Frame[]) => void,
): Promise<void> {
  await server.kill();
  damage(await framesOf(server.dataDir, hurtChannel));
  server.output = '';
  await server.start();
}

/** Bytes behind the last acknowledged record: an append that the crash cut short. Nothing may be lost. */
export async function tornTail(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const garbage = Uint8Array.from({ length: 1 + random.integer(5_000) }, () => random.integer(256));
  const tails: Readonly<Record<string, (last: Frame) => Uint8Array>> = {
    'random bytes': () => garbage,
    zeros: () => new Uint8Array(4_096),
    'part of a frame head': (last) => readFileSync(last.path).subarray(last.offset, last.offset + 20),
    'part of a record': (last) => {
      const cut = last.offset + FRAME_HEADER_BYTES + Math.floor(last.recordBytes / 2);
      return readFileSync(last.path).subarray(last.offset, cut);
    },
    'a copy of the last frame': (last) => readFileSync(last.path).subarray(last.offset, last.end),
  };
  await withBed(async (bed) => {
    for (const [name, tail] of Object.entries(tails)) {
      await damageAndStart(bed, (frames) =>
        writeAt(frames.at(-1)!.path, frames.at(-1)!.end, tail(frames.at(-1)!)),
      );
      for (const collection of [bed.hurt, bed.other]) {
        assert.deepEqual(await batchesOf(bed.server.address, collection), ALL, `${name}: ${collection}`);
      }
      // So that the next tail follows a record of the newest term again.
      const client = await connect(bed.server.address);
      await insertBatch(client, bed.hurt, 0);
      await client.closeConnection();
    }
  });
}

/** A record that others follow is damaged: its channel says so, the rest is served, and a repair gives up that record only. */
export async function damagedMiddle(): Promise<void> {
  await withBed(async (bed) => {
    const { server, hurt, other } = bed;
    let victim: Frame | undefined;
    await damageAndStart(bed, (frames) => {
      victim = frames.at(-5)!;
      flipByte(victim.path, victim.offset + FRAME_HEADER_BYTES + 100);
    });
    const { path, offset } = victim!;
    assert.deepEqual(await batchesOf(server.address, other), ALL);
    const client = await connect(server.address);
    await expectCorrupt(client, hurt, path, offset);
    await insertBatch(client, other, BATCHES);
    await client.closeConnection();

    const repair = () =>
      spawnSync(process.execPath, [COMMAND, 'repair', '--data-dir', server.dataDir], { encoding: 'utf8' });
    const refused = repair();
    assert.equal(refused.status, 1, 'a repair beside a running server is refused');
    assert.match(refused.stderr, /is in use by another server/);
    await server.stop();
    const repaired = repair();
    assert.equal(repaired.status, 0, repaired.stderr);
    assert.match(repaired.stdout, new RegExp(`gave up 1 records: \\d+ bytes at offset ${offset} of ${path}`));
    assert.match(repair().stdout, /No record of the log is damaged/);

    await server.start();
    assert.deepEqual(await batchesOf(server.address, other), [...ALL, BATCHES]);
    assert.deepEqual(await batchesOf(server.address, hurt), ALL.toSpliced(-5, 1));
  });
}

async function expectCorrupt(
  client: MilvusClient,
  collection: string,
  path: string,
  offset: number,
): Promise<void> {
  const row = rowOf(0, 0, 2);
  const replies = {
    count: await client.query({ collection_name: collection, output_fields: ['count(*)'] }),
    query: await client.query({ collection_name: collection, filter: 'id >= 0' }),
    search: await client.search({ collection_name: collection, data: [...row.vector], limit: 1 }),
    insert: await client.insert({ collection_name: collection, data: [{ ...row, vector: [...row.vector] }] }),
    delete: await client.delete({ collection_name: collection, ids: [1] }),
    flush: await client.flush({ collection_names: [collection] }),
  };
  for (const [call, reply] of Object.entries(replies)) {
    const { code, reason } = statusOf(reply);
    assert.equal(code, CORRUPT_CODE, `${call}: ${reason}`);
    assert.ok(
      reason.includes(path) && reason.includes(String(offset)),
      `${call} names file and offset: ${reason}`,
    );
  }
}

/** The last acknowledged record looks like one that was cut short: it may go, nothing else, and the log says where. */
export async function damagedLast(): Promise<void> {
  await withBed(async (bed) => {
    const { server, hurt, other } = bed;
    let last: Frame | undefined;
    await damageAndStart(bed, (frames) => {
      last = frames.at(-1)!;
      flipByte(last.path, last.offset + FRAME_HEADER_BYTES + 50);
    });
    assert.deepEqual(await batchesOf(server.address, other), ALL);
    assert.deepEqual(await batchesOf(server.address, hurt), ALL.slice(0, -1));
    const lines = server.output.split('\n').filter((line) => line.startsWith('{'));
    const warned = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ file, offset }) => file === last!.path && offset === last!.offset);
    assert.equal(warned.length, 1, `the log names ${last!.path} and ${last!.offset} once:\n${server.output}`);
  });
}
