import { setTimeout as sleep } from 'node:timers/promises';
import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import type { ElanusServer } from '../../conformance/protocol/harness/elanusServer.ts';
import { SeededRandom } from '../../src/plugins/memory/seededRandom.ts';
import { COLLECTIONS, createCollection } from './collections.ts';
import { connect, expectOk } from './replies.ts';
import { verify } from './verify.ts';
import { type Course, Writer } from './writer.ts';

const WRITERS = 8;

/** Small bounds, so that sealing, flushing, truncation, graphs and compaction happen within seconds. */
export const SMALL_BOUNDS = {
  ELANUS_WAL_CHANNELS: '3',
  ELANUS_WAL_RETAINED_BYTES_MAX: '2MiB',
  ELANUS_SEGMENT_SEAL_BYTES: '1MiB',
  ELANUS_SEGMENT_SNAPSHOT_RETENTION_MS: '200',
  ELANUS_INDEX_MIN_ROWS_TO_BUILD: '500',
  ELANUS_LOG_FORMAT: 'json',
};

/** Eight writers with a model each, on whatever server stands behind; everything random comes from the seed. */
export class Workload {
  readonly random: SeededRandom;
  readonly #writers: readonly Writer[];

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.#writers = Array.from({ length: WRITERS }, (_, i) => new Writer(i, new SeededRandom(seed + 1 + i)));
  }

  get acknowledged(): number {
    return this.#writers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  get unknown(): number {
    return this.#writers.reduce((sum, { unknown }) => sum + unknown, 0);
  }

  async createCollections(server: ElanusServer): Promise<void> {
    const client = await connect(server.address);
    for (const collection of COLLECTIONS) await createCollection(client, collection);
    await client.closeConnection();
  }

  /**
   * Writes for `aliveMs`, then through `outage`, in which calls may be refused, then kills the server. Resolves with what was
   * wrong before the outage or the kill.
   */
  writeUntilKilled(server: ElanusServer, aliveMs: number, outage?: () => Promise<void>): Promise<string[]> {
    const end = async () => {
      await outage?.();
      await server.kill();
    };
    return this.#write(server, aliveMs, end, outage !== undefined);
  }

  /** The same, but the server lives on. */
  writeThrough(server: ElanusServer, aliveMs: number, outage: () => Promise<void>): Promise<string[]> {
    return this.#write(server, aliveMs, outage, true);
  }

  async #write(
    server: ElanusServer,
    aliveMs: number,
    end: () => Promise<void>,
    mayRefuse: boolean,
  ): Promise<string[]> {
    let [dying, over] = [false, false];
    const course: Course = { isDying: () => dying, isOver: () => over, mayRefuse };
    const clients = await Promise.all(
      Array.from({ length: this.#writers.length + 1 }, () => connect(server.address)),
    );
    const work = this.#writers.map((writer, i) => writer.run(clients[i]!, course));
    work.push(housekeeping(clients.at(-1)!, new SeededRandom(this.random.integer(2 ** 31)), course));
    await sleep(aliveMs);
    dying = true;
    await end();
    over = true;
    const wrong = (await Promise.all(work)).flat();
    await Promise.all(clients.map((client) => client.closeConnection()));
    return wrong;
  }

  /** Compares every row with the models. */
  async compare(server: ElanusServer): Promise<string[]> {
    const client = await connect(server.address);
    const wrong = await verify(client, this.#writers, this.random);
    await client.closeConnection();
    return wrong;
  }
}

/** Flushes now and then, compacts now and then, until the server dies or it is over. */
async function housekeeping(
  client: MilvusClient,
  random: SeededRandom,
  { isDying, isOver }: Course,
): Promise<string[]> {
  while (!isOver()) {
    await sleep(random.integer(400));
    const { name } = COLLECTIONS[random.integer(COLLECTIONS.length)]!;
    try {
      if (random.next() < 0.7) expectOk(await client.flush({ collection_names: [name] }));
      else expectOk(await client.compact({ collection_name: name }));
    } catch (error) {
      return isDying() ? [] : [`housekeeping failed before the kill: ${String(error)}`];
    }
  }
  return [];
}
