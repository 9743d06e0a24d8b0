import { BinaryReader } from '@bufbuild/protobuf/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { SegmentState, ShardState } from '../../../../src/core/streaming/service.ts';
import { CollectionSchema, FieldSchema } from '../../../../src/gen/milvus/schema.ts';
import { pairs } from '../../../core/coordinator/fixture.ts';
import { MilvusClient } from './milvusClient.ts';

type FieldMessage = Parameters<typeof FieldSchema.fromPartial>[0];

const ID: FieldMessage = { name: 'id', dataType: DataType.Int64, isPrimaryKey: true };
const VECTOR: FieldMessage = {
  name: 'vector',
  dataType: DataType.FloatVector,
  typeParams: [...pairs({ dim: '8' })],
};

function schema(name: string, fields: readonly FieldMessage[] = [ID, VECTOR], more: object = {}): Uint8Array {
  const message = CollectionSchema.fromPartial({ name, fields: [...fields], ...more });
  return CollectionSchema.encode(message).finish();
}

let client: MilvusClient;

beforeEach(async () => {
  client = await MilvusClient.start();
});

const create = (collectionName: string, fields?: readonly FieldMessage[], more: object = {}) =>
  client.ok('CreateCollection', {
    collectionName,
    schema: schema(collectionName, fields),
    consistencyLevel: 2,
    ...more,
  });

const at = (collectionName: string, more: object = {}) => ({ collectionName, ...more });

const extra = (values: Record<string, string>) => ({ extraParams: pairs(values) });

function segment(segmentId: number, more: Partial<SegmentState> = {}): SegmentState {
  const rows = 10;
  return {
    segmentId,
    partitionId: 1,
    state: 'Flushed',
    rows,
    visibleRows: 8,
    memoryBytes: 5,
    indexes: [],
    ...more,
  };
}

function shards(segments: readonly SegmentState[], more: Partial<ShardState> = {}): void {
  client.fixture.streaming.states = [
    { vchannel: 'v0', segments, segmentsToLoad: 0, segmentsLoaded: 0, loadError: undefined, ...more },
  ];
}

describe('connection', () => {
  it('answers what clients need first', async () => {
    const connected = await client.ok('Connect', { clientInfo: undefined });
    expect(connected.identifier).toBeGreaterThan(0n);
    expect(connected.serverInfo).toMatchObject({ buildTags: '3.0.1', deployMode: 'STANDALONE' });
    expect((await client.ok('GetVersion')).version).toBe('3.0.1');
    expect(await client.ok('CheckHealth')).toMatchObject({ isHealthy: true, reasons: [] });
    expect((await client.ok('GetComponentStates')).state.stateCode).toBe(1);
    const first = (await client.ok('AllocTimestamp')).timestamp;
    expect((await client.ok('AllocTimestamp')).timestamp).toBeGreaterThan(first);
    expect((await client.call('Dummy', { requestType: 'x' })).response).toMatch(/unknown request_type/);
    const metrics = await client.ok('GetMetrics', { request: '{"metric_type":"system_info"}' });
    expect(JSON.parse(metrics.response).nodes_info[0].infos.system_info.build_version).toBe('3.0.1');
    expect(await client.fault('GetMetrics', { request: '{' })).toMatch(/^1100\/5/);
    expect(await client.fault('GetMetrics', { request: 'null' })).toMatch(/^1100\/5/);
  });

  it('refuses to connect to a database that is not there', async () => {
    client.metadata.set('dbname', 'nowhere');
    expect(await client.fault('Connect')).toBe('800/1: database not found[database=nowhere]');
  });
});

describe('databases', () => {
  it('creates, describes, alters, lists and drops', async () => {
    await client.ok('CreateDatabase', { dbName: 'shop', properties: pairs({ timezone: 'UTC' }) });
    expect(await client.fault('CreateDatabase', { dbName: 'shop' })).toMatch(
      /^65535\/1: database already exist/,
    );
    await client.ok('AlterDatabase', {
      dbName: 'shop',
      properties: pairs({ 'database.max.collections': '5' }),
    });
    await client.ok('AlterDatabase', { dbName: 'shop', deleteKeys: ['timezone'] });
    const described = await client.ok('DescribeDatabase', { dbName: 'shop' });
    expect(described).toMatchObject({
      dbName: 'shop',
      properties: pairs({ 'database.max.collections': '5' }),
    });
    expect(described.dbID).toBeGreaterThan(0n);
    const listed = await client.ok('ListDatabases');
    expect(listed.dbNames).toEqual(['default', 'shop']);
    expect(listed.createdTimestamp).toHaveLength(2);
    await client.ok('DropDatabase', { dbName: 'shop' });
    expect(await client.fault('DescribeDatabase', { dbName: 'shop' })).toMatch(/^800\/1/);
    expect(await client.fault('CreateDatabase', { dbName: '1' })).toMatch(/^802\/1: Invalid database name/);
  });

  it('finds the database in the body, else in the metadata, else it is the default one', async () => {
    for (const dbName of ['a', 'b']) await client.ok('CreateDatabase', { dbName });
    client.metadata.set('dbname', 'a');
    await create('books');
    await create('films', undefined, { dbName: 'b' });
    const shown = async (dbName: string) => (await client.ok('ShowCollections', { dbName })).collectionNames;
    expect(await shown('')).toEqual(['books']);
    expect(await shown('b')).toEqual(['films']);
    await client.ok('RenameCollection', { oldName: 'books', newName: 'tomes' });
    expect(await shown('a')).toEqual(['tomes']);
    await client.ok('RenameCollection', { oldName: 'tomes', newName: 'tomes', newDBName: 'default' });
    client.metadata.clear();
    expect(await shown('')).toEqual(['tomes']);
  });
});

describe('collections', () => {
  it('describes every field as it was given', async () => {
    const fields: FieldMessage[] = [
      { ...ID, autoID: true, description: 'the key' },
      VECTOR,
      {
        name: 'n',
        dataType: DataType.Int64,
        nullable: true,
        defaultValue: { longData: 9_007_199_254_740_993n },
      },
      { name: 'i', dataType: DataType.Int16, defaultValue: { intData: 7 } },
      { name: 'f', dataType: DataType.Float, defaultValue: { floatData: 0.5 } },
      { name: 'd', dataType: DataType.Double, defaultValue: { doubleData: 0.1 } },
      { name: 'b', dataType: DataType.Bool, defaultValue: { boolData: false } },
      {
        name: 't',
        dataType: DataType.VarChar,
        isPartitionKey: true,
        typeParams: [...pairs({ max_length: '20', 'mmap.enabled': 'true' })],
        defaultValue: { stringData: '' },
      },
      {
        name: 'a',
        dataType: DataType.Array,
        elementType: DataType.Int8,
        isClusteringKey: false,
        typeParams: [...pairs({ max_capacity: '3' })],
      },
    ];
    await client.ok('CreateCollection', {
      collectionName: 'books',
      schema: schema('books', fields, { enableDynamicField: true, description: 'all of them' }),
      consistencyLevel: 3,
      shardsNum: 2,
      numPartitions: 4n,
      properties: pairs({ 'mmap.enabled': 'true' }),
    });
    const reply = await client.ok('DescribeCollection', at('books'));
    expect(reply).toMatchObject({
      collectionName: 'books',
      dbName: 'default',
      shardsNum: 2,
      numPartitions: 4n,
      consistencyLevel: 3,
      aliases: [],
      properties: pairs({ 'mmap.enabled': 'true' }),
      physicalChannelNames: ['elanus-dml_0', 'elanus-dml_1'],
    });
    const { schema: described } = reply;
    expect(described).toMatchObject({ name: 'books', description: 'all of them', enableDynamicField: true });
    expect(described).toMatchObject({ functions: [], dbName: 'default' });
    const expected = fields.map((field, i) =>
      FieldSchema.fromPartial({ ...field, fieldID: BigInt(100 + i) }),
    );
    expect(described.fields).toEqual(expected);
    expect(reply.updateTimestampStr).toBe(String(reply.updateTimestamp));
    expect(reply.createdUtcTimestamp).toBe(reply.createdTimestamp >> 18n);
    expect(reply.virtualChannelNames[1]).toBe(`elanus-dml_1_${reply.collectionID}v1`);
    expect(await client.ok('DescribeCollection', { collectionID: reply.collectionID })).toEqual(reply);
    const batch = { collectionName: ['books', 'zzz'], collectionID: [reply.collectionID] };
    const { responses } = await client.ok('BatchDescribeCollection', batch);
    expect(responses[0]).toEqual(reply);
    expect(responses[1].status).toMatchObject({ code: 100, errorCode: 4 });
    expect(responses[2]).toEqual(reply);
  });

  it.each<[RegExp, readonly FieldMessage[], object]>([
    [
      /^1100\/5: functions are not supported\[collection=books\]\[name=bm25\]/,
      [ID, VECTOR],
      { functions: [{ name: 'bm25' }] },
    ],
    [
      /^1100\/5: struct array fields \(struct_array_fields\) are not supported.*name=s/,
      [ID, VECTOR],
      { structArrayFields: [{ name: 's' }] },
    ],
    [/^1100\/5: external collections/, [ID, VECTOR], { externalSource: 's3://x' }],
    [/^1100\/5: namespaces/, [ID, VECTOR], { enableNamespace: true }],
    [
      /^1100\/5: the data type SparseFloatVector is not supported\[field=s\]/,
      [ID, { name: 's', dataType: 104 }],
      {},
    ],
    [
      /^1100\/5: dim is required.*dim=abc/,
      [ID, { ...VECTOR, typeParams: [{ key: 'dim', value: 'abc' }] }],
      {},
    ],
    [/^1100\/5: nullable vector/, [ID, { ...VECTOR, nullable: true }], {}],
    [/^1100\/5: the dynamic field/, [ID, VECTOR, { name: 'm', dataType: 23, isDynamic: true }], {}],
    [
      /^1100\/5: a default value of this kind/,
      [ID, VECTOR, { name: 'm', dataType: 5, defaultValue: { timeData: 5n } }],
      {},
    ],
    [
      /^1100\/5: the default value does not fit/,
      [ID, VECTOR, { name: 'm', dataType: 5, defaultValue: { stringData: '5' } }],
      {},
    ],
  ])('refuses with %s', async (pattern, fields, more) => {
    const request = { collectionName: 'books', schema: schema('books', fields, more) };
    expect(await client.fault('CreateCollection', request)).toMatch(pattern);
    const { status } = { status: await client.call('CreateCollection', request) };
    expect(status.extraInfo).toEqual({ is_input_error: 'true' });
  });

  it('refuses a broken schema and properties it would have to ignore', async () => {
    const broken = { collectionName: 'books', schema: new Uint8Array([255]) };
    expect(await client.fault('CreateCollection', broken)).toMatch(
      /^1100\/5: the schema of a collection is no valid/,
    );
    const named = { collectionName: 'books', schema: schema('films') };
    expect(await client.fault('CreateCollection', named)).toMatch(
      /^1100\/5: the collection name and the name/,
    );
    const ttl = {
      ...at('books'),
      schema: schema('books'),
      properties: pairs({ 'collection.ttl.seconds': '1' }),
    };
    expect(await client.fault('CreateCollection', ttl)).toMatch(/^1100\/5: time to live/);
  });

  it('answers repeats, differences and absence as clients expect', async () => {
    await create('books');
    await create('books');
    const other = { collectionName: 'books', schema: schema('books', [{ ...ID, autoID: true }, VECTOR]) };
    expect(await client.fault('CreateCollection', other)).toMatch(
      /^65535\/1: create duplicate collection with different parameters/,
    );
    expect((await client.ok('HasCollection', at('books'))).value).toBe(true);
    expect((await client.ok('HasCollection', at('zzz'))).value).toBe(false);
    expect(await client.fault('HasCollection', at('zzz', { dbName: 'nowhere' }))).toMatch(/^800/);
    expect(await client.fault('DescribeCollection', at('zzz'))).toBe(
      '100/4: collection not found[database=default][collection=zzz]',
    );
    await client.ok('DropCollection', at('books'));
    await client.ok('DropCollection', at('books'));
    expect((await client.ok('ShowCollections')).collectionNames).toEqual([]);
  });

  it('alters, adds a field and truncates, with a new update timestamp where the schema changed', async () => {
    await create('books');
    const stamp = async () => (await client.ok('DescribeCollection', at('books'))).updateTimestamp;
    const first = await stamp();
    await client.ok('AlterCollection', at('books', { properties: pairs({ timezone: 'UTC' }) }));
    expect(await stamp()).toBe(first);
    const field = FieldSchema.encode(
      FieldSchema.fromPartial({ name: 'n', dataType: 5, nullable: true }),
    ).finish();
    await client.ok('AddCollectionField', at('books', { schema: field }));
    expect(await client.fault('AddCollectionField', at('books', { schema: field }))).toMatch(
      /^1100.*duplicated field/,
    );
    const second = await stamp();
    expect(second).toBeGreaterThan(first);
    await client.ok(
      'AlterCollectionField',
      at('books', { fieldName: 'n', properties: pairs({ 'mmap.enabled': 'true' }) }),
    );
    expect(await stamp()).toBeGreaterThan(second);
    await client.ok('TruncateCollection', at('books'));
    expect(await client.fault('TruncateCollection', at('zzz'))).toMatch(/^100\/4/);
    expect(client.fixture.streaming.truncations).toBe(1);
  });

  it('counts the rows that are visible', async () => {
    await create('books');
    const { collectionID } = await client.ok('DescribeCollection', at('books'));
    const [partition] = (await client.ok('ShowPartitions', at('books'))).partitionIDs;
    shards([segment(1, { partitionId: Number(partition) }), segment(2, { partitionId: 99 })]);
    expect((await client.ok('GetCollectionStatistics', at('books'))).stats).toEqual(
      pairs({ row_count: '16' }),
    );
    const inDefault = at('books', { partitionName: '_default' });
    expect((await client.ok('GetPartitionStatistics', inDefault)).stats).toEqual(pairs({ row_count: '8' }));
    expect(await client.fault('GetPartitionStatistics', at('books', { partitionName: 'p' }))).toMatch(
      /^200\/15/,
    );
    expect(collectionID).toBeGreaterThan(0n);
  });
});

describe('aliases and partitions', () => {
  beforeEach(async () => {
    await create('books');
    await create('films');
  });

  it('handles aliases', async () => {
    await client.ok('CreateAlias', at('books', { alias: 'now' }));
    expect(await client.ok('DescribeAlias', { alias: 'now' })).toMatchObject({
      alias: 'now',
      collection: 'books',
    });
    await client.ok('AlterAlias', at('films', { alias: 'now' }));
    expect((await client.ok('DescribeAlias', { alias: 'now' })).collection).toBe('films');
    expect((await client.ok('ListAliases')).aliases).toEqual(['now']);
    expect((await client.ok('ListAliases', at('books'))).aliases).toEqual([]);
    expect((await client.ok('DescribeCollection', at('now'))).aliases).toEqual(['now']);
    expect(await client.fault('CreateAlias', at('books', { alias: 'now' }))).toMatch(/^1602\/1/);
    expect(await client.fault('CreateAlias', at('books', { alias: 'films' }))).toMatch(/^1601\/1/);
    await client.ok('DropAlias', { alias: 'now' });
    expect(await client.fault('DescribeAlias', { alias: 'now' })).toBe(
      '1600/1: alias not found[database=default][alias=now]',
    );
    expect(await client.fault('DescribeAlias', { alias: 'books' })).toMatch(/^1600/);
  });

  it('handles partitions', async () => {
    await client.ok('CreatePartition', at('books', { partitionName: 'p' }));
    expect((await client.ok('HasPartition', at('books', { partitionName: 'p' }))).value).toBe(true);
    expect((await client.ok('HasPartition', at('books', { partitionName: 'q' }))).value).toBe(false);
    expect(await client.fault('HasPartition', at('zzz', { partitionName: 'q' }))).toMatch(/^100\/4/);
    const shown = await client.ok('ShowPartitions', at('books'));
    expect(shown.partitionNames).toEqual(['_default', 'p']);
    expect(shown.createdUtcTimestamps).toHaveLength(2);
    expect(await client.fault('ShowPartitions', at('books', { partitionNames: ['q'] }))).toMatch(/^200\/15/);
    await client.ok('DropPartition', at('books', { partitionName: 'p' }));
    expect(await client.fault('DropPartition', at('books', { partitionName: '_default' }))).toMatch(/^1100/);
  });
});

describe('indexes', () => {
  beforeEach(() => create('books'));

  it('describes what the user gave, and true progress', async () => {
    expect(await client.fault('DescribeIndex', at('books'))).toBe(
      '700/25: index not found[collection=books]',
    );
    const hnsw = extra({ index_type: 'HNSW', metric_type: 'L2', params: '{"M":8,"efConstruction":64}' });
    await client.ok('CreateIndex', at('books', { fieldName: 'vector', ...hnsw }));
    await client.ok('CreateIndex', at('books', { fieldName: 'vector', ...hnsw }));
    await client.ok(
      'CreateIndex',
      at('books', { fieldName: 'id', indexName: 'key', ...extra({ index_type: 'STL_SORT' }) }),
    );
    const [description] = (await client.ok('DescribeIndex', at('books', { indexName: 'vector' })))
      .indexDescriptions;
    expect(description).toMatchObject({ indexName: 'vector', fieldName: 'vector', state: 3, totalRows: 0n });
    expect(description.params).toEqual(
      pairs({
        index_type: 'HNSW',
        metric_type: 'L2',
        M: '8',
        efConstruction: '64',
        params: '{"M":8,"efConstruction":64}',
      }),
    );
    const indexId = Number(description.indexID);
    shards([
      segment(1, { indexes: [{ indexId, indexedRows: 4 }] }),
      segment(2),
      segment(3, { state: 'Growing', indexes: [{ indexId, indexedRows: 1 }] }),
    ]);
    const all = (await client.ok('DescribeIndex', at('books'))).indexDescriptions;
    expect(all.map((d: { indexName: string; state: number }) => [d.indexName, d.state])).toEqual([
      ['vector', 2],
      ['key', 3],
    ]);
    expect(all[0]).toMatchObject({ totalRows: 30n, indexedRows: 24n, pendingIndexRows: 6n });
    expect((await client.ok('GetIndexState', at('books'))).state).toBe(2);
    expect((await client.ok('GetIndexState', at('books', { indexName: 'key' }))).state).toBe(3);
    const progress = await client.ok('GetIndexBuildProgress', at('books', { fieldName: 'vector' }));
    expect(progress).toMatchObject({ totalRows: 30n, indexedRows: 24n });
    const statistics = await client.ok('GetIndexStatistics', at('books', { indexName: 'vector' }));
    expect(statistics.indexDescriptions[0].pendingIndexRows).toBe(6n);
  });

  it('answers faults with their codes', async () => {
    const make = (values: Record<string, string>, fieldName = 'vector', indexName = '') =>
      at('books', { fieldName, indexName, ...extra(values) });
    expect(await client.fault('CreateIndex', make({ index_type: 'DISKANN' }))).toMatch(
      /^1100\/5: index type DISKANN/,
    );
    await client.ok('CreateIndex', make({ index_type: 'FLAT' }));
    expect(await client.fault('CreateIndex', make({ index_type: 'HNSW' }))).toMatch(
      /^702\/1: at most one distinct/,
    );
    expect(await client.fault('CreateIndex', make({}, 'zzz'))).toMatch(/^1700\/1/);
    await client.ok('LoadCollection', at('books'));
    const alter = at('books', { indexName: 'vector', ...extra({ 'mmap.enabled': 'True' }) });
    expect(await client.fault('AlterIndex', alter)).toMatch(
      /^104\/1: can't alter index on loaded collection/,
    );
    expect(await client.fault('DropIndex', at('books', { indexName: 'vector' }))).toMatch(
      /^1100.*cannot be dropped/,
    );
    await client.ok('ReleaseCollection', at('books'));
    await client.ok('AlterIndex', alter);
    await client.ok('AlterIndex', at('books', { indexName: 'vector', deleteKeys: ['mmap.enabled'] }));
    await client.ok('DropIndex', at('books', { indexName: 'vector' }));
    expect(await client.fault('GetIndexState', at('books'))).toMatch(/^700\/25/);
    expect(await client.fault('LoadCollection', at('books'))).toMatch(/^700\/25/);
  });
});

describe('loading', () => {
  beforeEach(async () => {
    await create('books');
    await client.ok('CreateIndex', at('books', { fieldName: 'vector' }));
  });

  const state = async (more: object = {}) => (await client.ok('GetLoadState', at('books', more))).state;

  it('goes through the states', async () => {
    expect((await client.ok('GetLoadState', at('zzz'))).state).toBe(0);
    expect(await state()).toBe(1);
    expect(await client.fault('GetLoadingProgress', at('books'))).toBe(
      '101/1: collection not loaded[collection=books]',
    );
    expect(await client.fault('LoadCollection', at('books', { refresh: true }))).toMatch(/^101\/1/);
    expect((await client.ok('GetReplicas', at('books'))).replicas).toEqual([]);
    await client.ok('LoadCollection', at('books', { replicaNumber: 1 }));
    shards([], { segmentsToLoad: 3, segmentsLoaded: 2 });
    expect(await state()).toBe(2);
    expect(await client.ok('GetLoadingProgress', at('books'))).toMatchObject({
      progress: 66n,
      refreshProgress: 66n,
    });
    const inMemory = await client.ok('ShowCollections', { type: 1 });
    expect(inMemory).toMatchObject({ collectionNames: ['books'], inMemoryPercentages: [66n] });
    expect(inMemory.queryServiceAvailable).toEqual([false]);
    shards([], { segmentsToLoad: 3, segmentsLoaded: 3 });
    expect(await state()).toBe(3);
    expect((await client.ok('GetLoadingProgress', at('books'))).progress).toBe(100n);
    await client.ok('LoadCollection', at('books', { refresh: true }));
    const [replica] = (await client.ok('GetReplicas', at('books'))).replicas;
    expect(replica.shardReplicas).toHaveLength(1);
    expect(replica.partitionIds).toHaveLength(1);
    await client.ok('ReleaseCollection', at('books'));
    expect(await state()).toBe(1);
    expect((await client.ok('ShowCollections', { type: 1 })).collectionNames).toEqual([]);
  });

  it('says why loading failed', async () => {
    await client.ok('LoadCollection', at('books'));
    shards([], { segmentsToLoad: 1, loadError: 'object x is gone' });
    expect(await client.fault('GetLoadingProgress', at('books'))).toMatch(
      /^2\/1: load failed: object x is gone/,
    );
    expect(await client.fault('GetLoadState', at('books'))).toMatch(/^2\/1: load failed/);
  });

  it('loads partitions', async () => {
    await client.ok('CreatePartition', at('books', { partitionName: 'p' }));
    await client.ok('LoadPartitions', at('books', { partitionNames: ['p'] }));
    expect(await state({ partitionNames: ['p'] })).toBe(3);
    expect(await state({ partitionNames: ['_default'] })).toBe(1);
    expect(await client.fault('GetLoadingProgress', at('books', { partitionNames: ['_default'] }))).toMatch(
      /^201\/1/,
    );
    expect(await client.fault('GetLoadState', at('books', { partitionNames: ['q'] }))).toMatch(/^200\/15/);
    const shown = await client.ok('ShowPartitions', at('books', { type: 1 }));
    expect(shown).toMatchObject({ partitionNames: ['p'], inMemoryPercentages: [100n] });
    await client.ok('ReleasePartitions', at('books', { partitionNames: ['p'] }));
    expect(await state()).toBe(1);
  });

  it('refuses what cannot be served', async () => {
    expect(await client.fault('LoadCollection', at('books', { replicaNumber: 2 }))).toMatch(
      /^12\/1.*replicasMax=1/,
    );
    expect(await client.fault('LoadCollection', at('books', { resourceGroups: ['rg'] }))).toMatch(
      /^1100.*resourceGroup=rg/,
    );
    await client.ok('LoadCollection', at('books', { resourceGroups: ['__default_resource_group'] }));
  });
});

describe('segments', () => {
  beforeEach(() => create('books', undefined, { shardsNum: 2 }));

  function longs(bytes: Uint8Array): bigint[] {
    const reader = new BinaryReader(bytes);
    const values: bigint[] = [];
    while (reader.pos < reader.len) values.push(BigInt(reader.int64()));
    return values;
  }

  it('flushes every shard and is flushed at once', async () => {
    const reply = await client.ok('Flush', { collectionNames: ['books'] });
    expect(client.fixture.streaming.flushed).toHaveLength(2);
    expect(longs(reply.collSegIDs.books.data)).toEqual([1_001n, 1_002n]);
    expect(reply.collFlushTs.books).toBe(2n << 18n);
    const polled = { segmentIDs: [1_001n], flushTs: 1n, collectionName: 'books' };
    expect((await client.ok('GetFlushState', polled)).flushed).toBe(true);
    expect((await client.ok('GetFlushState', { segmentIDs: [] })).flushed).toBe(true);
    expect(await client.fault('Flush', { collectionNames: ['zzz'] })).toMatch(/^100\/4/);
    expect(await client.fault('Flush', { collectionNames: [] })).toMatch(/^1100\/5/);
  });

  it('flushes everything', async () => {
    await client.ok('CreateDatabase', { dbName: 'shop' });
    await create('films', undefined, { dbName: 'shop' });
    const all = await client.ok('FlushAll', {});
    expect(client.fixture.streaming.flushed).toHaveLength(3);
    expect(all.flushAllTs).toBeGreaterThan(0n);
    expect(all.flushResults.map((result: { dbName: string }) => result.dbName)).toEqual(['default', 'shop']);
    await client.ok('FlushAll', { dbName: 'shop' });
    await client.ok('FlushAll', { flushTargets: [{ dbName: 'default', collectionNames: ['books'] }] });
    expect(client.fixture.streaming.flushed).toHaveLength(6);
    expect((await client.ok('GetFlushAllState', { flushAllTs: all.flushAllTs })).flushed).toBe(true);
  });

  it('compacts', async () => {
    const started = await client.ok('ManualCompaction', { collectionName: 'books' });
    expect(started).toMatchObject({ compactionID: 7n, compactionPlanCount: 1 });
    expect(await client.ok('GetCompactionState', { compactionID: 7n })).toMatchObject({
      state: 2,
      completedPlanNo: 1n,
    });
    const plans = await client.ok('GetCompactionStateWithPlans', { compactionID: 7n });
    expect(plans.mergeInfos[0]).toMatchObject({ sources: [1n, 2n], target: 3n });
    const major = { collectionName: 'books', majorCompaction: true };
    expect(await client.fault('ManualCompaction', major)).toMatch(/^1100\/5: .*majorCompaction/);
  });

  it('shows segments', async () => {
    shards([segment(1), segment(2, { state: 'Sealed' }), segment(3, { state: 'Growing' })]);
    const persistent = (await client.ok('GetPersistentSegmentInfo', { collectionName: 'books' })).infos;
    expect(persistent.map((s: { state: number; isSorted: boolean }) => [s.state, s.isSorted])).toEqual([
      [4, true],
      [3, false],
    ]);
    const sealed = { collectionName: 'books', states: [3] };
    expect((await client.ok('GetPersistentSegmentInfo', sealed)).infos).toHaveLength(1);
    expect((await client.ok('GetQuerySegmentInfo', { collectionName: 'books' })).infos).toEqual([]);
    await client.ok('CreateIndex', at('books', { fieldName: 'vector' }));
    await client.ok('LoadCollection', at('books'));
    const served = (await client.ok('GetQuerySegmentInfo', { collectionName: 'books' })).infos;
    expect(served).toHaveLength(3);
    expect(served[0]).toMatchObject({ numRows: 10n, indexName: 'vector', nodeID: 1n, memSize: 5n });
  });
});
