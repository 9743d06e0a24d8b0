import { expect } from 'vitest';
import { FieldSchema } from '../../../../src/gen/milvus/schema.ts';
import { freshCollection, plainCollection, SHELF, schemaBytes } from '../shelf.ts';
import { keyValues } from '../wireValues.ts';
import type { World } from '../world.ts';
import { described, type Probes, refused } from './probe.ts';

const LIMIT = 'database.max.collections';

async function newDatabase(world: World, properties: Record<string, unknown> = {}): Promise<string> {
  const dbName = world.newName();
  await world.ok('CreateDatabase', { dbName, properties: keyValues(properties) });
  return dbName;
}

async function properties(world: World, dbName: string): Promise<unknown> {
  return (await world.ok('DescribeDatabase', { dbName })).properties;
}

async function newAlias(world: World, collectionName: string): Promise<string> {
  const alias = world.newName();
  await world.ok('CreateAlias', { collectionName, alias });
  return alias;
}

async function partitionNames(world: World, collectionName: string, more: object = {}): Promise<string[]> {
  return (await world.ok('ShowPartitions', { collectionName, ...more })).partitionNames;
}

/** Databases, collections, aliases and partitions. */
export const DEFINITION_PROBES: Probes = {
  'field GetMetrics.request': async (world) => {
    const { response } = await world.ok('GetMetrics', { request: '{"metric_type":"system_info"}' });
    expect(JSON.parse(response).nodes_info).toHaveLength(1);
    await refused(world, 'GetMetrics', { request: '{"metric_type":"weather"}' }, 1100, 'weather');
  },
  'field Dummy.request_type': async (world) => {
    expect((await world.ok('Dummy', { requestType: 'greeting' })).response).toContain('greeting');
  },

  'field CreateDatabase.db_name': async (world) => {
    const dbName = await newDatabase(world);
    expect((await world.ok('ListDatabases')).dbNames).toContain(dbName);
  },
  'field CreateDatabase.properties': async (world) => {
    expect(await properties(world, await newDatabase(world, { [LIMIT]: 7 }))).toEqual(
      keyValues({ [LIMIT]: 7 }),
    );
  },
  'field DropDatabase.db_name': async (world) => {
    const dbName = await newDatabase(world);
    await world.ok('DropDatabase', { dbName });
    expect((await world.ok('ListDatabases')).dbNames).not.toContain(dbName);
  },
  'field AlterDatabase.properties': async (world) => {
    const dbName = await newDatabase(world);
    await world.ok('AlterDatabase', { dbName, properties: keyValues({ [LIMIT]: 7 }) });
    expect(await properties(world, dbName)).toEqual(keyValues({ [LIMIT]: 7 }));
  },
  'field AlterDatabase.delete_keys': async (world) => {
    const dbName = await newDatabase(world, { [LIMIT]: 7 });
    await world.ok('AlterDatabase', { dbName, deleteKeys: [LIMIT] });
    expect(await properties(world, dbName)).toEqual([]);
  },
  [`database property ${LIMIT}`]: async (world) => {
    const dbName = await newDatabase(world, { [LIMIT]: 1 });
    await freshCollection(world, { dbName });
    const collectionName = world.newName();
    const second = { dbName, collectionName, schema: schemaBytes(collectionName) };
    await refused(world, 'CreateCollection', second, 102, 'limit=1');
  },

  'field CreateCollection.shards_num': async (world) => {
    const name = await plainCollection(world, undefined, { shardsNum: 3 });
    expect((await described(world, name)).virtualChannelNames).toHaveLength(3);
  },
  'field CreateCollection.consistency_level': async (world) => {
    const name = await plainCollection(world, undefined, { consistencyLevel: 1 });
    expect((await described(world, name)).consistencyLevel).toBe(1);
  },
  'field CreateCollection.properties': async (world) => {
    const given = keyValues({ 'mmap.enabled': 'true' });
    const name = await plainCollection(world, undefined, { properties: given });
    expect((await described(world, name)).properties).toEqual(given);
  },
  'field AlterCollection.properties': async (world) => {
    const collectionName = await plainCollection(world);
    const given = keyValues({ 'mmap.enabled': 'true' });
    await world.ok('AlterCollection', { collectionName, properties: given });
    expect((await described(world, collectionName)).properties).toEqual(given);
  },
  'field AlterCollection.delete_keys': async (world) => {
    const given = keyValues({ 'mmap.enabled': 'true' });
    const collectionName = await plainCollection(world, undefined, { properties: given });
    await world.ok('AlterCollection', { collectionName, deleteKeys: ['mmap.enabled'] });
    expect((await described(world, collectionName)).properties).toEqual([]);
  },
  'field AlterCollectionField.field_name': async (world) => {
    const collectionName = await freshCollection(world);
    const request = { collectionName, fieldName: 'nothing', properties: keyValues({ max_length: 128 }) };
    await refused(world, 'AlterCollectionField', request, 1700, 'nothing');
  },
  'field AlterCollectionField.properties': async (world) => {
    const collectionName = await freshCollection(world);
    const altered = { collectionName, fieldName: 'name', properties: keyValues({ max_length: 128 }) };
    await world.ok('AlterCollectionField', altered);
    const { fields } = await described(world, collectionName);
    expect(fields.name.typeParams).toEqual(keyValues({ max_length: 128 }));
  },
  'field AlterCollectionField.delete_keys': async (world) => {
    const collectionName = await freshCollection(world);
    const field = { collectionName, fieldName: 'n' };
    await world.ok('AlterCollectionField', { ...field, properties: keyValues({ 'mmap.enabled': 'true' }) });
    await world.ok('AlterCollectionField', { ...field, deleteKeys: ['mmap.enabled'] });
    expect((await described(world, collectionName)).fields.n.typeParams).toEqual([]);
  },
  'field AddCollectionField.schema': async (world) => {
    const collectionName = await freshCollection(world);
    const field = FieldSchema.fromPartial({ name: 'added', dataType: 5, nullable: true });
    await world.ok('AddCollectionField', { collectionName, schema: FieldSchema.encode(field).finish() });
    expect((await described(world, collectionName)).fields.added).toMatchObject({
      dataType: 5,
      nullable: true,
    });
  },

  'field CreateAlias.alias': async (world) => {
    expect((await described(world, await newAlias(world, SHELF))).collectionName).toBe(SHELF);
  },
  'field DropAlias.alias': async (world) => {
    const alias = await newAlias(world, SHELF);
    await world.ok('DropAlias', { alias });
    await refused(world, 'DescribeAlias', { alias }, 1600, alias);
  },
  'field AlterAlias.alias': async (world) => {
    const alias = await newAlias(world, SHELF);
    const collectionName = await freshCollection(world);
    await world.ok('AlterAlias', { alias, collectionName });
    expect((await world.ok('DescribeAlias', { alias })).collection).toBe(collectionName);
  },
  'field DescribeAlias.alias': async (world) => {
    expect((await world.ok('DescribeAlias', { alias: 'shelf_alias' })).collection).toBe(SHELF);
    await refused(world, 'DescribeAlias', { alias: 'nothing' }, 1600, 'nothing');
  },

  'field CreatePartition.partition_name': async (world) => {
    const collectionName = await freshCollection(world);
    await world.ok('CreatePartition', { collectionName, partitionName: 'p9' });
    expect(await partitionNames(world, collectionName)).toEqual(['_default', 'p9']);
  },
  'field DropPartition.partition_name': async (world) => {
    const collectionName = await freshCollection(world);
    await world.ok('CreatePartition', { collectionName, partitionName: 'p9' });
    await world.ok('DropPartition', { collectionName, partitionName: 'p9' });
    expect(await partitionNames(world, collectionName)).toEqual(['_default']);
  },
  'field HasPartition.partition_name': async (world) => {
    const has = async (partitionName: string) =>
      (await world.ok('HasPartition', { collectionName: SHELF, partitionName })).value;
    expect([await has('p1'), await has('nothing')]).toEqual([true, false]);
  },
  'field ShowPartitions.type': async (world) => {
    const collectionName = await freshCollection(world);
    await world.ok('CreatePartition', { collectionName, partitionName: 'p9' });
    await world.ok('LoadPartitions', { collectionName, partitionNames: ['p9'] });
    expect(await partitionNames(world, collectionName)).toHaveLength(2);
    expect(await partitionNames(world, collectionName, { type: 1 })).toEqual(['p9']);
  },
};
