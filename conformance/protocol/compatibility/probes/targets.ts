import { expect } from 'vitest';
import { rpcsBehind } from '../rows.ts';
import { SAMPLES } from '../samples.ts';
import { BRANCH, freshCollection, SHELF, schemaBytes } from '../shelf.ts';
import { expectRefused } from '../verdicts.ts';
import type { World } from '../world.ts';
import { countOf, type Probes, refused } from './probe.ts';

/** Sets `field` to a name that nothing has, in a request of every RPC that the wildcard row is about. */
async function unknownName(world: World, field: string, key: string, value: unknown, code: number) {
  const rpcs = rpcsBehind(field);
  expect(rpcs.length).toBeGreaterThan(0);
  for (const rpc of rpcs) {
    const request = { ...(await SAMPLES[rpc]!(world)), [key]: value };
    const answer = await world.call(rpc, request);
    expect(`${rpc}: ${answer.grpcCode} ${answer.code}`).toBe(`${rpc}: 0 ${code}`);
    expectRefused(answer, code, 'nothing');
  }
}

/** Names the collection by its id alone: the right one is fine, another one is not found. */
async function byId(world: World, field: string): Promise<void> {
  const rpcs = rpcsBehind(field);
  expect(rpcs.length).toBeGreaterThan(0);
  for (const rpc of rpcs) {
    const { collectionName, ...request } = (await SAMPLES[rpc]!(world)) as { collectionName: string };
    const { collectionID } = await world.ok('DescribeCollection', { collectionName });
    await world.ok(rpc, { ...request, collectionID });
    expectRefused(await world.call(rpc, { ...request, collectionID: 999_999n }), 100, '999999');
  }
}

/** Fields that say which database, collection, partition or index is meant. */
export const TARGET_PROBES: Probes = {
  'field *.db_name': async (world) => {
    await unknownName(world, 'db_name', 'dbName', 'nothing', 800);
    expect(await rowCount(world, BRANCH)).toBe('3');
  },
  'field *.dbName': (world) => unknownName(world, 'dbName', 'dbName', 'nothing', 800),
  'field *.collection_name': (world) =>
    unknownName(world, 'collection_name', 'collectionName', 'nothing', 100),
  'field *.collectionName': (world) => unknownName(world, 'collectionName', 'collectionName', 'nothing', 100),
  'field *.collectionID': (world) => byId(world, 'collectionID'),
  'field *.partition_name': (world) => unknownName(world, 'partition_name', 'partitionName', 'nothing', 200),
  'field *.partition_names': (world) =>
    unknownName(world, 'partition_names', 'partitionNames', ['nothing'], 200),
  'field *.index_name': (world) => unknownName(world, 'index_name', 'indexName', 'nothing', 700),
  'field *.field_name': async (world) => {
    const rpcs = rpcsBehind('field_name');
    expect(rpcs.length).toBeGreaterThan(0);
    for (const rpc of rpcs) {
      await world.ok(rpc, { collectionName: SHELF, fieldName: 'vector' });
      await refused(world, rpc, { collectionName: SHELF, fieldName: 'nothing' }, 700, 'nothing');
    }
  },
  'metadata dbname': async (world) => {
    const { stats } = await world.ok(
      'GetCollectionStatistics',
      { collectionName: SHELF },
      { dbname: BRANCH },
    );
    expect(stats[0].value).toBe('3');
    const body = { collectionName: SHELF, dbName: 'default' };
    expect((await world.ok('GetCollectionStatistics', body, { dbname: BRANCH })).stats[0].value).toBe('20');
  },

  'field DropCollection.collection_name': async (world) => {
    const collectionName = await freshCollection(world);
    await world.ok('DropCollection', { collectionName: 'nothing' });
    await world.ok('DropCollection', { collectionName });
    await refused(world, 'DescribeCollection', { collectionName }, 100, collectionName);
  },
  'field HasCollection.collection_name': async (world) => {
    expect((await world.ok('HasCollection', { collectionName: SHELF })).value).toBe(true);
    expect((await world.ok('HasCollection', { collectionName: 'nothing' })).value).toBe(false);
  },
  'field CreateCollection.collection_name': async (world) => {
    const collectionName = world.newName();
    await world.ok('CreateCollection', { collectionName, schema: schemaBytes('') });
    expect(await countOf(world, collectionName)).toBe(0);
  },
  'field RenameCollection.oldName': (world) =>
    refused(world, 'RenameCollection', { oldName: 'nothing', newName: 'x' }, 100, 'nothing'),
  'field RenameCollection.newName': async (world) => {
    const newName = world.newName();
    await world.ok('RenameCollection', { oldName: await freshCollection(world), newName });
    expect(await countOf(world, newName)).toBe(0);
  },
  'field RenameCollection.newDBName': async (world) => {
    const [dbName, newName] = [world.newName(), world.newName()];
    await world.ok('CreateDatabase', { dbName });
    const oldName = await freshCollection(world);
    await world.ok('RenameCollection', { oldName, newName, newDBName: dbName });
    expect((await world.ok('HasCollection', { dbName, collectionName: newName })).value).toBe(true);
    expect((await world.ok('HasCollection', { collectionName: newName })).value).toBe(false);
  },
  'field BatchDescribeCollection.db_name': async (world) => {
    const request = { collectionName: [SHELF], dbName: BRANCH };
    expect((await world.ok('BatchDescribeCollection', request)).responses[0].dbName).toBe(BRANCH);
  },
  'field BatchDescribeCollection.collection_name': async (world) => {
    const request = { collectionName: [SHELF, 'nothing'] };
    const { responses } = await world.ok('BatchDescribeCollection', request);
    expect(responses.map((one: { status: { code: number } }) => one.status.code)).toEqual([0, 100]);
  },
  'field BatchDescribeCollection.collectionID': async (world) => {
    const { collectionID } = await world.ok('DescribeCollection', { collectionName: SHELF });
    const { responses } = await world.ok('BatchDescribeCollection', { collectionID: [collectionID] });
    expect(responses[0].collectionName).toBe(SHELF);
  },
  'field ShowCollections.collection_names': async (world) => {
    expect((await world.ok('ShowCollections', { collectionNames: [SHELF] })).collectionNames).toEqual([
      SHELF,
    ]);
    await refused(world, 'ShowCollections', { collectionNames: ['nothing'] }, 100, 'nothing');
  },
  'field ShowCollections.type': async (world) => {
    const dbName = world.newName();
    await world.ok('CreateDatabase', { dbName });
    await freshCollection(world, { dbName });
    const loaded = await freshCollection(world, { dbName, load: true });
    expect((await world.ok('ShowCollections', { dbName })).collectionNames).toHaveLength(2);
    const inMemory = await world.ok('ShowCollections', { dbName, type: 1 });
    expect([inMemory.collectionNames, inMemory.inMemoryPercentages]).toEqual([[loaded], [100n]]);
  },
  'field ListAliases.collection_name': async (world) => {
    const collectionName = await freshCollection(world);
    expect((await world.ok('ListAliases', { collectionName })).aliases).toEqual([]);
    expect((await world.ok('ListAliases', {})).aliases).toContain('shelf_alias');
  },
  'field GetLoadState.collection_name': async (world) => {
    const state = async (collectionName: string) =>
      (await world.ok('GetLoadState', { collectionName })).state;
    expect([await state(SHELF), await state('nothing')]).toEqual([3, 0]);
  },
  'field GetFlushState.collection_name': (world) =>
    refused(world, 'GetFlushState', { collectionName: 'nothing' }, 100, 'nothing'),
  'field GetFlushState.db_name': (world) =>
    refused(world, 'GetFlushState', { collectionName: SHELF, dbName: 'nothing' }, 800, 'nothing'),
};

async function rowCount(world: World, dbName: string): Promise<string> {
  return (await world.ok('GetCollectionStatistics', { collectionName: SHELF, dbName })).stats[0].value;
}
