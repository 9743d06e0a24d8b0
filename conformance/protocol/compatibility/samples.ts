import { FieldSchema } from '../../../src/gen/milvus/schema.ts';
import { freshCollection, plainCollection, range, SHELF, schemaBytes, shelfColumns } from './shelf.ts';
import { keyValues, placeholders } from './wireValues.ts';
import type { World } from './world.ts';

/** A request that succeeds, by RPC; what it changes is made for it. */
export type Sample = (world: World) => object | Promise<object>;

const shelf = { collectionName: SHELF };
const onShelf: Sample = () => shelf;
const nothing: Sample = () => ({});
const fresh: Sample = async (world) => ({ collectionName: await freshCollection(world) });
const loaded: Sample = async (world) => ({ collectionName: await freshCollection(world, { load: true }) });

export const searchSample = {
  ...shelf,
  placeholderGroup: placeholders([[3, 1]]),
  nq: 1n,
  outputFields: ['n'],
  searchParams: keyValues({ anns_field: 'vector', topk: 5 }),
};
const rows: Sample = async (world) => ({
  collectionName: await freshCollection(world),
  fieldsData: shelfColumns(range(0, 3)),
  numRows: 3,
});
const addedField = FieldSchema.fromPartial({ name: 'added', dataType: 5, nullable: true });

async function withPartition(world: World, load: boolean): Promise<string> {
  const collectionName = await freshCollection(world);
  await world.ok('CreatePartition', { collectionName, partitionName: 'p1' });
  if (load) await world.ok('LoadCollection', { collectionName });
  return collectionName;
}

async function compacted(world: World): Promise<object> {
  const collectionName = await freshCollection(world, { rows: 2 });
  const { compactionID } = await world.ok('ManualCompaction', { collectionName });
  return { compactionID };
}

export const SAMPLES: Readonly<Record<string, Sample>> = {
  Connect: nothing,
  GetVersion: nothing,
  CheckHealth: nothing,
  AllocTimestamp: nothing,
  GetComponentStates: nothing,
  GetMetrics: () => ({ request: '{"metric_type":"system_info"}' }),
  Dummy: () => ({ requestType: 'x' }),

  CreateDatabase: (world) => ({ dbName: world.newName() }),
  DropDatabase: async (world) => {
    const dbName = world.newName();
    await world.ok('CreateDatabase', { dbName });
    return { dbName };
  },
  AlterDatabase: async (world) => {
    const dbName = world.newName();
    await world.ok('CreateDatabase', { dbName });
    return { dbName, properties: keyValues({ 'database.max.collections': 7 }) };
  },
  ListDatabases: nothing,
  DescribeDatabase: () => ({ dbName: 'default' }),

  CreateCollection: (world) => {
    const collectionName = world.newName();
    return { collectionName, schema: schemaBytes(collectionName) };
  },
  DropCollection: fresh,
  HasCollection: onShelf,
  RenameCollection: async (world) => ({ oldName: await freshCollection(world), newName: world.newName() }),
  AlterCollection: async (world) => ({
    collectionName: await freshCollection(world),
    properties: keyValues({ 'mmap.enabled': 'true' }),
  }),
  AlterCollectionField: async (world) => ({
    collectionName: await freshCollection(world),
    fieldName: 'name',
    properties: keyValues({ max_length: 128 }),
  }),
  AddCollectionField: async (world) => ({
    collectionName: await freshCollection(world),
    schema: FieldSchema.encode(addedField).finish(),
  }),
  TruncateCollection: fresh,
  DescribeCollection: onShelf,
  BatchDescribeCollection: () => ({ collectionName: [SHELF] }),
  ShowCollections: () => ({ collectionNames: [SHELF] }),
  GetCollectionStatistics: onShelf,

  CreateAlias: (world) => ({ ...shelf, alias: world.newName() }),
  DropAlias: async (world) => ({ alias: await newAlias(world) }),
  AlterAlias: async (world) => ({ ...shelf, alias: await newAlias(world) }),
  DescribeAlias: () => ({ alias: 'shelf_alias' }),
  ListAliases: () => ({ ...shelf }),

  CreatePartition: async (world) => ({ collectionName: await freshCollection(world), partitionName: 'p1' }),
  DropPartition: async (world) => ({
    collectionName: await withPartition(world, false),
    partitionName: 'p1',
  }),
  HasPartition: () => ({ ...shelf, partitionName: 'p1' }),
  ShowPartitions: onShelf,
  GetPartitionStatistics: () => ({ ...shelf, partitionName: 'p1' }),

  CreateIndex: async (world) => ({
    collectionName: await plainCollection(world),
    fieldName: 'vector',
    extraParams: keyValues({ index_type: 'HNSW', metric_type: 'L2' }),
  }),
  DropIndex: async (world) => ({ collectionName: await freshCollection(world), indexName: 'vector' }),
  AlterIndex: async (world) => ({
    collectionName: await freshCollection(world),
    indexName: 'vector',
    extraParams: keyValues({ 'mmap.enabled': 'true' }),
  }),
  DescribeIndex: () => ({ ...shelf, indexName: 'vector' }),
  GetIndexStatistics: () => ({ ...shelf, indexName: 'vector' }),
  GetIndexState: () => ({ ...shelf, indexName: 'vector' }),
  GetIndexBuildProgress: () => ({ ...shelf, indexName: 'vector' }),

  LoadCollection: fresh,
  ReleaseCollection: loaded,
  LoadPartitions: async (world) => ({
    collectionName: await withPartition(world, false),
    partitionNames: ['p1'],
  }),
  ReleasePartitions: async (world) => ({
    collectionName: await withPartition(world, true),
    partitionNames: ['p1'],
  }),
  GetLoadingProgress: onShelf,
  GetLoadState: onShelf,
  GetReplicas: onShelf,

  Flush: async (world) => ({ collectionNames: [await freshCollection(world, { rows: 2 })] }),
  GetFlushState: onShelf,
  FlushAll: async (world) => {
    const dbName = world.newName();
    await world.ok('CreateDatabase', { dbName });
    return { dbName };
  },
  GetFlushAllState: nothing,
  ManualCompaction: fresh,
  GetCompactionState: compacted,
  GetCompactionStateWithPlans: compacted,
  GetPersistentSegmentInfo: onShelf,
  GetQuerySegmentInfo: onShelf,

  Insert: rows,
  Upsert: rows,
  Delete: async (world) => ({ collectionName: await freshCollection(world, { rows: 3 }), expr: 'id in [1]' }),
  Search: () => searchSample,
  HybridSearch: () => ({
    ...shelf,
    requests: [searchSample, { ...searchSample, searchParams: keyValues({ anns_field: 'other', topk: 5 }) }],
    rankParams: keyValues({ limit: 5 }),
    outputFields: ['n'],
  }),
  Query: () => ({ ...shelf, expr: 'n < 5', outputFields: ['n'] }),
};

async function newAlias(world: World): Promise<string> {
  const alias = world.newName();
  await world.ok('CreateAlias', { ...shelf, alias });
  return alias;
}
