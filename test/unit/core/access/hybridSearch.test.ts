import { beforeAll, describe, expect, it } from 'vitest';
import type { SearchReply } from '../../../../src/core/access/requests.ts';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { Metric } from '../../../../src/core/domain/metric.ts';
import { innerScore } from '../../../model/bruteForceShard.ts';
import { valuesOf } from '../../../model/columnValues.ts';
import { hitsOfReply, intKey, keyValues, NO_TEMPLATES, STRONG, scalar, vector, World } from './fixture.ts';

const COUNT = 40;
const left = Array.from({ length: COUNT }, (_, i) =>
  [Math.sin(i), Math.cos(i), (i % 4) / 4, 1].map(Math.fround),
);
const right = Array.from({ length: COUNT }, (_, i) =>
  [((i * 7) % 11) / 11, 1 - (i % 5) / 5].map(Math.fround),
);
const QUERIES = {
  a: [
    [1, 0, 0.5, 1],
    [0, 1, 1, 0],
  ],
  b: [
    [1, 1],
    [0.25, -1],
  ],
};

interface Leg {
  readonly field: 'a' | 'b';
  readonly topk: number;
  readonly filter?: string;
  readonly params?: Record<string, string | number>;
}

class Hybrid {
  readonly world: World;
  readonly metrics: Readonly<Record<'a' | 'b', Metric>>;

  constructor(world: World, metrics: Readonly<Record<'a' | 'b', Metric>>) {
    this.world = world;
    this.metrics = metrics;
  }

  static async make(a: Metric, b: Metric, shards = 3): Promise<Hybrid> {
    const fields = [intKey(), vector('a'), vector('b', 2), scalar('age', DataType.Int64)];
    const world = await World.make({ fields, shards });
    const indexes = world.collection.indexes.map((index) => ({
      ...index,
      metric: index.fieldName === 'a' ? a : b,
    }));
    await world.change({ indexes });
    const ids = Array.from({ length: COUNT }, (_, i) => BigInt(i));
    await world.insert({ id: ids, a: left, b: right, age: ids.map((id) => id % 3n) });
    return new Hybrid(world, { a, b });
  }

  run(
    legs: readonly Leg[],
    rank: Record<string, unknown>,
    outputFields: string[] = [],
  ): Promise<SearchReply> {
    const searches = legs.map(({ field, topk, filter, params }) =>
      this.world.searchRequest(QUERIES[field], {
        filter: filter ?? '',
        params: { anns_field: field, topk, ...params },
      }),
    );
    return this.world.access.hybridSearch({
      databaseName: 'default',
      collectionName: 'c',
      searches,
      partitionNames: [],
      outputFields,
      consistency: STRONG,
      rankParams: keyValues(rank),
    });
  }

  /** The hits of one leg and query as [id, wire score], best first. */
  legHits({ field, topk }: Leg, query: number, keep: (id: number) => boolean): [number, number][] {
    const metric = this.metrics[field];
    return (field === 'a' ? left : right)
      .map((values, id) => ({ id, inner: innerScore(metric, QUERIES[field][query]!, values) }))
      .filter(({ id }) => keep(id))
      .sort((x, y) => y.inner - x.inner || x.id - y.id)
      .slice(0, topk)
      .map(({ id, inner }) => [id, metric === 'L2' ? -inner : inner]);
  }

  expected(
    legs: readonly Leg[],
    query: number,
    add: (leg: number, rank: number, score: number) => number,
    ascending = false,
  ) {
    const sums = new Map<number, number>();
    for (const [leg, spec] of legs.entries()) {
      const keep = spec.filter === undefined ? () => true : (id: number) => id % 3 === 1;
      for (const [i, [id, score]] of this.legHits(spec, query, keep).entries()) {
        sums.set(id, (sums.get(id) ?? 0) + add(leg, i + 1, score));
      }
    }
    const sign = ascending ? 1 : -1;
    return [...sums]
      .sort((x, y) => sign * (x[1] - y[1]) || x[0] - y[0])
      .map(([id, sum]) => [id, Math.fround(sum)]);
  }
}

function pairs(reply: SearchReply, query: number): [number, number][] {
  const { keys, scores } = hitsOfReply(reply)[query]!;
  return keys.map((key, i) => [Number(key), scores[i]!]);
}

const legs: readonly Leg[] = [
  { field: 'a', topk: 15 },
  { field: 'b', topk: 12 },
];

describe('reciprocal rank fusion', () => {
  let hybrid: Hybrid;
  beforeAll(async () => {
    hybrid = await Hybrid.make('L2', 'IP');
  });

  it.each([
    [{}, 60],
    [{ strategy: 'rrf', params: '{"k": 5}' }, 5],
  ] as const)('%o', async (rank, k) => {
    const reply = await hybrid.run(legs, { ...rank, limit: 10 });
    for (const query of [0, 1]) {
      expect(pairs(reply, query)).toEqual(
        hybrid.expected(legs, query, (_leg, place) => 1 / (k + place)).slice(0, 10),
      );
    }
    expect([reply.queryCount, reply.topK, reply.sessionTs > 0n]).toEqual([2, 10, true]);
  });

  it('with filters, offset and columns', async () => {
    const filtered = [legs[0]!, { ...legs[1]!, filter: 'age == 1' }];
    const reply = await hybrid.run(filtered, { limit: 6, offset: 4, round_decimal: 3 }, ['age', 'b']);
    for (const query of [0, 1]) {
      const whole = hybrid.expected(filtered, query, (_leg, place) => 1 / (60 + place)).slice(4, 10);
      expect(pairs(reply, query).map(([id]) => id)).toEqual(whole.map(([id]) => id));
      for (const [i, [, score]] of pairs(reply, query).entries()) {
        expect(score).toBe(Math.fround(Math.floor(whole[i]![1]! * 1000 + 0.5) / 1000));
      }
    }
    const found = valuesOf(reply.keys).map(Number);
    expect(reply.columns.map(({ column }) => valuesOf(column))).toEqual([
      found.map((id) => BigInt(id % 3)),
      found.map((id) => right[id]),
    ]);
  });

  it('lets the smaller key win a tie', async () => {
    const same = [
      { field: 'a', topk: 1 },
      { field: 'b', topk: 1 },
    ] as const;
    const [first, second] = pairs(await hybrid.run(same, { limit: 10 }), 0);
    expect(first![1]).toBe(second![1]);
    expect(first![0]).toBeLessThan(second![0]);
  });
});

const norm: Record<Metric, (score: number) => number> = {
  COSINE: (s) => (1 + s) / 2,
  IP: (s) => 0.5 + Math.atan(s) / Math.PI,
  L2: (s) => 1 - (2 * Math.atan(s)) / Math.PI,
};

describe.each([
  ['COSINE', 'IP'],
  ['L2', 'IP'],
  ['L2', 'L2'],
] as const)('weighted %s and %s', (a, b) => {
  const weights = [0.7, 0.3];
  it.each([true, false, undefined])('norm_score %s', async (normScore) => {
    const hybrid = await Hybrid.make(a, b);
    const params = JSON.stringify({ weights, norm_score: normScore });
    const reply = await hybrid.run(legs, { strategy: 'weighted', params, limit: 50 });
    const metrics = [a, b] as const;
    const mixed = a !== b && [a, b].some((metric) => metric === 'L2');
    const add = (leg: number, _rank: number, score: number): number => {
      const turned = normScore === true || (mixed && metrics[leg] === 'L2');
      return weights[leg]! * (turned ? norm[metrics[leg]!](score) : score);
    };
    const ascending = normScore !== true && a === 'L2' && b === 'L2';
    for (const query of [0, 1])
      expect(pairs(reply, query)).toEqual(hybrid.expected(legs, query, add, ascending));
  });
});

describe('refused hybrid searches', () => {
  it('say what is wrong', async () => {
    const hybrid = await Hybrid.make('L2', 'IP', 1);
    const weighted = (params: object) => ({ strategy: 'weighted', limit: 5, params: JSON.stringify(params) });
    const failing: [Record<string, unknown>, string][] = [
      [{}, 'limit not found'],
      [{ limit: 0 }, 'limit [0] is invalid'],
      [{ limit: 10_000, offset: 10_000 }, '(offset+limit) [20000] is invalid'],
      [{ limit: 5, strategy: 'magic' }, 'unsupported rank type magic'],
      [{ limit: 5, params: '{"k": 0}' }, 'the rank params k should be in range (0, 16384), k: 0'],
      [{ limit: 5, params: '{"k": 16384}' }, 'k: 16384'],
      [{ limit: 5, params: '{"k": "x"}' }, 'k [x] is invalid'],
      [weighted({}), 'weights not found in rank_params'],
      [weighted({ weights: [1] }), 'the length of weights param mismatch with ann search requests'],
      [weighted({ weights: [0.5, 1.1] }), 'rank param weight should be in range [0, 1], weight: 1.1'],
      [weighted({ weights: [0.5, '1'] }), 'rank param weight should be in range [0, 1]'],
      [{ limit: 5, group_by_field: 'age' }, 'parameter group_by_field is not supported'],
      [{ limit: 5, round_decimal: 9 }, 'round_decimal [9] is invalid'],
    ];
    for (const [rank, text] of failing) {
      await expect(hybrid.run(legs, rank)).rejects.toMatchObject({
        kind: 'Invalid',
        message: expect.stringContaining(text),
      });
    }
    await expect(hybrid.run([], { limit: 5 })).rejects.toThrow(
      'hybrid search takes 1 to 1024 requests, got 0',
    );
    const iterating = [{ ...legs[0]!, params: { iterator: 'True' } }];
    await expect(hybrid.run(iterating, { limit: 5 })).rejects.toThrow(
      'iterator is not supported in a hybrid search',
    );
    const request = {
      databaseName: 'default',
      collectionName: 'c',
      partitionNames: [],
      outputFields: [],
      consistency: STRONG,
      rankParams: keyValues({ limit: 5 }),
      searches: [
        hybrid.world.searchRequest(QUERIES.a, { params: { anns_field: 'a' }, templates: NO_TEMPLATES }),
        hybrid.world.searchRequest([[1, 1]], { params: { anns_field: 'b' } }),
      ],
    };
    await expect(hybrid.world.access.hybridSearch(request)).rejects.toThrow('nq should be the same');
  });
});
