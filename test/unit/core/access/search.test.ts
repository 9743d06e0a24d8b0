import { beforeAll, describe, expect, it } from 'vitest';
import { isSessionTs } from '../../../../src/core/access/consistency.ts';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { Metric } from '../../../../src/core/domain/metric.ts';
import { innerScore } from '../../../model/bruteForceShard.ts';
import { scalarColumn, valuesOf } from '../../../model/columnValues.ts';
import { hitsOfReply, intKey, STRONG, scalar, textKey, vector, World } from './fixture.ts';

const COUNT = 60;
const QUERY = [1, 0.5, -0.25, 2];
/** Few distinct vectors, so that many scores are equal. */
const vectors = Array.from({ length: COUNT }, (_, i) => [(i % 5) + 1, (i % 3) - 1, 1, (i % 2) * 2]);

async function filled(metric: Metric, shards: number, indexType = 'HNSW'): Promise<World> {
  const world = await World.make({
    shards,
    metric,
    indexType,
    dynamic: true,
    partitions: ['_default', 'odd'],
    fields: [intKey(), vector(), scalar('age', DataType.Int64)],
  });
  for (const [name, parity] of [
    ['_default', 0],
    ['odd', 1],
  ] as const) {
    const own = Array.from({ length: COUNT }, (_, i) => i).filter((i) => i % 2 === parity);
    await world.insert(
      {
        id: own.map(BigInt),
        vec: own.map((i) => vectors[i]!),
        age: own.map((i) => BigInt(i % 7)),
        $meta: own.map((i) => `{"d":${i}}`),
      },
      name,
    );
  }
  return world;
}

/** All rows as [id, wire score], best first, ties by id. */
function ranked(
  metric: Metric,
  query: readonly number[],
  keep: (id: number) => boolean = () => true,
): [number, number][] {
  const sign = metric === 'L2' ? -1 : 1;
  return vectors
    .map((values, id) => ({ id, inner: innerScore(metric, query, values) }))
    .filter(({ id }) => keep(id))
    .sort((a, b) => b.inner - a.inner || a.id - b.id)
    .map(({ id, inner }) => [id, sign * inner + 0]);
}

function pairs(reply: Parameters<typeof hitsOfReply>[0], query = 0): [number, number][] {
  const { keys, scores } = hitsOfReply(reply)[query]!;
  return keys.map((key, i) => [Number(key), scores[i]!]);
}

describe.each([
  ['L2', 1],
  ['L2', 3],
  ['IP', 3],
  ['COSINE', 1],
  ['COSINE', 4],
] as const)('search by %s over %d shards', (metric, shards) => {
  let world: World;
  beforeAll(async () => {
    world = await filled(metric, shards);
  });

  it('gives the nearest rows, best first, ties by key', async () => {
    const other = [0, 1, 0, 1];
    const reply = await world.search([QUERY, other], { params: { topk: 17 } });
    expect(pairs(reply, 0)).toEqual(ranked(metric, QUERY).slice(0, 17));
    expect(pairs(reply, 1)).toEqual(ranked(metric, other).slice(0, 17));
    expect([reply.queryCount, reply.topK, reply.primaryFieldName, reply.sessionTs > 0n]).toEqual([
      2,
      17,
      'id',
      true,
    ]);
    expect([reply.columns, reply.outputFields]).toEqual([[], []]);
  });

  it('skips the offset in each query', async () => {
    const reply = await world.search([QUERY, QUERY], { params: { topk: 5, offset: 11 } });
    for (const query of [0, 1]) expect(pairs(reply, query)).toEqual(ranked(metric, QUERY).slice(11, 16));
    const beyond = await world.search([QUERY], { params: { topk: 5, offset: 58 } });
    expect(pairs(beyond)).toEqual(ranked(metric, QUERY).slice(58));
  });

  it('filters, by templates and partitions too', async () => {
    const filter = { filter: 'age == {a} or d > 50', templates: new Map([['a', 3n]]), params: { topk: 100 } };
    expect(pairs(await world.search([QUERY], filter))).toEqual(
      ranked(metric, QUERY, (id) => id % 7 === 3 || id > 50),
    );
    const odd = await world.search([QUERY], { partitionNames: ['odd'], params: { topk: 100 } });
    expect(pairs(odd)).toEqual(ranked(metric, QUERY, (id) => id % 2 === 1));
  });

  it('gives columns of the hits in their order', async () => {
    const reply = await world.search([QUERY], {
      outputFields: ['age', 'id', 'vec'],
      params: { topk: 9, offset: 2 },
    });
    const found = ranked(metric, QUERY)
      .slice(2, 11)
      .map(([id]) => id);
    expect(reply.columns.map(({ field }) => field.name)).toEqual(['age', 'id', 'vec']);
    expect(reply.columns.map(({ column }) => valuesOf(column))).toEqual([
      found.map((id) => BigInt(id % 7)),
      found.map(BigInt),
      found.map((id) => vectors[id]),
    ]);
    const dynamic = await world.search([QUERY], { outputFields: ['d'], params: { topk: 1 } });
    expect([dynamic.outputFields, dynamic.columns[0]!.field.name]).toEqual([['d'], '$meta']);
    const all = await world.search([QUERY], { outputFields: ['*'] });
    expect(all.outputFields).toEqual(['id', 'vec', 'age', '$meta']);
  });

  it('gives empty typed columns and zero counts for no hits', async () => {
    const reply = await world.search([QUERY, QUERY], { filter: 'age > 100', outputFields: ['*'] });
    expect([[...reply.counts], reply.scores.length, reply.keys.rows]).toEqual([[0, 0], 0, 0]);
    expect(reply.columns.map(({ column }) => column.kind)).toEqual(['fixed', 'vector', 'fixed', 'bytes']);
  });

  it('searches within a range', async () => {
    const scores = [...new Set(ranked(metric, QUERY).map(([, score]) => score))];
    const [best, worst] = [scores[1]!, scores.at(-2)!];
    const inside = (score: number): boolean =>
      metric === 'L2' ? best <= score && score < worst : worst < score && score <= best;
    const params = { topk: 100, params: JSON.stringify({ radius: worst, range_filter: best }) };
    expect(pairs(await world.search([QUERY], { params }))).toEqual(
      ranked(metric, QUERY).filter(([, s]) => inside(s)),
    );
    const open = await world.search([QUERY], { params: { topk: 100, radius: worst } });
    const below = (score: number): boolean => (metric === 'L2' ? score < worst : score > worst);
    expect(pairs(open)).toEqual(ranked(metric, QUERY).filter(([, s]) => below(s)));
    await expect(
      world.search([QUERY], { params: { params: JSON.stringify({ radius: best, range_filter: worst }) } }),
    ).rejects.toMatchObject({ kind: 'Invalid', message: expect.stringContaining(`radius(${best})`) });
    await expect(world.search([QUERY], { params: { range_filter: 1 } })).rejects.toThrow(
      'range_filter [1] needs radius',
    );
  });

  it('searches by the vectors of stored rows', async () => {
    const request = world.searchRequest([QUERY], { params: { topk: 8 } });
    const keys = scalarColumn(DataType.Int64, [41n, 2n, 41n]);
    const reply = await world.access.search({ ...request, targets: { kind: 'keys', keys } });
    for (const [query, id] of [41, 2, 41].entries()) {
      expect(pairs(reply, query)).toEqual(ranked(metric, vectors[id]!).slice(0, 8));
    }
    const absent = scalarColumn(DataType.Int64, [41n, 999n]);
    await expect(
      world.access.search({ ...request, targets: { kind: 'keys', keys: absent } }),
    ).rejects.toThrow('some of the provided primary key IDs do not exist, position: 1');
    const texts = scalarColumn(DataType.VarChar, ['41']);
    await expect(world.access.search({ ...request, targets: { kind: 'keys', keys: texts } })).rejects.toThrow(
      'ids are VarChar',
    );
  });

  it.each([1, 2, 3, 7, 60, 100])(
    'iterates in batches of %d without losing or doubling rows while they change',
    async (batch) => {
      const own = await filled(metric, shards);
      const seen: [number, number][] = [];
      let state: Record<string, string> = {};
      let consistency = STRONG;
      for (let page = 0; page < 100; page++) {
        const params = {
          topk: batch,
          iterator: 'True',
          search_iter_v2: 'True',
          search_iter_batch_size: batch,
          ...state,
        };
        const reply = await own.search([QUERY], { params, consistency, outputFields: ['age'] });
        expect(isSessionTs(reply.sessionTs)).toBe(true);
        expect(reply.iterator!.token).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
        const hits = pairs(reply);
        expect(valuesOf(reply.columns[0]!.column)).toEqual(hits.map(([id]) => BigInt(id % 7)));
        if (hits.length === 0) break;
        seen.push(...hits);
        consistency = { ...STRONG, guaranteeTs: reply.sessionTs };
        state = {
          search_iter_id: reply.iterator!.token,
          search_iter_last_bound: String(reply.iterator!.lastBound),
        };
        await own.delete(`id == ${(page * 7) % COUNT}`);
        await own.insert({ id: [BigInt(1000 + page)], vec: [QUERY], age: [0n] });
      }
      expect(seen).toEqual(ranked(metric, QUERY));
    },
  );
});

describe('parameters of a search', () => {
  const failing: [Record<string, string | number | boolean>, string][] = [
    [{ topk: '' }, 'topk not found in search_params'],
    [{ topk: 0 }, 'topk [0] is invalid, it should be an integer in range [1, 16384]'],
    [{ topk: 16_385 }, 'topk [16385] is invalid'],
    [{ topk: 16_384, offset: 1 }, '(offset+limit) [16385] is invalid'],
    [{ metric_type: 'IP' }, 'metric type not match'],
    [{ anns_field: 'nope' }, 'fieldName(nope) not found'],
    [{ anns_field: 'age' }, 'anns_field age is not a vector field'],
    [{ params: '{"ef": 9}' }, 'ef(9) should be larger than k(10)'],
    [{ ef: 11, offset: 2 }, 'ef(11) should be larger than k(12)'],
    [{ ef: 1.5 }, 'ef [1.5] is invalid'],
    [{ params: '[1]' }, 'params [[1]] is invalid, it should be a JSON object'],
    [{ params: '{' }, 'params [{] is invalid JSON'],
    [{ round_decimal: 7 }, 'round_decimal [7] is invalid, it should be an integer in range [-1, 6]'],
    [{ radius: 'far' }, 'radius [far] is invalid, it should be a number'],
    [{ group_by_field: 'age' }, 'parameter group_by_field is not supported'],
    [{ order_by_fields: 'age:asc' }, 'parameter order_by_fields is not supported'],
    [{ collection_id: 6 }, 'collection_id [6]'],
    [{ search_iter_v2: true }, 'search_iter_v2 needs iterator'],
    [{ iterator: true, search_iter_v2: true, offset: 1 }, 'offset is not supported with search_iter_v2'],
    [{ iterator: true, search_iter_v2: true, search_iter_id: 'abc' }, 'search_iter_id [abc] is invalid'],
    [
      { iterator: true, search_iter_v2: true, search_iter_batch_size: 16_385 },
      'search_iter_batch_size [16385]',
    ],
  ];
  it.each(failing)('%o is refused', async (params, text) => {
    const world = await filled('L2', 1);
    const search = world.search([QUERY], { params });
    await expect(search).rejects.toMatchObject({ kind: 'Invalid', message: expect.stringContaining(text) });
  });

  it('of SDKs that send everything twice, or things of no meaning here, are taken', async () => {
    const world = await filled('L2', 2);
    const params = {
      topk: '3',
      metric_type: '',
      group_by_field: '',
      ef: '64',
      radius: '',
      level: 3,
      hints: 'iterative_filter',
      params: '{"ef":64,"level":3,"metric_type":"l2","page_retain_order":true}',
      ignore_growing: 'False',
      strict_group_size: 'False',
      group_size: 1,
      timezone: 'UTC',
    };
    expect(pairs(await world.search([QUERY], { params }))).toEqual(ranked('L2', QUERY).slice(0, 3));
  });

  it('reach the index as numbers, and FLAT means exact', async () => {
    for (const [indexType, exact] of [
      ['FLAT', true],
      ['HNSW', false],
    ] as const) {
      const world = await filled('L2', 1, indexType);
      const search = world.shards.search.bind(world.shards);
      let seen: Parameters<typeof search>[0] | undefined;
      world.shards.search = (request) => {
        seen = request;
        return search(request);
      };
      await world.search([QUERY], { params: { topk: 3, params: '{"ef":64}' } });
      expect([seen!.exact, seen!.params.ef, seen!.k]).toEqual([exact, 64, 3]);
    }
  });

  it('round scores, halves up', async () => {
    const world = await filled('COSINE', 1);
    const rounded = ranked('COSINE', QUERY)
      .slice(0, 10)
      .map(([id, s]) => [id, Math.fround(Math.floor(s * 100 + 0.5) / 100)]);
    expect(pairs(await world.search([QUERY], { params: { round_decimal: 2 } }))).toEqual(rounded);
  });

  it('check the vectors', async () => {
    const world = await filled('L2', 1);
    await expect(world.search([[1, 2, 3]])).rejects.toThrow(
      'vector dimension mismatch, expected vector size(byte) 16, actual 12',
    );
    await expect(world.search([])).rejects.toThrow('nq [0] is invalid');
    await expect(world.search([[1, 2, Number.NaN, 4]])).rejects.toThrow(
      "value 'NaN' is not a number or infinity",
    );
    const iterator = { iterator: true, search_iter_v2: true };
    await expect(world.search([QUERY, QUERY], { params: iterator })).rejects.toThrow(
      'takes one vector, nq [2]',
    );
  });

  it('must name the field when there are several', async () => {
    const world = await World.make({ fields: [textKey(), vector('a'), vector('b', 2)] });
    await world.insert({
      id: ['x', 'y'],
      a: [QUERY, [9, 9, 9, 9]],
      b: [
        [5, 5],
        [0, 0],
      ],
    });
    await expect(world.search([QUERY])).rejects.toThrow('multiple anns_fields exist');
    expect(hitsOfReply(await world.search([[0, 1]], { params: { anns_field: 'b' } }))[0]!.keys).toEqual([
      'y',
      'x',
    ]);
  });

  it('are known under the names of V1 iterators', async () => {
    const world = await filled('L2', 3);
    const first = await world.search([QUERY], { params: { topk: 4, iterator: 'True' } });
    const [last] = pairs(first).slice(-1);
    const same = ranked('L2', QUERY)
      .filter(([, s]) => s === last![1])
      .map(([id]) => id)
      .filter((id) => pairs(first).some(([seen]) => seen === id));
    await world.delete(`id not in [${pairs(first).map(([id]) => id)}]`);
    const second = await world.search([QUERY], {
      filter: `id not in [${same}]`,
      params: {
        topk: 100,
        iterator: 'True',
        params: JSON.stringify({ radius: 1e9, range_filter: last![1] }),
      },
      consistency: { ...STRONG, guaranteeTs: first.sessionTs },
    });
    expect(second.iterator).toBeUndefined();
    expect([...pairs(first), ...pairs(second)]).toEqual(ranked('L2', QUERY));
  });
});
