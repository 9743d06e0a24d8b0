import { beforeEach, describe, expect, it } from 'vitest';
import type { Coordinator } from '../../../src/core/coordinator/coordinator.ts';
import { DataType } from '../../../src/core/domain/dataTypes.ts';
import type { ManualClock } from '../../../src/plugins/memory/manualClock.ts';
import type { RememberingStreaming } from './fixture.ts';
import {
  creation,
  field,
  ID,
  newCoordinator,
  pairs,
  refusal,
  requestId,
  startCoordinator,
  VECTOR,
} from './fixture.ts';

let coordinator: Coordinator;
let streaming: RememberingStreaming;
let clock: ManualClock;

beforeEach(async () => {
  ({ coordinator, streaming, clock } = await startCoordinator());
});

const at = (collection: string) => ({ requestId: requestId(), databaseName: 'default', collection });
const named = (name: string, databaseName = 'default') => ({ requestId: requestId(), databaseName, name });
const index = (params: Record<string, string>, collection = 'books', fieldName = 'vector', indexName = '') =>
  coordinator.createIndex({ ...at(collection), fieldName, indexName, params: pairs(params) });
const load = (action: 'load' | 'release', partitionNames?: string[], replicaNumber = 0) =>
  coordinator.setLoad({ ...at('books'), load: { action, partitionNames, replicaNumber } });

it('answers Unavailable before it has started, and creations before a streaming node has claimed', async () => {
  const fresh = newCoordinator({});
  expect(await refusal(fresh.getCollection('default', 'x'))).toMatch(/^Unavailable/);
  expect(await refusal(fresh.allocTimestamps(1))).toMatch(/^Unavailable/);
  expect(await refusal(fresh.createCollection(creation('books')))).toMatch(/^Unavailable/);
  await fresh.start();
  expect(await refusal(fresh.createCollection(creation('books')))).toMatch(/^Unavailable.*no streaming node/);
  expect(await fresh.listCollections('default')).toEqual([]);
});

describe('databases', () => {
  it('has the default one, creates, alters, lists and drops others', async () => {
    await coordinator.createDatabase({ requestId: '', name: 'shop', properties: pairs({ timezone: 'UTC' }) });
    await coordinator.alterDatabase({
      requestId: '',
      name: 'shop',
      set: pairs({ 'database.max.collections': '1' }),
      deleteKeys: [],
    });
    expect((await coordinator.describeDatabase('shop')).properties).toEqual(
      pairs({ timezone: 'UTC', 'database.max.collections': '1' }),
    );
    expect((await coordinator.listDatabases()).map((db) => db.name)).toEqual(['default', 'shop']);
    await coordinator.dropDatabase({ requestId: '', name: 'shop' });
    await coordinator.dropDatabase({ requestId: '', name: 'shop' });
    expect(await refusal(coordinator.describeDatabase('shop'))).toBe(
      'NotFound/database: database not found[database=shop]',
    );
  });

  it('refuses what Milvus refuses', async () => {
    const create = (name: string, properties = {}) =>
      coordinator.createDatabase({ requestId: requestId(), name, properties: pairs(properties) });
    await create('shop');
    expect(await refusal(create('shop'))).toMatch(/^AlreadyExists\/database: database already exist/);
    expect(await refusal(create('no-dash'))).toMatch(/^Invalid\/database: Invalid database name/);
    expect(await refusal(create('x', { 'database.diskQuota.mb': '1' }))).toMatch(
      /unknown database property\[property=database.diskQuota.mb\]/,
    );
    expect(await refusal(create('x', { 'database.max.collections': '-1' }))).toMatch(/whole number/);
    expect(await refusal(coordinator.dropDatabase({ requestId: '', name: 'default' }))).toMatch(/^Invalid/);
    await coordinator.createCollection({ ...creation('books'), databaseName: 'shop' });
    expect(await refusal(coordinator.dropDatabase({ requestId: '', name: 'shop' }))).toMatch(
      /^Conflict\/database: database:shop not empty/,
    );
  });

  it('keeps the numbers of databases and collections', async () => {
    const small = await startCoordinator({ settings: { databasesMax: 2, collectionsMax: 2 } });
    const create = (name: string) =>
      small.coordinator.createDatabase({
        requestId: '',
        name,
        properties: pairs({ 'database.max.collections': '1' }),
      });
    await create('one');
    expect(await refusal(create('two'))).toMatch(/^Exhausted\/database.*limit=2/);
    const make = (name: string, databaseName: string) =>
      small.coordinator.createCollection({ ...creation(name), databaseName });
    await make('a', 'one');
    expect(await refusal(make('b', 'one'))).toMatch(/^Exhausted\/collection.*database=one.*limit=1/);
    await make('a', 'default');
    expect(await refusal(make('b', 'default'))).toMatch(/^Exhausted\/collection.*limit=2/);
  });
});

describe('collections', () => {
  it('creates one, tells the streaming node before the reply, and finds it by name and id', async () => {
    const info = await coordinator.createCollection(
      creation('books', [ID, VECTOR], { shardsNum: 2, dynamic: true }),
    );
    expect(streaming.collections.get(info.collectionId)).toEqual(info);
    expect(info.vchannels).toEqual([
      { pchannel: 'elanus-dml_0', vchannel: `elanus-dml_0_${info.collectionId}v0` },
      { pchannel: 'elanus-dml_1', vchannel: `elanus-dml_1_${info.collectionId}v1` },
    ]);
    expect([...streaming.terms]).toEqual([
      ['elanus-dml_0', 1],
      ['elanus-dml_1', 1],
    ]);
    expect(info.partitions.map((p) => p.name)).toEqual(['_default']);
    expect(info.schema.fields.at(-1)).toMatchObject({ name: '$meta', fieldId: 102, isDynamic: true });
    expect(await coordinator.getCollection('default', 'books')).toEqual(info);
    expect(await coordinator.getCollectionById(info.collectionId)).toEqual(info);
    expect(info.load.state).toBe('unloaded');
  });

  it('spreads shards over the channels with the fewest', async () => {
    for (const name of ['a', 'b', 'c'])
      await coordinator.createCollection(creation(name, [ID, VECTOR], { shardsNum: 7 }));
    const counts = new Map<string, number>();
    for (const info of await coordinator.listCollections('default')) {
      for (const { pchannel } of info.vchannels) counts.set(pchannel, (counts.get(pchannel) ?? 0) + 1);
    }
    expect([...counts.values()].sort()).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
  });

  it('takes an identical collection as a success and refuses another one', async () => {
    const first = await coordinator.createCollection(creation('books'));
    expect(await coordinator.createCollection(creation('books'))).toEqual(first);
    const others = [
      creation('books', [ID, { ...VECTOR, dim: 16 }]),
      creation('books', [ID, VECTOR], { shardsNum: 2 }),
      creation('books', [ID, VECTOR], { dynamic: true }),
      creation('books', [ID, VECTOR], { consistencyLevel: 0 }),
      creation('books', [ID, VECTOR], { properties: pairs({ 'mmap.enabled': 'true' }) }),
    ];
    for (const other of others) {
      expect(await refusal(coordinator.createCollection(other))).toMatch(
        /^AlreadyExists\/collection: create duplicate collection with different parameters/,
      );
    }
  });

  it('makes the partitions of a partition key', async () => {
    const key = field('tenant', DataType.VarChar, { maxLength: 9, isPartitionKey: true });
    const info = await coordinator.createCollection(creation('books', [ID, VECTOR, key]));
    expect(info.partitions).toHaveLength(16);
    expect(info.partitions[15]!.name).toBe('_default_15');
    const more = await coordinator.createCollection(
      creation('more', [ID, VECTOR, key], { numPartitions: 1_024 }),
    );
    expect(new Set(more.partitions.map((p) => p.partitionId)).size).toBe(1_024);
    const refusals = [
      [creation('x', [ID, VECTOR, key], { numPartitions: 1_025 }), /num_partitions must be in 1\.\.1024/],
      [creation('x', [ID, VECTOR], { numPartitions: 2 }), /only be specified with partition key/],
    ] as const;
    for (const [request, pattern] of refusals) {
      expect(await refusal(coordinator.createCollection(request))).toMatch(pattern);
    }
    for (const attempt of [
      coordinator.createPartition({ ...at('books'), name: 'p' }),
      coordinator.dropPartition({ ...at('books'), name: '_default_1' }),
    ]) {
      expect(await refusal(attempt)).toMatch(/^Invalid.*if partition key mode is used/);
    }
  });

  it.each([
    [{ shardsNum: 17 }, /limited to 16/],
    [{ consistencyLevel: 5 as never }, /in 0\.\.4/],
    [{ properties: pairs({ colour: 'red' }) }, /unknown collection property\[property=colour\]/],
    [{ properties: pairs({ 'collection.ttl.seconds': '5' }) }, /time to live \(collection.ttl.seconds\)/],
    [{ properties: pairs({ ttl_field: 'x' }) }, /time to live/],
    [{ properties: pairs({ 'mmap.enabled': '1' }) }, /true or false/],
    [{ databaseName: 'nowhere' }, /^NotFound\/database/],
  ])('refuses %j', async (more, pattern) => {
    expect(await refusal(coordinator.createCollection(creation('books', [ID, VECTOR], more)))).toMatch(
      pattern,
    );
    expect(await coordinator.listCollections('default')).toEqual([]);
  });

  it('keeps properties that change nothing', async () => {
    const properties = pairs({
      'mmap.enabled': 'True',
      'partitionkey.isolation': 'false',
      'warmup.vectorField': 'sync',
    });
    await coordinator.createCollection(creation('books', [ID, VECTOR], { properties }));
    expect((await coordinator.getCollection('default', 'books')).properties).toEqual(properties);
  });

  it('drops a collection at once, and again, but not by an alias or with one', async () => {
    const info = await coordinator.createCollection(creation('books'));
    await coordinator.createAlias({ ...at('books'), alias: 'b' });
    expect(await refusal(coordinator.dropCollection(named('b')))).toMatch(
      /^Invalid.*cannot drop the collection via alias/,
    );
    expect(await refusal(coordinator.dropCollection(named('books')))).toMatch(
      /^Conflict.*associated aliases \[b\]/,
    );
    await coordinator.dropAlias({ ...named(''), alias: 'b' });
    await coordinator.dropCollection(named('books'));
    await coordinator.dropCollection(named('books'));
    expect(streaming.dropped).toEqual([info.collectionId]);
    expect(await refusal(coordinator.getCollection('default', 'books'))).toBe(
      'NotFound/collection: collection not found[database=default][collection=books]',
    );
    const again = await coordinator.createCollection(creation('books'));
    expect(again.collectionId).toBeGreaterThan(info.collectionId);
  });

  it('renames, also into another database', async () => {
    const { collectionId } = await coordinator.createCollection(creation('books'));
    await coordinator.createCollection(creation('other'));
    await coordinator.createDatabase({ requestId: '', name: 'shop', properties: [] });
    await coordinator.createAlias({ ...at('books'), alias: 'b' });
    const rename = (name: string, newName: string, newDatabaseName = 'default') =>
      coordinator.renameCollection({ ...named(name), newName, newDatabaseName });
    expect(await refusal(rename('books', 'other'))).toMatch(/^AlreadyExists\/collection/);
    expect(await refusal(rename('books', 'b'))).toMatch(/^AlreadyExists\/collection/);
    expect(await refusal(rename('b', 'c'))).toMatch(/unsupported use an alias/);
    expect(await refusal(rename('books', 'tomes', 'shop'))).toMatch(/must drop all aliases/);
    expect(await refusal(rename('books', '1'))).toMatch(/Invalid collection name/);
    expect(await refusal(rename('books', 'x', 'nowhere'))).toMatch(/^NotFound\/database/);
    await coordinator.dropAlias({ ...named(''), alias: 'b' });
    await rename('books', 'tomes', 'shop');
    const moved = await coordinator.getCollection('shop', 'tomes');
    expect(moved).toMatchObject({ collectionId, databaseName: 'shop' });
    expect(streaming.collections.get(collectionId)).toEqual(moved);
    expect(await refusal(coordinator.getCollection('default', 'books'))).toMatch(/^NotFound/);
    expect(await refusal(coordinator.dropDatabase({ requestId: '', name: 'shop' }))).toMatch(/not empty/);
  });

  it('alters properties and enables the dynamic field', async () => {
    const first = await coordinator.createCollection(creation('books'));
    const alter = (set: Record<string, string>, deleteKeys: string[] = []) =>
      coordinator.alterCollection({ ...named('books'), set: pairs(set), deleteKeys });
    await alter({ 'mmap.enabled': 'true', timezone: 'UTC' });
    const info = await alter({}, ['timezone', 'absent']);
    expect(info.properties).toEqual(pairs({ 'mmap.enabled': 'true' }));
    expect(info.updateTs).toBe(first.updateTs);
    expect(await refusal(alter({ 'collection.ttl.seconds': '1' }))).toMatch(/time to live/);
    expect(await refusal(alter({}))).toMatch(/no property/);
    expect(await refusal(alter({ timezone: 'x' }, ['mmap.enabled']))).toMatch(/cannot both/);
    const dynamic = await alter({ 'dynamicfield.enabled': 'True' });
    expect(dynamic.schema).toMatchObject({ enableDynamicField: true, version: 1 });
    expect(dynamic.schema.fields.at(-1)).toMatchObject({ name: '$meta', fieldId: 102, defaultValue: '{}' });
    expect(dynamic.updateTs).toBeGreaterThan(first.updateTs);
    expect(await refusal(alter({ 'dynamicfield.enabled': 'false' }))).toMatch(/cannot be disabled/);
  });

  it('adds fields and raises sizes, with a new schema version and timestamp each', async () => {
    const text = field('t', DataType.VarChar, { maxLength: 10, typeParams: pairs({ max_length: '10' }) });
    const first = await coordinator.createCollection(creation('books', [ID, VECTOR, text]));
    const added = await coordinator.addField({
      ...named('books'),
      field: field('n', DataType.Int64, { defaultValue: 5n }),
    });
    expect(added.schema.version).toBe(1);
    expect(added.updateTs).toBeGreaterThan(first.updateTs);
    const alter = (fieldName: string, set: Record<string, string>, deleteKeys: string[] = []) =>
      coordinator.alterField({ ...named('books'), fieldName, set: pairs(set), deleteKeys });
    const raised = await alter('t', { max_length: '20', 'mmap.enabled': 'true' });
    expect(raised.schema.fields[2]).toMatchObject({
      maxLength: 20,
      typeParams: pairs({ max_length: '20', 'mmap.enabled': 'true' }),
    });
    expect(raised.schema.version).toBe(2);
    expect((await alter('t', {}, ['mmap.enabled'])).schema.fields[2]!.typeParams).toEqual(
      pairs({ max_length: '20' }),
    );
    expect(await refusal(alter('t', { max_length: '19' }))).toMatch(/only be raised.*20\.\.65535/);
    expect(await refusal(alter('vector', { max_length: '19' }))).toMatch(/does not fit the data type/);
    expect(await refusal(alter('vector', { dim: '9' }))).toMatch(/dim does not allow update/);
    expect(await refusal(alter('t', {}, ['max_length']))).toMatch(/not allowed to drop/);
    expect(await refusal(alter('zzz', { max_length: '19' }))).toMatch(/^NotFound\/field.*field=zzz/);
  });

  it('truncates by a record of the streaming node', async () => {
    await coordinator.createCollection(creation('books'));
    await coordinator.truncateCollection(named('books'));
    const info = await coordinator.getCollection('default', 'books');
    expect(info.truncatedTs).toBe(500n);
    expect(streaming.collections.get(info.collectionId)).toEqual(info);
  });
});

describe('aliases', () => {
  it('creates, moves and drops them', async () => {
    const books = await coordinator.createCollection(creation('books'));
    const films = await coordinator.createCollection(creation('films'));
    await coordinator.createAlias({ ...at('books'), alias: 'now' });
    await coordinator.createAlias({ ...at('books'), alias: 'now' });
    expect((await coordinator.getCollection('default', 'now')).collectionId).toBe(books.collectionId);
    await coordinator.alterAlias({ ...at('films'), alias: 'now' });
    expect((await coordinator.getCollection('default', 'now')).collectionId).toBe(films.collectionId);
    expect((await coordinator.getCollection('default', 'books')).aliases).toEqual([]);
    expect(streaming.collections.get(films.collectionId)!.aliases).toEqual(['now']);
    await coordinator.dropAlias({ ...named(''), alias: 'now' });
    await coordinator.dropAlias({ ...named(''), alias: 'now' });
    expect(await refusal(coordinator.getCollection('default', 'now'))).toMatch(/^NotFound\/collection/);
  });

  it('refuses clashes', async () => {
    await coordinator.createCollection(creation('books'));
    await coordinator.createCollection(creation('films'));
    await coordinator.createAlias({ ...at('books'), alias: 'now' });
    const create = (alias: string, collection: string) =>
      coordinator.createAlias({ ...at(collection), alias });
    expect(await refusal(create('now', 'films'))).toMatch(
      /^AlreadyExists\/alias: now is alias to another collection: books/,
    );
    expect(await refusal(create('films', 'books'))).toMatch(/^Conflict\/alias/);
    expect(await refusal(create('x', 'zzz'))).toMatch(/^NotFound\/collection/);
    expect(await refusal(create('x', 'now'))).toMatch(/^NotFound\/collection/);
    expect(await refusal(create('a b', 'books'))).toMatch(/Invalid alias name/);
    expect(await refusal(coordinator.alterAlias({ ...at('books'), alias: 'zzz' }))).toMatch(
      /^NotFound\/alias/,
    );
    expect(await refusal(coordinator.createCollection(creation('now')))).toMatch(/^Conflict\/alias/);
  });
});

describe('partitions', () => {
  it('creates and drops them, and repeats are successes', async () => {
    await coordinator.createCollection(creation('books'));
    await coordinator.createPartition({ ...at('books'), name: 'p-1' });
    const info = await coordinator.createPartition({ ...at('books'), name: 'p-1' });
    expect(info.partitions.map((p) => p.name)).toEqual(['_default', 'p-1']);
    await coordinator.dropPartition({ ...at('books'), name: 'p-1' });
    await coordinator.dropPartition({ ...at('books'), name: 'p-1' });
    expect((await coordinator.getCollection('default', 'books')).partitions).toHaveLength(1);
    expect(await refusal(coordinator.dropPartition({ ...at('books'), name: '_default' }))).toMatch(
      /default partition/,
    );
    expect(await refusal(coordinator.createPartition({ ...at('books'), name: 'p 1' }))).toMatch(
      /Invalid partition name/,
    );
    expect(await refusal(coordinator.createPartition({ ...at('zzz'), name: 'p' }))).toMatch(
      /^NotFound\/collection/,
    );
  });

  it('has room for 1,024 with the longest names, and survives a restart with them', async () => {
    const first = await startCoordinator();
    await first.coordinator.createCollection(creation('books'));
    for (let i = 1; i < 1_024; i++) {
      await first.coordinator.createPartition({ ...at('books'), name: `p${i}_`.padEnd(255, 'x') });
    }
    const one = first.coordinator.createPartition({ ...at('books'), name: 'one_more' });
    expect(await refusal(one)).toMatch(/^Exhausted\/partition.*limit=1024/);
    const before = await first.coordinator.getCollection('default', 'books');
    const second = await startCoordinator({ meta: first.meta });
    expect(await second.coordinator.getCollection('default', 'books')).toEqual(before);
    for (let i = 1; i < 1_024; i++) {
      await second.coordinator.dropPartition({ ...at('books'), name: `p${i}_`.padEnd(255, 'x') });
    }
    const third = await startCoordinator({ meta: first.meta });
    expect((await third.coordinator.getCollection('default', 'books')).partitions).toHaveLength(1);
  });
});

describe('indexes and loading', () => {
  beforeEach(async () => {
    const fields = [ID, VECTOR, field('t', DataType.VarChar, { maxLength: 9 }), field('j', DataType.JSON)];
    await coordinator.createCollection(creation('books', fields, { dynamic: true }));
  });

  it('creates an index once', async () => {
    const first = await index({ index_type: 'HNSW', metric_type: 'L2', M: '8' });
    expect(first).toMatchObject({ indexName: 'vector', fieldId: 101, indexType: 'HNSW', metric: 'L2' });
    expect(await index({ index_type: 'HNSW', metric_type: 'L2', params: '{"M":8}' })).toEqual(first);
    const distinct = /^AlreadyExists\/index: at most one distinct index is allowed per field/;
    expect(await refusal(index({ index_type: 'HNSW', metric_type: 'L2', M: '9' }))).toMatch(distinct);
    expect(
      await refusal(index({ index_type: 'HNSW', metric_type: 'L2', M: '8' }, 'books', 'vector', 'n')),
    ).toMatch(distinct);
    expect(await refusal(index({}, 'books', 't', 'vector'))).toMatch(
      /^AlreadyExists\/index.*otherField=vector/,
    );
    expect(
      await refusal(coordinator.createIndex({ ...at('books'), fieldName: '', indexName: '', params: [] })),
    ).toMatch(/^NotFound\/field/);
    expect(await refusal(index({}, 'books', 't', 'a b'))).toMatch(/Invalid index name/);
  });

  it('takes several paths of one JSON field, and keys of the dynamic field', async () => {
    const json = { index_type: 'INVERTED', json_cast_type: 'DOUBLE' };
    const a = await index({ ...json, json_path: 'j["a"]' }, 'books', 'j');
    const b = await index({ ...json, json_path: 'j["b"]' }, 'books', 'j');
    const colour = await index(json, 'books', 'colour');
    expect([a.indexName, b.indexName]).toEqual(['jj["a"]', 'jj["b"]']);
    expect(colour).toMatchObject({ fieldName: '$meta', indexName: '$metacolour' });
    expect((await coordinator.getCollection('default', 'books')).indexes).toHaveLength(3);
  });

  it('loads when every vector has an index, and guards what is loaded', async () => {
    expect(await refusal(load('load'))).toMatch(/^NotFound\/index.*field=vector/);
    await index({});
    const alter = () =>
      coordinator.alterIndex({
        ...at('books'),
        indexName: 'vector',
        set: pairs({ 'mmap.enabled': 'true' }),
        deleteKeys: [],
      });
    const drop = () => coordinator.dropIndex({ ...at('books'), indexName: 'vector', fieldName: '' });
    expect((await load('load')).load).toEqual({ state: 'loaded', partitionIds: undefined, replicaNumber: 1 });
    expect(await refusal(load('load', undefined, 2))).toMatch(/^Exhausted.*replicaNumber=2.*replicasMax=1/);
    expect(await refusal(alter())).toMatch(/^Conflict\/collection: can't alter index on loaded collection/);
    expect(await refusal(drop())).toMatch(/^Invalid.*vector index cannot be dropped on loaded collection/);
    expect((await load('release')).load.state).toBe('released');
    await alter();
    const { indexes } = await coordinator.getCollection('default', 'books');
    expect(indexes[0]!.params).toContainEqual({ key: 'mmap.enabled', value: 'true' });
    await drop();
    await drop();
    expect((await coordinator.getCollection('default', 'books')).indexes).toEqual([]);
  });

  it('refuses alterations of what an index is built by', async () => {
    await index({});
    const alter = (indexName: string, set: Record<string, string>) =>
      coordinator.alterIndex({ ...at('books'), indexName, set: pairs(set), deleteKeys: [] });
    expect(await refusal(alter('vector', { M: '9' }))).toMatch(/^Invalid.*M is not a configable/);
    expect(await refusal(alter('vector', { 'mmap.enabled': 'x' }))).toMatch(/true or false/);
    expect(await refusal(alter('zzz', { 'mmap.enabled': 'true' }))).toMatch(/^NotFound\/index/);
  });

  it('loads and releases partitions', async () => {
    await index({});
    for (const name of ['p', 'q']) await coordinator.createPartition({ ...at('books'), name });
    const info = await coordinator.getCollection('default', 'books');
    const [all, p, q] = info.partitions.map((partition) => partition.partitionId) as [number, number, number];
    expect((await load('load', ['p'])).load.partitionIds).toEqual([p]);
    expect((await load('load', ['q', 'p'])).load.partitionIds).toEqual([p, q]);
    const drop = () => coordinator.dropPartition({ ...at('books'), name: 'p' });
    expect(await refusal(drop())).toMatch(
      /^Conflict\/partition: partition cannot be dropped, partition is loaded/,
    );
    expect((await load('release', ['p'])).load.partitionIds).toEqual([q]);
    await drop();
    expect((await load('load')).load.partitionIds).toBeUndefined();
    expect((await load('release', ['_default'])).load.partitionIds).toEqual([q]);
    expect((await load('release', ['q'])).load.state).toBe('released');
    expect((await load('release', ['q'])).load.state).toBe('released');
    expect(all).toBeGreaterThan(0);
    expect(await refusal(load('load', ['zzz']))).toMatch(/^NotFound\/partition.*partition=zzz/);
    expect(await refusal(load('load', []))).toMatch(/no partition is named/);
  });
});

describe('timestamps and ids', () => {
  it('gives out each once, in order, also when asked at the same time', async () => {
    const counts = [1, 5, 262_144, 3];
    const firsts = await Promise.all(counts.map((count) => coordinator.allocTimestamps(count)));
    for (let i = 1; i < firsts.length; i++) {
      expect(firsts[i]!).toBeGreaterThanOrEqual(firsts[i - 1]! + BigInt(counts[i - 1]!));
    }
    const rows = await Promise.all([coordinator.allocRowIds(2 ** 32), coordinator.allocRowIds(2)]);
    expect(rows[1]! - rows[0]!).toBe(2n ** 32n);
    const ids = await Promise.all([coordinator.allocIds(3), coordinator.allocIds(1)]);
    expect(ids[1]! - ids[0]!).toBe(3);
  });

  it('follows the clock and does not go back with it', async () => {
    const first = await coordinator.allocTimestamps(1);
    await clock.advance(10_000);
    const second = await coordinator.allocTimestamps(1);
    expect(second - first).toBeGreaterThanOrEqual(9_000n << 18n);
  });

  it.each([0, -1, 1.5, 2 ** 18 + 1])('refuses %d timestamps', async (count) => {
    expect(await refusal(coordinator.allocTimestamps(count))).toMatch(
      /^Invalid.*count must be an integer in 1\.\.262144/,
    );
  });
});
