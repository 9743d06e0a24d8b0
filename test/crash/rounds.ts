import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { ElanusServer } from '../../conformance/protocol/harness/elanusServer.ts';
import { SeededRandom } from '../../src/plugins/memory/seededRandom.ts';
import { COLLECTIONS, createCollection } from './collections.ts';
import { connect, expectOk } from './replies.ts';
import { verify } from './verify.ts';
import { Writer } from './writer.ts';

const WRITERS = 8;

/** Small bounds, so that sealing, flushing, truncation, graphs and compaction happen within seconds. */
const SETTINGS = {
  ELANUS_WAL_CHANNELS: '3',
  ELANUS_WAL_OPTIONS_SEGMENT_BYTES_MAX: '262144',
  ELANUS_WAL_RETAINED_BYTES_MAX: '2MiB',
  ELANUS_SEGMENT_SEAL_BYTES: '1MiB',
  ELANUS_SEGMENT_SNAPSHOT_RETENTION_MS: '200',
  ELANUS_INDEX_MIN_ROWS_TO_BUILD: '500',
  ELANUS_LOG_FORMAT: 'json',
};

export interface RoundsResult {
  readonly rounds: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly wrong: readonly string[];
}

/** Eight writers, SIGKILL at a random moment, start on the same folder, compare everything; `rounds` times. */
export async function runRounds(seed: number, rounds: number): Promise<RoundsResult> {
  const random = new SeededRandom(seed);
  const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(i, new SeededRandom(seed + 1 + i)));
  const server = new ElanusServer({ env: SETTINGS, dataDir: mkdtempSync(join(tmpdir(), 'elanus-crash-')) });
  const wrong: string[] = [];
  let done = 0;
  try {
    await server.start();
    const first = await connect(server.address);
    for (const collection of COLLECTIONS) await createCollection(first, collection);
    await first.closeConnection();
    while (done < rounds && wrong.length === 0) {
      const killAfterMs = 200 + random.integer(2_000);
      wrong.push(...(await writeUntilKilled(server, writers, random, killAfterMs)));
      const interrupted = await startAgain(server, random);
      const client = await connect(server.address);
      wrong.push(...(await verify(client, writers, random)));
      await client.closeConnection();
      done++;
      const total = writers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
      const about = interrupted === 0 ? '' : `, ${interrupted} times killed while starting`;
      console.log(`round ${done}: killed after ${killAfterMs} ms${about}; ${total} acknowledged so far`);
    }
  } catch (error) {
    wrong.push(`round ${done + 1}: ${error instanceof Error ? error.stack : String(error)}`);
  }
  await server.remove();
  if (wrong.length === 0) rmSync(server.dataDir, { recursive: true });
  else console.log(`output of the server, whose data are kept in ${server.dataDir}:\n${server.output}`);
  return {
    rounds: done,
    acknowledged: writers.reduce((sum, writer) => sum + writer.acknowledged, 0),
    unknown: writers.reduce((sum, writer) => sum + writer.unknown, 0),
    wrong,
  };
}

async function writeUntilKilled(
  server: ElanusServer,
  writers: readonly Writer[],
  random: SeededRandom,
  killAfterMs: number,
): Promise<string[]> {
  let dying = false;
  const clients = await Promise.all(
    Array.from({ length: writers.length + 1 }, () => connect(server.address)),
  );
  const work = writers.map((writer, i) => writer.run(clients[i]!, () => dying));
  work.push(housekeeping(clients.at(-1)!, new SeededRandom(random.integer(2 ** 31)), () => dying));
  await sleep(killAfterMs);
  dying = true;
  await server.kill();
  const wrong = (await Promise.all(work)).flat();
  await Promise.all(clients.map((client) => client.closeConnection()));
  return wrong;
}

/** Flushes now and then, compacts now and then, until the server dies. */
async function housekeeping(
  client: MilvusClient,
  random: SeededRandom,
  isDying: () => boolean,
): Promise<string[]> {
  for (;;) {
    await sleep(random.integer(400));
    const { name } = COLLECTIONS[random.integer(COLLECTIONS.length)]!;
    try {
      if (random.next() < 0.7) expectOk(await client.flush({ collection_names: [name] }));
      else expectOk(await client.compact({ collection_name: name }));
    } catch (error) {
      return isDying() ? [] : [`housekeeping failed before the kill: ${String(error)}`];
    }
  }
}

/** Starts the server; sometimes it is killed while it starts, even twice. Returns how often. */
async function startAgain(server: ElanusServer, random: SeededRandom): Promise<number> {
  for (let kills = 0; ; kills++) {
    if (kills === 2 || random.next() < 0.7) {
      await server.start();
      return kills;
    }
    const started = server.start().then(
      () => undefined,
      (error: unknown) => error,
    );
    await sleep(random.integer(300));
    await server.kill();
    await started;
  }
}
