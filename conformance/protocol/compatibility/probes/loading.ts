import { expect } from 'vitest';
import { freshCollection, SHELF, shelfColumns } from '../shelf.ts';
import type { World } from '../world.ts';
import { type Probe, type Probes, refused } from './probe.ts';

const COMPLETED = 2;
const GROWING = 2;
const SEALED = 3;
const FLUSHED = 4;

async function loadRequest(world: World, rpc: string): Promise<object> {
  const collectionName = await freshCollection(world);
  return rpc === 'LoadCollection' ? { collectionName } : { collectionName, partitionNames: ['_default'] };
}

function loadProbes(rpc: string): Probes {
  const answers = (fine: object, broken: object, code: number, name: string): Probe => {
    return async (world) => {
      await world.ok(rpc, { ...(await loadRequest(world, rpc)), ...fine });
      await refused(world, rpc, { ...(await loadRequest(world, rpc)), ...broken }, code, name);
    };
  };
  return {
    [`field ${rpc}.replica_number`]: answers(
      { replicaNumber: 1 },
      { replicaNumber: 2 },
      12,
      'replicaNumber=2',
    ),
    [`field ${rpc}.resource_groups`]: answers(
      { resourceGroups: ['__default_resource_group'] },
      { resourceGroups: ['mine'] },
      1100,
      'mine',
    ),
    [`field ${rpc}.load_params`]: answers(
      { loadParams: { load_priority: 'low' } },
      { loadParams: { hurry: '1' } },
      1100,
      'hurry',
    ),
    [`field ${rpc}.refresh`]: async (world) => {
      const request = { ...(await loadRequest(world, rpc)), refresh: true };
      await refused(world, rpc, request, 101, 'not loaded');
      await world.ok(rpc, { ...request, refresh: false });
      await world.ok(rpc, request);
    },
  };
}

/** Loading, flushing, compaction and segments. */
export const LOADING_PROBES: Probes = {
  ...loadProbes('LoadCollection'),
  ...loadProbes('LoadPartitions'),
  'field Flush.collection_names': async (world) => {
    const name = await freshCollection(world, { rows: 2 });
    const { collFlushTs } = await world.ok('Flush', { collectionNames: [name] });
    expect(Object.keys(collFlushTs)).toEqual([name]);
    await refused(world, 'Flush', { collectionNames: ['nothing'] }, 100, 'nothing');
    await refused(world, 'Flush', {}, 1100, 'collection_names');
  },
  'field FlushAll.db_name': async (world) => {
    const dbName = world.newName();
    await world.ok('CreateDatabase', { dbName });
    const { flushResults } = await world.ok('FlushAll', { dbName });
    expect(flushResults.map((result: { dbName: string }) => result.dbName)).toEqual([dbName]);
    await refused(world, 'FlushAll', { dbName: 'nothing' }, 800, 'nothing');
  },
  'field FlushAll.flush_targets': (world) => flushTargets(world, {}),
  'field FlushAllTarget.collection_names': (world) => flushTargets(world, {}),
  'field FlushAllTarget.db_name': (world) => flushTargets(world, { whole: true }),
  'field GetFlushAllState.flush_targets': async (world) => {
    const flushTargets = [{ dbName: 'default', collectionNames: [SHELF] }];
    const { flushStates } = await world.ok('GetFlushAllState', { flushTargets });
    expect(flushStates).toEqual([{ dbName: 'default', collectionFlushStates: { [SHELF]: true } }]);
  },
  'field GetCompactionState.compactionID': (world) => compaction(world, 'GetCompactionState'),
  'field GetCompactionStateWithPlans.compactionID': (world) =>
    compaction(world, 'GetCompactionStateWithPlans'),
  'field GetPersistentSegmentInfo.states': async (world) => {
    const collectionName = await freshCollection(world, { rows: 2 });
    await world.ok('Flush', { collectionNames: [collectionName] });
    const withStates = async (states: number[]) =>
      (await world.ok('GetPersistentSegmentInfo', { collectionName, states })).infos.length;
    expect([await withStates([SEALED, FLUSHED]), await withStates([GROWING])]).toEqual([1, 0]);
  },
};

async function flushTargets(world: World, { whole = false }): Promise<void> {
  const dbName = world.newName();
  await world.ok('CreateDatabase', { dbName });
  const names = [await freshCollection(world, { dbName }), await freshCollection(world, { dbName })];
  const collectionNames = whole ? [] : names.slice(1);
  const { flushResults } = await world.ok('FlushAll', { flushTargets: [{ dbName, collectionNames }] });
  expect(flushResults.map((result: { dbName: string }) => result.dbName)).toEqual([dbName]);
  const results: { collectionName: string }[] = flushResults[0].collectionResults;
  expect(results.map(({ collectionName }) => collectionName)).toEqual(whole ? names : names.slice(1));
}

/** A compaction that had something to merge says so; another id has nothing. */
async function compaction(world: World, rpc: string): Promise<void> {
  const collectionName = await freshCollection(world, { rows: 2 });
  await world.ok('Flush', { collectionNames: [collectionName] });
  await world.ok('Insert', { collectionName, fieldsData: shelfColumns([7, 8]), numRows: 2 });
  await world.ok('Flush', { collectionNames: [collectionName] });
  const { compactionID } = await world.ok('ManualCompaction', { collectionName });
  const plans = async (id: bigint) => {
    const { state, mergeInfos = [], completedPlanNo = 0n } = await world.ok(rpc, { compactionID: id });
    return state === COMPLETED ? mergeInfos.length + Number(completedPlanNo) : -1;
  };
  await expect.poll(() => plans(compactionID)).toBe(1);
  expect(await plans(compactionID + 999n)).toBe(0);
}
