import { DataType, type MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ElanusServer } from '../harness/elanusServer.ts';
import { connect, countOf, createCollection, fault, idsOf, ok, rowsOf } from './client.ts';

const server = new ElanusServer();
let client: MilvusClient;

beforeAll(async () => {
  await server.start();
  client = await connect(server.address);
});
afterAll(async () => {
  await client.closeConnection();
  await server.remove();
});

test('connects: version, health, server information', async () => {
  expect((await client.getVersion()).version).toMatch(/^v?3\.0/);
  expect((await client.checkHealth()).isHealthy).toBe(true);
  expect(client.connectStatus).toBe(1);
});

test('a collection: created, described, listed, renamed, dropped', async () => {
  ok(
    await client.createCollection({
      collection_name: 'books',
      description: 'all of them',
      shards_num: 2,
      enable_dynamic_field: true,
      consistency_level: 'Session',
      properties: { 'mmap.enabled': true },
      fields: [
        { name: 'isbn', data_type: DataType.VarChar, is_primary_key: true, max_length: 20 },
        { name: 'vector', data_type: DataType.FloatVector, dim: 8 },
        { name: 'year', data_type: DataType.Int32, nullable: true },
        { name: 'price', data_type: DataType.Double, default_value: 9.5 },
        { name: 'facts', data_type: DataType.JSON },
        {
          name: 'tags',
          data_type: DataType.Array,
          element_type: DataType.VarChar,
          max_capacity: 4,
          max_length: 9,
        },
      ],
    }),
  );
  const described = ok(await client.describeCollection({ collection_name: 'books' }));
  expect(described).toMatchObject({
    collection_name: 'books',
    db_name: 'default',
    shards_num: 2,
    consistency_level: 'Session',
    schema: { name: 'books', description: 'all of them', enable_dynamic_field: true },
    properties: [{ key: 'mmap.enabled', value: 'true' }],
  });
  expect(described.schema.fields.map((field) => [field.name, field.data_type, field.nullable])).toEqual([
    ['isbn', 'VarChar', false],
    ['vector', 'FloatVector', false],
    ['year', 'Int32', true],
    ['price', 'Double', false],
    ['facts', 'JSON', false],
    ['tags', 'Array', false],
  ]);
  expect(described.virtual_channel_names).toHaveLength(2);
  expect(ok(await client.hasCollection({ collection_name: 'books' })).value).toBe(true);
  expect(ok(await client.showCollections()).data.map(({ name }) => name)).toContain('books');

  ok(await client.renameCollection({ collection_name: 'books', new_collection_name: 'volumes' }));
  expect((await client.hasCollection({ collection_name: 'books' })).value).toBe(false);
  ok(
    await client.alterCollectionProperties({
      collection_name: 'volumes',
      properties: { 'mmap.enabled': false },
    }),
  );
  ok(await client.dropCollection({ collection_name: 'volumes' }));
  ok(await client.dropCollection({ collection_name: 'volumes' }));
  expect(await fault(client.describeCollection({ collection_name: 'volumes' }))).toMatch(
    /^100 CollectionNotExists: .*volumes/,
  );
});

test('refused collections say what is wrong', async () => {
  const id = { name: 'id', data_type: DataType.Int64, is_primary_key: true };
  const create = (...fields: object[]) =>
    client.createCollection({ collection_name: 'refused', fields: fields as never });
  expect(await fault(create(id, { name: 'v', data_type: DataType.FloatVector, dim: 1 }))).toMatch(
    /^1100 IllegalArgument: .*dim/,
  );
  expect(
    await fault(create(id, { ...id, name: 'other' }, { name: 'v', data_type: DataType.FloatVector, dim: 4 })),
  ).toMatch(/^1100 IllegalArgument: .*primary/);
  await createCollection(client, 'refused');
  expect(await fault(create(id, { name: 'v', data_type: DataType.FloatVector, dim: 4 }))).toMatch(/refused/);
});

test('databases keep their collections apart', async () => {
  ok(await client.createDatabase({ db_name: 'library' }));
  expect(ok(await client.listDatabases({})).db_names).toEqual(expect.arrayContaining(['default', 'library']));
  const inside = await connect(server.address, 'library');
  await createCollection(inside, 'shelf');
  ok(await inside.insert({ collection_name: 'shelf', data: rowsOf(0, 3) }));
  expect(await countOf(inside, 'shelf')).toBe(3);
  expect((await client.hasCollection({ collection_name: 'shelf' })).value).toBe(false);
  expect(ok(await client.hasCollection({ collection_name: 'shelf', db_name: 'library' })).value).toBe(true);
  expect(await fault(client.dropDatabase({ db_name: 'library' }))).toMatch(/library/);
  ok(await inside.dropCollection({ collection_name: 'shelf' }));
  await inside.closeConnection();
  ok(await client.dropDatabase({ db_name: 'library' }));
  expect((await client.listDatabases({})).db_names).not.toContain('library');
});

test('aliases name a collection and can be moved', async () => {
  await createCollection(client, 'monday');
  await createCollection(client, 'tuesday');
  ok(await client.insert({ collection_name: 'tuesday', data: rowsOf(0, 5) }));
  ok(await client.createAlias({ collection_name: 'monday', alias: 'today' }));
  expect(ok(await client.describeAlias({ collection_name: 'monday', alias: 'today' })).collection).toBe(
    'monday',
  );
  expect(ok(await client.listAliases({ collection_name: 'monday' })).aliases).toEqual(['today']);
  expect(await countOf(client, 'today')).toBe(0);
  ok(await client.alterAlias({ collection_name: 'tuesday', alias: 'today' }));
  expect(await countOf(client, 'today')).toBe(5);
  ok(await client.dropAlias({ alias: 'today' }));
  expect(await fault(client.describeCollection({ collection_name: 'today' }))).toMatch(
    /^100 CollectionNotExists/,
  );
});

test('partitions hold rows of their own', async () => {
  await createCollection(client, 'years');
  ok(await client.createPartition({ collection_name: 'years', partition_name: 'y2024' }));
  expect(ok(await client.showPartitions({ collection_name: 'years' })).partition_names).toEqual([
    '_default',
    'y2024',
  ]);
  ok(await client.insert({ collection_name: 'years', data: rowsOf(0, 4) }));
  ok(await client.insert({ collection_name: 'years', partition_name: 'y2024', data: rowsOf(4, 10) }));
  const there = await client.query({
    collection_name: 'years',
    partition_names: ['y2024'],
    filter: 'id < 6',
    output_fields: ['id'],
  });
  expect(ok(there).data.map(({ id }) => id)).toEqual(['4', '5']);
  const hits = await client.search({
    collection_name: 'years',
    partition_names: ['y2024'],
    data: [0, 1, 0, -0.5],
    limit: 2,
    output_fields: ['id'],
  });
  expect(ok(hits).results.map(({ id }) => id)).toEqual(['4', '7']);
  expect(await fault(client.dropPartition({ collection_name: 'years', partition_name: 'y2024' }))).toMatch(
    /y2024|load/,
  );
  ok(await client.releasePartitions({ collection_name: 'years', partition_names: ['y2024'] }));
  ok(await client.dropPartition({ collection_name: 'years', partition_name: 'y2024' }));
  expect(await idsOf(client, 'years')).toEqual([0, 1, 2, 3]);
});

test('indexes: created, described with what was given, dropped; progress is true', async () => {
  ok(
    await client.createCollection({
      collection_name: 'indexed',
      fields: [
        { name: 'id', data_type: DataType.Int64, is_primary_key: true },
        { name: 'vector', data_type: DataType.FloatVector, dim: 4 },
        { name: 'year', data_type: DataType.Int32 },
      ],
    }),
  );
  expect(await fault(client.describeIndex({ collection_name: 'indexed' }))).toMatch(/^700 IndexNotExist/);
  expect(await fault(client.loadCollection({ collection_name: 'indexed' }))).toMatch(/index/);
  ok(
    await client.createIndex({
      collection_name: 'indexed',
      field_name: 'vector',
      index_name: 'graph',
      index_type: 'HNSW',
      metric_type: 'COSINE',
      params: { M: 8, efConstruction: 64 },
    }),
  );
  ok(await client.createIndex({ collection_name: 'indexed', field_name: 'year', index_type: 'STL_SORT' }));
  ok(await client.insert({ collection_name: 'indexed', data: rowsOf(0, 100, { year: (id) => 1900 + id }) }));
  const { index_descriptions: all } = ok(await client.describeIndex({ collection_name: 'indexed' }));
  expect(all.map(({ index_name, field_name }) => [index_name, field_name])).toEqual(
    expect.arrayContaining([
      ['graph', 'vector'],
      ['year', 'year'],
    ]),
  );
  const graph = all.find(({ index_name }) => index_name === 'graph')!;
  expect(Object.fromEntries(graph.params.map(({ key, value }) => [key, value]))).toMatchObject({
    index_type: 'HNSW',
    metric_type: 'COSINE',
  });
  const progress = ok(
    await client.getIndexBuildProgress({ collection_name: 'indexed', index_name: 'graph' }),
  );
  expect(Number(progress.total_rows)).toBe(100);
  ok(await client.loadCollectionSync({ collection_name: 'indexed' }));
  expect(await fault(client.dropIndex({ collection_name: 'indexed', index_name: 'graph' }))).toMatch(
    /load|release/i,
  );
  ok(await client.releaseCollection({ collection_name: 'indexed' }));
  ok(await client.dropIndex({ collection_name: 'indexed', index_name: 'graph' }));
  expect((await client.describeIndex({ collection_name: 'indexed' })).index_descriptions).toHaveLength(1);
});

test('load and release; a released collection answers code 101', async () => {
  await createCollection(client, 'loaded');
  ok(await client.insert({ collection_name: 'loaded', data: rowsOf(0, 10) }));
  expect(ok(await client.getLoadState({ collection_name: 'loaded' })).state).toBe('LoadStateLoaded');
  expect(Number(ok(await client.getLoadingProgress({ collection_name: 'loaded' })).progress)).toBe(100);
  ok(await client.releaseCollection({ collection_name: 'loaded' }));
  expect(ok(await client.getLoadState({ collection_name: 'loaded' })).state).toBe('LoadStateNotLoad');
  const refused = client.query({ collection_name: 'loaded', filter: 'id >= 0' });
  expect(await fault(refused)).toMatch(/^101 /);
  ok(await client.loadCollectionSync({ collection_name: 'loaded' }));
  expect(await countOf(client, 'loaded')).toBe(10);
});

test('flush is done when it answers; statistics count the rows', async () => {
  await createCollection(client, 'flushed');
  ok(await client.insert({ collection_name: 'flushed', data: rowsOf(0, 50) }));
  const { coll_segIDs } = ok(await client.flush({ collection_names: ['flushed'] }));
  const segmentIDs = (coll_segIDs as unknown as Record<string, { data: number[] }>).flushed!.data;
  expect(segmentIDs).toHaveLength(1);
  expect(ok(await client.getFlushState({ segmentIDs })).flushed).toBe(true);
  expect(ok(await client.flushSync({ collection_names: ['flushed'] })).flushed).toBe(true);
  expect(ok(await client.getCollectionStatistics({ collection_name: 'flushed' })).data.row_count).toBe('50');
  ok(await client.truncateCollection({ collection_name: 'flushed' }));
  expect(await countOf(client, 'flushed')).toBe(0);
});
