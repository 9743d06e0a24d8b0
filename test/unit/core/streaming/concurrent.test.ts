import { expect, test } from 'vitest';
import { Storage, startRoles } from '../../../harness/roles.ts';
import { Things, turns } from '../../../harness/things.ts';
import { RandomRows } from '../segment/randomRows.ts';

const DIM = 32;
const KEYS = 3_000;
const WRITES = 160;
const READERS = 16;

/** One write: rows of a version, or deletes. */
interface Write {
  readonly keys: readonly number[];
  /** undefined = deletes. */
  readonly version: number | undefined;
  timestamp: bigint;
}

/** Writes acknowledged before the read was asked for, and those begun before its answer. */
interface Interval {
  readonly acknowledged: ReadonlySet<Write>;
  begun: ReadonlySet<Write>;
}

interface Found {
  readonly interval: Interval;
  readonly query: readonly number[] | undefined;
  readonly exact: boolean;
  readonly k: number;
  readonly rows: { readonly key: number; readonly version: number; readonly score: number }[];
}

/** Whole numbers, so that scores are exact. */
function vectorOf(key: number, version: number): number[] {
  return Array.from({ length: DIM }, (_, i) => ((key * (i + 3) + version * 7) % 23) - 11);
}

function scoreOf(query: readonly number[], key: number, version: number): number {
  return vectorOf(key, version).reduce((sum, value, i) => sum - (value - query[i]!) ** 2, 0);
}

class Workload {
  readonly collection: Things;
  readonly random = new RandomRows(1);
  readonly writes: Write[] = [];
  readonly acknowledged = new Set<Write>();
  readonly begun = new Set<Write>();
  readonly found: Found[] = [];
  isWriting = true;

  constructor(collection: Things) {
    this.collection = collection;
  }

  async write(): Promise<void> {
    const { random } = this;
    const deletes = random.int(8) === 0;
    const count = deletes ? 1 + random.int(20) : 20 + random.int(60);
    const keys = [...new Set(Array.from({ length: count }, () => random.int(KEYS)))];
    const write: Write = { keys, version: deletes ? undefined : this.writes.length, timestamp: 0n };
    this.writes.push(write);
    this.begun.add(write);
    write.timestamp =
      write.version === undefined
        ? await this.collection.remove(keys)
        : await this.collection.put(
            keys.map((key) => ({
              key,
              tag: `${write.version}`,
              vector: vectorOf(key, write.version!),
            })),
          );
    this.acknowledged.add(write);
  }

  async search(exact: boolean): Promise<void> {
    const query = vectorOf(this.random.int(KEYS), this.random.int(WRITES));
    const k = 1 + this.random.int(30);
    const interval: Interval = { acknowledged: new Set(this.acknowledged), begun: new Set() };
    const hits = await this.collection.search(query, k, exact);
    interval.begun = new Set(this.begun);
    const rows = hits.map(({ key, score, tag }) => ({ key, score, version: Number(tag) }));
    this.found.push({ interval, query, exact, k, rows });
  }

  async readAll(): Promise<void> {
    const interval: Interval = { acknowledged: new Set(this.acknowledged), begun: new Set() };
    const all = await this.collection.rows();
    interval.begun = new Set(this.begun);
    const rows = [...all].map(([key, tag]) => ({ key, version: Number(tag), score: 0 }));
    this.found.push({ interval, query: undefined, exact: true, k: rows.length, rows });
  }

  async readOn(reader: number): Promise<void> {
    for (let i = 0; this.isWriting; i++) {
      if (reader === 0 && i % 5 === 0) await this.readAll();
      else await this.search(i % 2 === 0);
    }
  }
}

/** Versions by key after each number of writes, in the order of their timestamps. */
function statesOf(writes: readonly Write[]): ReadonlyMap<number, number>[] {
  const states: Map<number, number>[] = [new Map()];
  for (const { keys, version } of writes) {
    const state = new Map(states.at(-1));
    for (const key of keys) {
      if (version === undefined) state.delete(key);
      else state.set(key, version);
    }
    states.push(state);
  }
  return states;
}

function agrees(found: Found, state: ReadonlyMap<number, number>): boolean {
  const { rows, query, exact, k } = found;
  if (rows.length !== Math.min(k, state.size)) return false;
  if (!rows.every(({ key, version }) => state.get(key) === version)) return false;
  if (query === undefined) return rows.length === state.size;
  if (!exact) return true;
  const best = [...state].map(([key, version]) => scoreOf(query, key, version)).sort((a, b) => b - a);
  return rows.every(({ score }, i) => score === best[i]);
}

function check(found: Found, writes: readonly Write[], states: readonly ReadonlyMap<number, number>[]): void {
  const { rows, query, interval } = found;
  expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
  rows.forEach(({ key, version, score }, i) => {
    if (query !== undefined) expect(score).toBe(scoreOf(query, key, version));
    if (i > 0) expect(score).toBeLessThanOrEqual(rows[i - 1]!.score);
  });
  const from = writes.findLastIndex((write) => interval.acknowledged.has(write)) + 1;
  const to = writes.findLastIndex((write) => interval.begun.has(write)) + 1;
  const moments = states.slice(from, to + 1);
  expect(moments.some((state) => agrees(found, state))).toBe(true);
}

test('reads beside writes, flushes, compactions and graph building in workers are each of one moment', async () => {
  const roles = await startRoles(new Storage(), {
    threads: 2,
    graph: 'hnsw',
    indexRowsMin: 300,
    settings: { segmentBytesMax: 400_000, snapshotRetentionMs: 0 },
  });
  const collection = await Things.create(roles, { dim: DIM, indexType: 'HNSW' });
  const work = new Workload(collection);
  await work.write();
  const readers = Array.from({ length: READERS }, (_, reader) => work.readOn(reader));
  for (let i = 0; i < WRITES; i += 4) {
    await Promise.all([work.write(), work.write(), work.write(), work.write()]);
    await turns(5);
    if (i % 32 === 16) await collection.flush();
    if (i % 48 === 32) await collection.compact();
  }
  work.isWriting = false;
  await Promise.all(readers);
  await work.readAll();

  expect(roles.errors).toEqual([]);
  const { segments } = await collection.states();
  expect(segments.some(({ state }) => state === 'Flushed')).toBe(true);
  expect(segments.some(({ indexes }) => indexes[0]!.indexedRows > 0)).toBe(true);
  const writes = [...work.writes].sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
  const states = statesOf(writes);
  expect(work.found.length).toBeGreaterThan(READERS * 5);
  for (const found of work.found) check(found, writes, states);
  await roles.streaming.stop();
  await roles.compute.close();
}, 120_000);
