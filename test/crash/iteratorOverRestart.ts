import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { ElanusServer } from '../../conformance/protocol/harness/elanusServer.ts';
import { SeededRandom } from '../../src/plugins/memory/seededRandom.ts';
import { createCollection } from './collections.ts';
import { type Page, PageReader, type SearchPage } from './pages.ts';
import { readWriter } from './readBack.ts';
import { connect, expectOk } from './replies.ts';
import { keyOf, rowOf, SLOTS, vectorOf } from './rows.ts';
import { differences, type Versions } from './writerModel.ts';

const PAGES = 100;
const PAGE_ROWS = 10;
const COLLECTION = { name: 'paged', shards: 2 };
const WRITER = 0;

/** A server that comes back under its address, a client, and the rows that must be there now. */
class Bed {
  readonly server: ElanusServer;
  readonly random: SeededRandom;
  readonly rows = new Map<number, number>();
  client!: MilvusClient;
  #version = 0;
  #port = 0;

  constructor(server: ElanusServer, random: SeededRandom) {
    this.server = server;
    this.random = random;
  }

  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    await this.server.start(['--port', String(this.#port)]);
    this.client = await connect(this.server.address);
  }

  async restart(): Promise<void> {
    await this.client.closeConnection();
    await this.server.kill();
    await this.start();
  }

  async upsert(slots: readonly number[]): Promise<void> {
    for (const slot of slots) this.rows.set(slot, ++this.#version);
    const data = slots.map((slot) => {
      const row = rowOf(WRITER, slot, this.rows.get(slot)!);
      return { ...row, vector: [...row.vector] };
    });
    expectOk(await this.client.upsert({ collection_name: COLLECTION.name, data }));
  }

  /** What happens between two pages. */
  async disturb(page: number): Promise<void> {
    const some = () => [...new Set(Array.from({ length: 20 }, () => this.random.integer(SLOTS)))];
    await this.upsert(some());
    const gone = some().slice(0, 10);
    for (const slot of gone) this.rows.delete(slot);
    const ids = gone.map((slot) => keyOf(WRITER, slot));
    expectOk(await this.client.delete({ collection_name: COLLECTION.name, ids }));
    if (page % 7 === 0) expectOk(await this.client.flush({ collection_names: [COLLECTION.name] }));
    if (page % 30 === 20) await this.#compact();
    if (page % 40 === 35) await this.restart();
  }

  async #compact(): Promise<void> {
    const { compactionID } = expectOk(await this.client.compact({ collection_name: COLLECTION.name }));
    for (;;) {
      const { state } = expectOk(await this.client.getCompactionState({ compactionID }));
      if (String(state) === 'Completed') return;
    }
  }
}

async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address() as { port: number };
    probe.close(() => resolve(port));
  });
  return promise;
}

/**
 * A query iterator and a search iterator of PAGES pages; between two pages rows are replaced and deleted, the collection
 * is flushed and compacted and the server killed and started. Both return the rows as they were at the first page.
 */
export async function iteratorOverRestart(seed: number): Promise<void> {
  const server = new ElanusServer({ env: { ELANUS_INDEX_MIN_ROWS_TO_BUILD: '300' } });
  const bed = new Bed(server, new SeededRandom(seed));
  const reader = () => new PageReader(server.address, COLLECTION.name);
  try {
    await bed.start();
    await createCollection(bed.client, COLLECTION);
    const all = Array.from({ length: SLOTS }, (_, slot) => slot);
    await bed.upsert(all);
    await bed.upsert(all.filter((slot) => slot % 3 === 0));
    await queryPages(bed, reader());
    await bed.upsert(all);
    await searchPages(bed, reader());
    const { versions, problems } = await readWriter(bed.client, COLLECTION.name, WRITER);
    assert.deepEqual([...problems, ...differences(bed.rows, versions)], [], 'the rows after all of it');
    await bed.client.closeConnection();
  } catch (error) {
    console.log(`output of the server:\n${server.output.slice(-20_000)}`);
    throw error;
  } finally {
    await server.remove();
  }
}

async function queryPages(bed: Bed, reader: PageReader): Promise<void> {
  const expected = new Map(bed.rows);
  const found = new Map<number, number>();
  let after = -1;
  let sessionTs = 0n;
  for (let page = 0; page < PAGES; page++) {
    const rows = await reader.query(after, PAGE_ROWS, sessionTs);
    assert.equal(rows.ids.length, PAGE_ROWS, `page ${page} is full`);
    sessionTs = rows.sessionTs;
    collect(rows, found);
    after = rows.ids.at(-1)!;
    await bed.disturb(page);
  }
  assert.deepEqual((await reader.query(after, PAGE_ROWS, sessionTs)).ids, [], 'nothing behind the last page');
  reader.close();
  expectSnapshot('query iterator', expected, found);
}

async function searchPages(bed: Bed, reader: PageReader): Promise<void> {
  const expected = new Map(bed.rows);
  const found = new Map<number, number>();
  const query = vectorOf(1, 1);
  let last: SearchPage | undefined;
  for (let page = 0; page < PAGES; page++) {
    const rows: SearchPage = await reader.search(query, PAGE_ROWS, last);
    const scores = [...(last?.scores.slice(-1) ?? []), ...rows.scores];
    assert.deepEqual(
      scores,
      scores.toSorted((a, b) => a - b),
      `page ${page} goes on behind the one before`,
    );
    collect(rows, found);
    last = rows;
    await bed.disturb(page);
  }
  assert.deepEqual((await reader.search(query, PAGE_ROWS, last)).ids, [], 'nothing behind the last page');
  reader.close();
  expectSnapshot('search iterator', expected, found);
}

function collect({ ids, versions }: Page, found: Map<number, number>): void {
  for (const [i, id] of ids.entries()) {
    const slot = id - keyOf(WRITER, 0);
    assert.ok(!found.has(slot), `key ${id} comes once`);
    found.set(slot, versions[i]!);
  }
}

function expectSnapshot(name: string, expected: Versions, found: Versions): void {
  assert.deepEqual(differences(expected, found).slice(0, 10), [], name);
}
