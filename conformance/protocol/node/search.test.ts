import { DataType, type MilvusClient, RRFRanker, WeightedRanker } from '@zilliz/milvus2-sdk-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ElanusServer } from '../harness/elanusServer.ts';
import { connect, createCollection, fault, ok, rowsOf, vectorOf } from './client.ts';

const ROWS = 500;
const server = new ElanusServer();
let client: MilvusClient;

beforeAll(async () => {
  await server.start();
  client = await connect(server.address);
  const fields = [
    { name: 'group', data_type: DataType.Int32 },
    { name: 'other', data_type: DataType.FloatVector, dim: 2 },
  ];
  for (const metric of ['L2', 'IP', 'COSINE'] as const) {
    ok(
      await client.createCollection({
        collection_name: metric,
        shards_num: 2,
        consistency_level: 'Strong',
        fields: [
          { name: 'id', data_type: DataType.Int64, is_primary_key: true },
          { name: 'vector', data_type: DataType.FloatVector, dim: 4 },
          ...fields,
        ],
        index_params: [
          { field_name: 'vector', index_type: 'FLAT', metric_type: metric },
          {
            field_name: 'other',
            index_type: 'HNSW',
            metric_type: 'L2',
            params: { M: 8, efConstruction: 64 },
          },
        ],
      }),
    );
    const data = rowsOf(0, ROWS, { group: (id) => id % 5, other: (id) => [id, -id] });
    ok(await client.insert({ collection_name: metric, data }));
  }
});
afterAll(async () => {
  await client.closeConnection();
  await server.remove();
});

function scoreOf(metric: string, a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  if (metric === 'L2') return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
  return metric === 'IP' ? dot(a, b) : dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** Ids and scores of the rows that fit, best first. */
function exact(metric: string, query: readonly number[], fits: (id: number) => boolean = () => true) {
  const ids = [...Array(ROWS).keys()].filter(fits);
  const scored = ids.map((id) => ({ id, score: scoreOf(metric, query, vectorOf(id)) }));
  return scored.sort((a, b) => (metric === 'L2' ? a.score - b.score : b.score - a.score) || a.id - b.id);
}

const QUERY = [100.25, 1, 3, 0];

test.each(['L2', 'IP', 'COSINE'])('%s: scores are those of the metric, best first', async (metric) => {
  const { results: hits } = ok(
    await client.search({
      collection_name: metric,
      anns_field: 'vector',
      data: QUERY,
      limit: 20,
      output_fields: ['id'],
    }),
  );
  const wanted = exact(metric, QUERY).slice(0, 20);
  const closeTo = wanted.map(({ score }) => expect.closeTo(score, metric === 'COSINE' ? 5 : 1));
  expect(hits.map(({ score }) => score)).toEqual(closeTo);
  expect(hits.map(({ id }) => scoreOf(metric, QUERY, vectorOf(Number(id))))).toEqual(closeTo);
});

test('several queries, filter, offset, output fields', async () => {
  const queries = [QUERY, vectorOf(7), vectorOf(499)];
  const { results } = ok(
    await client.search({
      collection_name: 'L2',
      anns_field: 'vector',
      data: queries,
      filter: 'group in {groups}',
      exprValues: { groups: [1, 3] },
      limit: 4,
      offset: 2,
      output_fields: ['id', 'group', 'vector'],
    }),
  );
  for (const [i, query] of queries.entries()) {
    const wanted = exact('L2', query, (id) => [1, 3].includes(id % 5)).slice(2, 6);
    expect((results as unknown as object[][])[i]).toEqual(
      wanted.map(({ id, score }) => ({ id: String(id), score, group: id % 5, vector: vectorOf(id) })),
    );
  }
});

test('search by ids: the vectors of the rows are asked for', async () => {
  const { results } = ok(
    await client.search({
      collection_name: 'L2',
      anns_field: 'vector',
      ids: ['9', '20'],
      limit: 1,
      output_fields: ['id'],
    }),
  );
  const found = (results as unknown as { id: string; score: number }[][]).flat();
  expect(found.map(({ id, score }) => [id, score])).toEqual([
    ['9', 0],
    ['20', 0],
  ]);
});

test('a range search returns what lies between the bounds', async () => {
  const { results } = ok(
    await client.search({
      collection_name: 'L2',
      anns_field: 'vector',
      data: QUERY,
      limit: 100,
      params: { radius: 30, range_filter: 5 },
      output_fields: ['id'],
    }),
  );
  const wanted = exact('L2', QUERY).filter(({ score }) => score >= 5 && score < 30);
  expect(wanted.length).toBeGreaterThan(3);
  expect(results.map(({ id }) => Number(id))).toEqual(wanted.map(({ id }) => id));
});

test('hybrid search: RRF and weights over two fields', async () => {
  const data = [
    { anns_field: 'vector', data: vectorOf(50), expr: 'group == 0' },
    { anns_field: 'other', data: [52, -52], expr: 'group == 0', params: { ef: 32 } },
  ];
  const byRank = ok(
    await client.search({
      collection_name: 'L2',
      data,
      rerank: RRFRanker(60),
      limit: 3,
      output_fields: ['id'],
    }),
  );
  expect(byRank.results.map(({ id }) => id)).toEqual(['50', '45', '55']);
  expect(byRank.results[0]!.score).toBeCloseTo(2 / 61, 6);
  const one = (id: number) => ({ anns_field: 'vector', data: QUERY, expr: `id == ${id}` });
  const weighted = ok(
    await client.search({
      collection_name: 'IP',
      data: [one(2), one(100)],
      rerank: WeightedRanker([0.9, 0.001]),
      limit: 2,
      output_fields: ['id'],
    }),
  );
  const score = (id: number, weight: number) =>
    expect.closeTo(weight * scoreOf('IP', QUERY, vectorOf(id)), 3);
  expect(weighted.results).toEqual([
    { id: '2', score: score(2, 0.9) },
    { id: '100', score: score(100, 0.001) },
  ]);
});

test('a query iterator goes over every row once', async () => {
  const seen: number[] = [];
  const iterator = await client.queryIterator({
    collection_name: 'L2',
    filter: 'group != 2',
    batchSize: 37,
    output_fields: ['id'],
  });
  for await (const batch of iterator) {
    expect(batch.length).toBeLessThanOrEqual(37);
    seen.push(...batch.map(({ id }: { id: string }) => Number(id)));
  }
  expect(seen).toEqual([...Array(ROWS).keys()].filter((id) => id % 5 !== 2));
});

test.each(['L2', 'COSINE'])('a search iterator goes over all rows from best to worst: %s', async (metric) => {
  const seen: { id: string; score: number }[] = [];
  const iterator = await client.searchIterator({
    collection_name: metric,
    anns_field: 'vector',
    data: QUERY,
    batchSize: 60,
    output_fields: ['id'],
    filter: 'id < 400',
  });
  for await (const batch of iterator) seen.push(...batch);
  const wanted = exact(metric, QUERY, (id) => id < 400);
  expect(new Set(seen.map(({ id }) => id)).size).toBe(400);
  expect(seen).toHaveLength(400);
  const inOrder = seen.map(({ score }) => score);
  expect(inOrder).toEqual(inOrder.toSorted((a, b) => (metric === 'L2' ? a - b : b - a)));
  const closeTo = wanted.map(({ score }) => expect.closeTo(score, metric === 'COSINE' ? 5 : 1));
  expect(inOrder).toEqual(closeTo);
});

test('the pages of a search iterator are of one moment', async () => {
  await createCollection(client, 'moment');
  ok(await client.insert({ collection_name: 'moment', data: rowsOf(0, 100) }));
  const iterator = await client.searchIterator({
    collection_name: 'moment',
    data: vectorOf(0),
    batchSize: 25,
    output_fields: ['id'],
  });
  const seen: string[] = [];
  for await (const batch of iterator) {
    seen.push(...batch.map(({ id }: { id: string }) => id));
    ok(await client.delete({ collection_name: 'moment', filter: `id % 3 == ${seen.length % 3}` }));
    ok(await client.upsert({ collection_name: 'moment', data: rowsOf(90, 130) }));
  }
  expect(seen.map(Number).toSorted((a, b) => a - b)).toEqual([...Array(100).keys()]);
});

test('the next search sees the last write', async () => {
  await createCollection(client, 'fresh', { index: 'HNSW' });
  for (let id = 0; id < 30; id++) {
    ok(await client.insert({ collection_name: 'fresh', data: rowsOf(id, id + 1) }));
    const search = { collection_name: 'fresh', data: vectorOf(id), limit: 1, output_fields: ['id'] };
    expect(ok(await client.search(search)).results).toEqual([{ id: String(id), score: 0 }]);
    if (id % 3 !== 0) continue;
    ok(await client.delete({ collection_name: 'fresh', ids: [id] }));
    const hits = ok(await client.search({ ...search, limit: 10 })).results;
    expect(hits.map((hit) => hit.id)).not.toContain(String(id));
  }
});

test('wrong searches say what is wrong', async () => {
  const search = (more: object) =>
    fault(client.search({ collection_name: 'L2', anns_field: 'vector', data: QUERY, limit: 5, ...more }));
  expect(await search({ data: [1, 2, 3] })).toMatch(/dim/);
  expect(await search({ limit: 20_000 })).toMatch(/20000.*16384|16384/);
  expect(await search({ metric_type: 'IP' })).toMatch(/^1100 .*metric/);
  expect(await search({ anns_field: 'other', data: [1, 2], limit: 50, params: { ef: 10 } })).toMatch(
    /ef.*10.*50/,
  );
  expect(await search({ output_fields: ['nothing'] })).toMatch(/nothing/);
  expect(await search({ filter: 'group ~ 3' })).toMatch(/^1100 /);
});
