import { setTimeout as sleep } from 'node:timers/promises';
import { DataType, type MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ElanusServer } from '../harness/elanusServer.ts';
import { connect, countOf, ok } from './client.ts';
import { loadPackages, PACKAGE_DIM, type PackageMetric } from './packages.ts';

const NAME = 'packages';
const BATCH = 1_000;
const EXTRA_ID = 1_000_000;
const WITHIN = 1e-5;
/** The same vectors in four fields: a graph a metric, and an exact scan. */
const METRICS: readonly PackageMetric[] = ['COSINE', 'IP', 'L2'];
const EXACT_FIELD = 'exact';
const VECTOR_FIELDS: readonly string[] = [...METRICS, EXACT_FIELD];
/** Of 500: queries that an exact scan answers, and those that a graph answers between the first and the last stage. */
const EXACT_QUERIES = 50;
const SOME_QUERIES = 100;

const packages = loadPackages();
const server = new ElanusServer();
let client: MilvusClient;

interface Hit {
  readonly id: string;
  readonly score: number;
}

beforeAll(async () => {
  console.log(`runs on ${packages.where}: ${packages.rows.length} rows`);
  await server.start();
  client = await connect(server.address);
});
afterAll(async () => {
  await client.closeConnection();
  await server.remove();
});

async function create(): Promise<void> {
  const text = (name: string, max_length: number) =>
    ({ name, data_type: DataType.VarChar, max_length }) as const;
  ok(
    await client.createCollection({
      collection_name: NAME,
      consistency_level: 'Strong',
      fields: [
        { name: 'id', data_type: DataType.Int64, is_primary_key: true },
        text('name', 200),
        text('section', 100),
        text('arch', 20),
        text('priority', 20),
        { name: 'size', data_type: DataType.Int64 },
        { name: 'installed_kb', data_type: DataType.Int64 },
        {
          name: 'tags',
          data_type: DataType.Array,
          element_type: DataType.VarChar,
          max_capacity: 100,
          max_length: 200,
        },
        ...VECTOR_FIELDS.map(
          (name) => ({ name, data_type: DataType.FloatVector, dim: PACKAGE_DIM }) as const,
        ),
      ],
    }),
  );
}

async function write(kind: 'insert' | 'upsert', from: number, to: number, idOffset = 0): Promise<void> {
  for (let first = from; first < to; first += BATCH) {
    const data = packages.rows.slice(first, Math.min(first + BATCH, to)).map((row) => ({
      id: row.id + idOffset,
      name: row.name,
      section: row.section,
      arch: row.arch,
      priority: row.priority,
      size: row.size,
      installed_kb: row.installed_kb,
      tags: [...row.tags],
      ...vectorsOf(row.id),
    }));
    ok(await client[kind]({ collection_name: NAME, data }));
  }
}

function vectorsOf(id: number): Record<string, number[]> {
  const vector = packages.vector(id);
  return Object.fromEntries(VECTOR_FIELDS.map((name) => [name, vector]));
}

async function index(
  field_name: string,
  index_type: 'FLAT' | 'HNSW',
  metric_type: PackageMetric,
): Promise<void> {
  const field = { collection_name: NAME, field_name, index_name: field_name };
  const params = index_type === 'HNSW' ? { M: 16, efConstruction: 200 } : {};
  ok(await client.createIndex({ ...field, index_type, metric_type, params }));
}

/** Replaces the exact field's index by one for another metric. */
async function indexExact(metric: PackageMetric): Promise<void> {
  const field = { collection_name: NAME, field_name: EXACT_FIELD, index_name: EXACT_FIELD };
  ok(await client.releaseCollection({ collection_name: NAME }));
  ok(await client.dropIndex(field));
  await index(EXACT_FIELD, 'FLAT', metric);
  ok(await client.loadCollectionSync({ collection_name: NAME }));
}

async function untilIndexed(): Promise<void> {
  for (;;) {
    const { index_descriptions } = ok(await client.describeIndex({ collection_name: NAME }));
    if (index_descriptions.every(({ state }) => state === 'Finished')) return;
    await sleep(100);
  }
}

async function search(
  anns_field: string,
  count: number,
  limit: number,
  params: Record<string, number>,
  filter = '',
): Promise<Hit[][]> {
  const found: Hit[][] = [];
  for (let first = 0; first < count; first += 100) {
    const data = packages.queries.slice(first, Math.min(first + 100, count));
    const asked = { collection_name: NAME, anns_field, data, limit };
    const request = { ...asked, params, filter, output_fields: ['id'] };
    found.push(...(ok(await client.search(request)).results as unknown as Hit[][]));
  }
  return found;
}

/** The share of hits that are as good as the exact answer on the last place; every score must be that of its row. */
function recall(
  metric: PackageMetric,
  hits: readonly (readonly Hit[])[],
  lastId: (query: number) => number,
): number {
  let right = 0;
  let all = 0;
  for (const [query, found] of hits.entries()) {
    const bar = packages.score(metric, query, lastId(query));
    expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
    for (const { id, score } of found) {
      const exact = packages.score(metric, query, Number(id));
      if (Math.abs(exact - score) > 1e-4)
        expect.fail(`query ${query}: id ${id} has score ${exact}, not ${score}`);
      if (metric === 'L2' ? exact <= bar + WITHIN : exact >= bar - WITHIN) right++;
      all++;
    }
  }
  return right / all;
}

async function checkExact(metric: PackageMetric): Promise<void> {
  const count = Math.min(EXACT_QUERIES, packages.queries.length);
  const hits = await search(EXACT_FIELD, count, 100, {});
  expect(hits.map((found) => found.length)).toEqual(Array(count).fill(100));
  expect(
    recall(metric, hits, (query) => packages.exactId(metric, query, 99)),
    metric,
  ).toBe(1);
}

async function checkGraph(metric: PackageMetric, queriesMax: number): Promise<void> {
  const count = Math.min(queriesMax, packages.queries.length);
  for (const [params, least] of [
    [{ ef: 64 }, 0.98],
    [{}, 0.95],
  ] as const) {
    const hits = await search(metric, count, 10, params);
    expect(hits.map((found) => found.length)).toEqual(Array(count).fill(10));
    const share = recall(metric, hits, (query) => packages.exactId(metric, query, 9));
    expect(share, `${metric} ${JSON.stringify(params)}`).toBeGreaterThanOrEqual(least);
  }
}

/** As many rows as match, never fewer hits than exist, and the right ones. */
async function checkFiltered(field: string, least: number): Promise<void> {
  for (const { filter, count, ids } of packages.filtered) {
    expect(await countOf(client, NAME, filter), filter).toBe(count);
    const expected = Math.min(10, count);
    const hits = await search(field, ids.length, 10, { ef: 64 }, filter);
    if (expected === 0) {
      expect(hits.flat()).toEqual([]);
      continue;
    }
    expect(new Set(hits.map((found) => found.length)), filter).toEqual(new Set([expected]));
    expect(hits).toHaveLength(ids.length);
    const share = recall('COSINE', hits, (query) => ids[query]!.at(-1)!);
    expect(share, filter).toBeGreaterThanOrEqual(least);
  }
}

async function checkAll(queriesMax = SOME_QUERIES): Promise<void> {
  expect(await countOf(client, NAME)).toBe(packages.rows.length);
  const { data } = ok(await client.getCollectionStatistics({ collection_name: NAME }));
  expect(data.row_count).toBe(String(packages.rows.length));
  for (const metric of METRICS) await checkGraph(metric, queriesMax);
  await checkExact('COSINE');
  await checkFiltered('COSINE', 0.98);
}

async function restart(end: 'stop' | 'kill'): Promise<void> {
  await client.closeConnection();
  await server[end]();
  await server.start();
  client = await connect(server.address);
}

test('the packages: recall with HNSW by three metrics, exact with FLAT, filters; at every stage', async () => {
  const count = packages.rows.length;
  await create();
  for (const metric of METRICS) await index(metric, 'HNSW', metric);
  await index(EXACT_FIELD, 'FLAT', 'COSINE');
  ok(await client.loadCollectionSync({ collection_name: NAME }));
  await write('insert', 0, count);
  // Rows that would be the best answers to everything, deleted again; and rows that are replaced by themselves.
  await write('insert', 0, BATCH, EXTRA_ID);
  ok(await client.delete({ collection_name: NAME, filter: `id >= ${EXTRA_ID}` }));
  await write('upsert', 0, BATCH);
  await checkAll(packages.queries.length);

  ok(await client.flush({ collection_names: [NAME] }));
  await checkAll();
  await untilIndexed();
  await checkAll();

  const { compactionID } = ok(await client.compact({ collection_name: NAME }));
  while (String(ok(await client.getCompactionState({ compactionID })).state) !== 'Completed') await sleep(50);
  await untilIndexed();
  await checkAll();

  await restart('stop');
  await checkAll();
  await restart('kill');
  await checkAll(packages.queries.length);
});

test('the packages: exact by the other metrics and under filters, by building the index anew', async () => {
  await checkFiltered(EXACT_FIELD, 1);
  for (const metric of ['IP', 'L2'] as const) {
    await indexExact(metric);
    await checkExact(metric);
  }
  await restart('kill');
  await checkExact('L2');
});
