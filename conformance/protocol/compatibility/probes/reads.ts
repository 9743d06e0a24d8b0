import { expect } from 'vitest';
import { PlaceholderGroup } from '../../../../src/gen/milvus/common.ts';
import { rpcsBehind } from '../rows.ts';
import { SAMPLES } from '../samples.ts';
import { freshCollection, SHELF } from '../shelf.ts';
import { expectRefused } from '../verdicts.ts';
import { keyValues, numberIds, placeholders, textIds } from '../wireValues.ts';
import type { World } from '../world.ts';
import { columnNames, hitsOf, type Probe, type Probes, queried, refused, searching } from './probe.ts';

const STRONG = 0;
const SESSION = 1;
const BOUNDED = 2;
const EVENTUALLY = 3;
const CUSTOMIZED = 4;
/** The year 2500 as a timestamp. */
const FUTURE = 16_725_225_600_000n << 18n;

/** Whether a read at this level waits for a timestamp of the far future, which is refused. */
async function guarantees(world: World, rpc: string, more: object): Promise<boolean> {
  const request = { ...(await SAMPLES[rpc]!(world)), guaranteeTimestamp: FUTURE, ...more };
  const answer = await world.call(rpc, request);
  if (answer.code === 0) return false;
  expectRefused(answer, 1100, 'guarantee');
  return true;
}

async function everyRead(field: string, check: (rpc: string) => Promise<unknown>): Promise<void> {
  const rpcs = rpcsBehind(field);
  expect(rpcs).toContain('Search');
  for (const rpc of rpcs) await check(rpc);
}

/** The level's meaning: whether it looks at guarantee timestamps, and that the last write is seen at it. */
function level(consistencyLevel: number, looks: boolean): Probe {
  return async (world) => {
    expect(await guarantees(world, 'Query', { consistencyLevel })).toBe(looks);
    const collectionName = await freshCollection(world, { rows: 4, load: true });
    expect(await queried(world, 'n == 3', { collectionName, consistencyLevel })).toEqual([3]);
  };
}

const NEAREST = [3, 2, 4, 1, 5];

export const READ_PROBES: Probes = {
  'field *.guarantee_timestamp': (world) =>
    everyRead('guarantee_timestamp', async (rpc) => {
      expect(await guarantees(world, rpc, { consistencyLevel: CUSTOMIZED })).toBe(true);
      expect(await guarantees(world, rpc, { guaranteeTimestamp: 7n })).toBe(false);
    }),
  'field *.consistency_level': (world) =>
    everyRead('consistency_level', async (rpc) => {
      expect(await guarantees(world, rpc, { consistencyLevel: SESSION })).toBe(true);
      expect(await guarantees(world, rpc, { consistencyLevel: BOUNDED })).toBe(false);
    }),
  // The shelf's own level is Strong, without a floor.
  'field *.use_default_consistency': (world) =>
    everyRead('use_default_consistency', async (rpc) => {
      const more = { consistencyLevel: CUSTOMIZED, useDefaultConsistency: true };
      expect(await guarantees(world, rpc, more)).toBe(false);
    }),
  'field *.output_fields': (world) =>
    everyRead('output_fields', async (rpc) => {
      const request = { ...(await SAMPLES[rpc]!(world)), outputFields: ['n', 'name', 'd'] };
      const reply = await world.ok(rpc, request);
      const names = columnNames(reply.fieldsData ?? reply.results.fieldsData);
      expect(names.filter((name) => name !== 'id')).toEqual(['$meta', 'n', 'name']);
    }),
  'consistency level Strong': level(STRONG, true),
  'consistency level Session': level(SESSION, true),
  'consistency level Bounded': level(BOUNDED, false),
  'consistency level Eventually': level(EVENTUALLY, false),
  'consistency level Customized': level(CUSTOMIZED, true),

  'field Search.dsl': async (world) => {
    expect((await hitsOf(world, searching({}, { dsl: 'n > 9' }))).ids).toEqual([10, 11, 12, 13, 14]);
  },
  'field Search.placeholder_group': async (world) => {
    expect((await hitsOf(world, searching({ vectors: [[12, 1]] }))).ids).toEqual([12, 11, 13, 10, 14]);
    await refused(
      world,
      'Search',
      { ...searching(), placeholderGroup: undefined },
      1100,
      'placeholder_group',
    );
  },
  'field Search.ids': async (world) => {
    const byIds = { placeholderGroup: undefined, ids: numberIds([12]) };
    expect((await hitsOf(world, searching({}, byIds))).ids).toEqual([12, 11, 13, 10, 14]);
    await refused(world, 'Search', searching({}, { ...byIds, ids: numberIds([777]) }), 1100, 'primary key');
  },
  'field Search.search_params': (world) =>
    refused(world, 'Search', searching({ params: { topk: 0 } }), 1100, 'topk'),
  'field Search.nq': async (world) => {
    const vectors = [
      [3, 1],
      [4, 1],
    ];
    expect((await hitsOf(world, searching({ vectors }, { nq: 2n }))).ids).toHaveLength(10);
    await refused(world, 'Search', searching({ vectors }, { nq: 3n }), 1100, 'nq');
  },

  'field HybridSearch.requests': async (world) => {
    const sample = (await SAMPLES.HybridSearch!(world)) as { requests: object[] };
    const one = { ...sample, requests: sample.requests.slice(0, 1) };
    expect((await hitsOf(world, one, 'HybridSearch')).ids).toEqual(NEAREST);
    await refused(world, 'HybridSearch', { ...sample, requests: [] }, 1100, 'requests');
  },
  'field HybridSearch.rank_params': async (world) => {
    const sample = await SAMPLES.HybridSearch!(world);
    await refused(world, 'HybridSearch', { ...sample, rankParams: [] }, 1100, 'limit');
  },
  'field HybridSearch.requests[].collection_name': async (world) => {
    expect((await leg(world, { collectionName: '' })).ids).toEqual(NEAREST);
    await refusedLeg(world, { collectionName: 'elsewhere' }, 1100, 'elsewhere');
  },
  'field HybridSearch.requests[].partition_names': async (world) => {
    expect((await leg(world, { partitionNames: ['p1'] })).ids).toEqual([10, 11, 12, 13, 14]);
  },
  'field HybridSearch.requests[].dsl': async (world) => {
    expect((await leg(world, { dsl: 'n > 9' })).ids).toEqual([10, 11, 12, 13, 14]);
  },
  'field HybridSearch.requests[].placeholder_group': async (world) => {
    expect((await leg(world, { placeholderGroup: placeholders([[19, 1]]) })).ids[0]).toBe(19);
  },
  'field HybridSearch.requests[].ids': async (world) => {
    expect((await leg(world, { placeholderGroup: undefined, ids: numberIds([19]) })).ids[0]).toBe(19);
  },
  'field HybridSearch.requests[].search_params': (world) =>
    refusedLeg(world, { searchParams: keyValues({ anns_field: 'vector', topk: 0 }) }, 1100, 'topk'),
  'field HybridSearch.requests[].nq': (world) => refusedLeg(world, { nq: 3n }, 1100, 'nq'),
  'field HybridSearch.requests[].expr_template_values': async (world) => {
    const filter = { dsl: 'n > {x}', exprTemplateValues: { x: { int64Val: 9n } } };
    expect((await leg(world, filter)).ids).toEqual([10, 11, 12, 13, 14]);
  },

  'field Query.expr': async (world) => {
    expect(await queried(world, 'n < 3')).toEqual([0, 1, 2]);
    await refused(world, 'Query', { collectionName: SHELF }, 1100, 'empty expression');
  },
  'field Query.query_params': async (world) => {
    expect(await queried(world, '', { queryParams: keyValues({ limit: 2 }) })).toEqual([0, 1]);
  },

  'field PlaceholderGroup.placeholders': async (world) => {
    const none = PlaceholderGroup.encode(PlaceholderGroup.fromPartial({})).finish();
    await refused(world, 'Search', searching({}, { placeholderGroup: none }), 1100, 'placeholders');
  },
  'field PlaceholderValue.type': (world) => {
    const placeholderGroup = placeholders([[3, 1]], { type: 105 });
    return refused(world, 'Search', searching({}, { placeholderGroup }), 1100, 'Int8Vector');
  },
  'field PlaceholderValue.values': (world) =>
    refused(world, 'Search', searching({ vectors: [[1, 2, 3]] }), 1100, 'vector'),
  'placeholder type FloatVector': async (world) => {
    expect((await hitsOf(world, searching())).ids).toEqual(NEAREST);
  },
  'field IDs.int_id': async (world) => {
    const byIds = { placeholderGroup: undefined, ids: numberIds([5, 6]) };
    const { reply } = await hitsOf(world, searching({}, byIds));
    expect(reply.results.numQueries).toBe(2n);
  },
  'field IDs.str_id': async (world) => {
    const byIds = { placeholderGroup: undefined, ids: textIds(['5']) };
    await refused(world, 'Search', searching({}, byIds), 1100, 'VarChar');
  },
};

/** A hybrid search of one request. */
async function hybridOf(world: World, changed: object): Promise<object> {
  const sample = (await SAMPLES.HybridSearch!(world)) as { requests: object[] };
  return { ...sample, requests: [{ ...sample.requests[0]!, ...changed }] };
}

async function leg(world: World, changed: object) {
  return hitsOf(world, await hybridOf(world, changed), 'HybridSearch');
}

async function refusedLeg(world: World, changed: object, code: number, name: string): Promise<void> {
  await refused(world, 'HybridSearch', await hybridOf(world, changed), code, name);
}
