import { expect } from 'vitest';
import { SAMPLES } from '../samples.ts';
import { SHELF } from '../shelf.ts';
import { keyValues } from '../wireValues.ts';
import type { World } from '../world.ts';
import { columnOf, hitsOf, type Probe, type Probes, refused, searching } from './probe.ts';

type Params = Readonly<Record<string, unknown>>;

/** The shelf's rows nearest to [3, 1]. */
const NEAREST = [3, 2, 4, 1, 5];

function finds(params: Params, ids: number[]): Probe {
  return async (world) => expect((await hitsOf(world, searching({ params }))).ids).toEqual(ids);
}

function refuses(params: Params, name: string): Probe {
  return (world) => refused(world, 'Search', searching({ params }), 1100, name);
}

function both(...probes: readonly Probe[]): Probe {
  return async (world) => {
    for (const probe of probes) await probe(world);
  };
}

const V2 = { iterator: 'True', search_iter_v2: 'True', search_iter_batch_size: 3 };

async function page(world: World, params: Params, more: object = {}) {
  const { ids, reply } = await hitsOf(world, searching({ params: { ...V2, ...params } }, more));
  const { token, lastBound } = reply.results.searchIteratorV2Results;
  return { ids, token, lastBound, sessionTs: reply.sessionTs as bigint };
}

const SEARCH_PROBES: Probes = {
  'search param anns_field': both(
    finds({ anns_field: 'other' }, [19, 18, 17, 16, 15]),
    refuses({ anns_field: 'nothing' }, 'nothing'),
    refuses({ anns_field: '' }, 'anns_field'),
  ),
  'search param topk': both(finds({ topk: 2 }, [3, 2]), refuses({ topk: 16_385 }, 'topk [16385]')),
  'search param offset': both(finds({ topk: 2, offset: 2 }, [4, 1]), refuses({ offset: 16_384 }, '16384')),
  'search param params': both(
    finds({ params: '{"offset":3}' }, [1, 5, 0, 6, 7]),
    refuses({ params: '[]' }, 'params'),
  ),
  'search param metric_type': both(
    finds({ metric_type: 'L2' }, NEAREST),
    refuses({ metric_type: 'IP' }, 'metric'),
  ),
  'search param round_decimal': async (world) => {
    const params = { anns_field: 'other', topk: 1 };
    const vectors = [[0.123456, 0]];
    const exact = await hitsOf(world, searching({ vectors, params }));
    expect(exact.scores[0]).toBeCloseTo(0.123456, 6);
    const rounded = await hitsOf(world, searching({ vectors, params: { ...params, round_decimal: 2 } }));
    expect(rounded.scores[0]).toBeCloseTo(0.12, 6);
    await refuses({ round_decimal: 7 }, 'round_decimal')(world);
  },
  // Nothing of the shelf is flushed.
  'search param ignore_growing': both(
    finds({ ignore_growing: 'True' }, []),
    finds({ ignore_growing: 'false' }, NEAREST),
  ),
  'search param radius': finds({ radius: 4 }, [3, 2, 4]),
  'search param range_filter': both(
    finds({ radius: 5, range_filter: 1 }, [2, 4, 1, 5]),
    refuses({ range_filter: 1 }, 'radius'),
  ),
  'search param ef': both(finds({ ef: 64 }, NEAREST), refuses({ ef: 4 }, 'ef(4) should be larger than k(5)')),
  'search param iterator': async (world) => {
    const { reply } = await hitsOf(world, searching({ params: { iterator: 'True' } }));
    expect(reply.sessionTs).toBeGreaterThan(0n);
    await refuses({ iterator: 'maybe' }, 'iterator')(world);
  },
  'search param collection_id': async (world) => {
    const { collectionID } = await world.ok('DescribeCollection', { collectionName: SHELF });
    await finds({ collection_id: collectionID }, NEAREST)(world);
    await refuses({ collection_id: 7 }, 'collection_id [7]')(world);
  },
  'search param search_iter_v2': both(
    async (world) => expect((await page(world, {})).token).not.toBe(''),
    refuses({ search_iter_v2: 'True' }, 'search_iter_v2'),
  ),
  // Rows 2 and 4 are equally far, and a page never ends between such.
  'search param search_iter_batch_size': both(
    async (world) => expect((await page(world, { search_iter_batch_size: 1 })).ids).toEqual([3]),
    async (world) => expect((await page(world, { search_iter_batch_size: 3 })).ids).toEqual([3, 2, 4]),
    refuses({ ...V2, search_iter_batch_size: 0 }, 'search_iter_batch_size'),
  ),
  'search param search_iter_last_bound': async (world) => {
    const first = await page(world, {});
    const params = { search_iter_id: first.token, search_iter_last_bound: first.lastBound };
    const second = await page(world, params, { guaranteeTimestamp: first.sessionTs });
    expect(second.ids.slice(0, 2)).toEqual([1, 5]);
    expect(second.sessionTs).toBe(first.sessionTs);
  },
  'search param search_iter_id': async (world) => {
    const { token } = await page(world, {});
    expect((await page(world, { search_iter_id: token })).token).toBe(token);
    await refuses({ ...V2, search_iter_id: 'me' }, 'search_iter_id')(world);
  },
  'search param guarantee_timestamp': async (world) => {
    const { sessionTs } = await page(world, {});
    expect((await page(world, { guarantee_timestamp: sessionTs })).sessionTs).toBe(sessionTs);
    expect((await page(world, { guarantee_timestamp: 0 })).sessionTs).toBeGreaterThan(sessionTs);
    await refuses({ ...V2, guarantee_timestamp: 'now' }, 'guarantee_timestamp [now]')(world);
  },
};

async function rows(world: World, params: Params): Promise<number[]> {
  const queryParams = keyValues(params);
  const request = { collectionName: SHELF, expr: 'n < 6', outputFields: ['id'], queryParams };
  return columnOf((await world.ok('Query', request)).fieldsData, 'id').map(Number);
}

function queries(params: Params, ids: number[]): Probe {
  return async (world) => expect(await rows(world, params)).toEqual(ids);
}

function queryRefuses(params: Params, name: string): Probe {
  const request = { collectionName: SHELF, expr: 'n < 6', queryParams: keyValues(params) };
  return (world) => refused(world, 'Query', request, 1100, name);
}

const QUERY_PROBES: Probes = {
  'query param limit': both(queries({ limit: 2 }, [0, 1]), queryRefuses({ limit: 0 }, 'limit [0]')),
  'query param offset': both(
    queries({ limit: 2, offset: 3 }, [3, 4]),
    queryRefuses({ limit: 1, offset: 16_384 }, '16385'),
  ),
  'query param params': queries({ params: '{"limit":2}' }, [0, 1]),
  'query param ignore_growing': queries({ ignore_growing: 'True' }, []),
  'query param iterator': async (world) => {
    const snapshot = {
      collectionName: SHELF,
      expr: 'n < 6',
      queryParams: keyValues({ iterator: 'True', limit: 1 }),
    };
    const first = await world.ok('Query', snapshot);
    const second = await world.ok('Query', { ...snapshot, guaranteeTimestamp: first.sessionTs });
    expect(second.sessionTs).toBe(first.sessionTs);
  },
  'query param collection_id': queryRefuses({ collection_id: 7 }, 'collection_id [7]'),
};

/** Ids of a hybrid search for [3, 1] in `vector` and in `other`, best first. */
async function ranked(world: World, params: Params) {
  const sample = await SAMPLES.HybridSearch!(world);
  return hitsOf(world, { ...sample, rankParams: keyValues({ limit: 3, ...params }) }, 'HybridSearch');
}

function ranks(params: Params, ids: number[]): Probe {
  return async (world) => expect((await ranked(world, params)).ids).toEqual(ids);
}

function rankRefuses(params: Params, name: string): Probe {
  return async (world) => {
    const sample = await SAMPLES.HybridSearch!(world);
    const request = { ...sample, rankParams: keyValues({ limit: 3, ...params }) };
    await refused(world, 'HybridSearch', request, 1100, name);
  };
}

const RANK_PROBES: Probes = {
  'rank param strategy': both(
    ranks({ strategy: 'rrf' }, [3, 19, 2]),
    rankRefuses({ strategy: 'dice' }, 'dice'),
  ),
  'rank param params': ranks(
    { strategy: 'weighted', params: '{"weights":[0,1],"norm_score":true}' },
    [19, 18, 17],
  ),
  'rank param k': async (world) => {
    const { scores } = await ranked(world, { params: '{"k":9}' });
    expect(scores[0]).toBeCloseTo(0.1, 6);
    await rankRefuses({ params: '{"k":0}' }, 'k: 0')(world);
  },
  'rank param weights': both(
    ranks({ strategy: 'weighted', params: '{"weights":[1,0],"norm_score":true}' }, [3, 2, 4]),
    rankRefuses({ strategy: 'weighted', params: '{"weights":[1]}' }, 'weights'),
    rankRefuses({ strategy: 'rrf', params: '{"weights":[1,1]}' }, 'weights'),
  ),
  'rank param norm_score': async (world) => {
    const weighted = async (normalised: boolean) =>
      ranked(world, { strategy: 'weighted', params: `{"weights":[0,1],"norm_score":${normalised}}` });
    expect((await weighted(false)).scores[0]).toBe(22);
    expect((await weighted(true)).scores[0]).toBeCloseTo(0.5 + Math.atan(22) / Math.PI, 6);
  },
  'rank param limit': both(ranks({ limit: 1 }, [3]), rankRefuses({ limit: 0 }, 'limit [0]')),
  'rank param offset': both(ranks({ limit: 1, offset: 1 }, [19]), rankRefuses({ offset: 16_384 }, '16387')),
  'rank param round_decimal': async (world) => {
    const { scores } = await ranked(world, { round_decimal: 2 });
    expect(scores[0]).toBeCloseTo(0.02, 7);
  },
};

export const PARAM_PROBES: Probes = { ...SEARCH_PROBES, ...QUERY_PROBES, ...RANK_PROBES };
