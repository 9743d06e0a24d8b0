import { DataAccess } from '../../../../src/core/access/dataAccess.ts';
import type { AccessOptions } from '../../../../src/core/access/dependencies.ts';
import type {
  IncomingField,
  InsertRequest,
  MutationReply,
  QueryReply,
  ReadConsistency,
  SearchReply,
  SearchRequest,
  SearchTargets,
  Templates,
} from '../../../../src/core/access/requests.ts';
import type { CollectionInfo, IndexInfo, LoadInfo } from '../../../../src/core/domain/catalog.ts';
import type { Column } from '../../../../src/core/domain/columns.ts';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import type { Metric } from '../../../../src/core/domain/metric.ts';
import type { FieldSchema, KeyValue } from '../../../../src/core/domain/schema.ts';
import { composeTimestamp, HybridClock } from '../../../../src/core/domain/timestamp.ts';
import { BruteForceShards } from '../../../model/bruteForceShard.ts';
import type { RowValue } from '../../../model/columnValues.ts';
import { columnOfValues, valuesOf } from '../../../model/columnValues.ts';

export const NOW_MS = 1_700_000_000_000;
export const NO_TEMPLATES: Templates = new Map();
export const STRONG: ReadConsistency = { level: 0, useDefault: false, guaranteeTs: 0n };

type FieldOptions = Partial<FieldSchema> & { readonly name: string; readonly dataType: DataType };

function field(options: FieldOptions): FieldSchema {
  return {
    fieldId: 0,
    description: '',
    isPrimaryKey: false,
    autoId: false,
    isPartitionKey: false,
    isClusteringKey: false,
    isDynamic: false,
    nullable: false,
    defaultValue: undefined,
    elementType: undefined,
    dim: 0,
    maxLength: 0,
    maxCapacity: 0,
    typeParams: [],
    ...options,
  };
}

export const intKey = (options: Partial<FieldSchema> = {}): FieldSchema =>
  field({ name: 'id', dataType: DataType.Int64, isPrimaryKey: true, ...options });
export const textKey = (options: Partial<FieldSchema> = {}): FieldSchema =>
  field({ name: 'id', dataType: DataType.VarChar, maxLength: 32, isPrimaryKey: true, ...options });
export const vector = (name = 'vec', dim = 4): FieldSchema =>
  field({ name, dataType: DataType.FloatVector, dim });
export const scalar = (name: string, dataType: DataType, options: Partial<FieldSchema> = {}): FieldSchema =>
  field({ name, dataType, ...(dataType === DataType.VarChar ? { maxLength: 16 } : {}), ...options });

export interface WorldOptions extends Partial<AccessOptions> {
  readonly fields: readonly FieldSchema[];
  readonly shards?: number;
  readonly partitions?: readonly string[];
  readonly dynamic?: boolean;
  readonly metric?: Metric;
  readonly indexType?: string;
  readonly indexed?: readonly string[];
  readonly load?: LoadInfo['state'];
  readonly properties?: readonly KeyValue[];
  readonly consistencyLevel?: CollectionInfo['consistencyLevel'];
}

/** A data path over brute-force shards and a catalogue of one collection, `c`. */
export class World {
  readonly shards = new BruteForceShards(() => NOW_MS);
  readonly access: DataAccess;
  readonly #clock = new HybridClock(() => NOW_MS);
  collection: CollectionInfo;
  nextRowId = 450_000_000_000_000_000n;
  loads = 0;
  #uuids = 0;

  private constructor(options: WorldOptions) {
    this.collection = collectionOf(options);
    this.access = new DataAccess(
      {
        coordinator: {
          getCollection: async (database, name) => this.#getCollection(database, name),
          allocRowIds: async (count) => {
            this.nextRowId += BigInt(count);
            return this.nextRowId - BigInt(count);
          },
          allocTimestamps: async () => this.#clock.next(),
          setLoad: async () => {
            this.loads++;
            await this.change({ load: { state: 'loaded', partitionIds: undefined, replicaNumber: 1 } });
            return this.collection;
          },
        },
        streaming: this.shards,
        random: {
          next: () => 0.5,
          uuid: () => `00000000-0000-4000-8000-${String(++this.#uuids).padStart(12, '0')}`,
        },
      },
      { loadOnFirstUse: options.loadOnFirstUse ?? true, cachedPlansMax: options.cachedPlansMax ?? 100 },
    );
  }

  static async make(options: WorldOptions): Promise<World> {
    const world = new World(options);
    await world.shards.updateCollection(world.collection);
    return world;
  }

  async change(changes: Partial<CollectionInfo>): Promise<void> {
    this.collection = { ...this.collection, ...changes, revision: this.collection.revision + 1 };
    await this.shards.updateCollection(this.collection);
  }

  #getCollection(database: string, name: string): CollectionInfo {
    if (name === 'c') return this.collection;
    const context = { database, collection: name };
    throw new ElanusError('NotFound', 'collection not found', { subject: 'collection', context });
  }

  field(name: string): FieldSchema {
    return this.collection.schema.fields.find((candidate) => candidate.name === name)!;
  }

  /** Fields of a write from lists of values; `$meta` values are JSON texts. */
  columns(values: Readonly<Record<string, readonly RowValue[]>>): IncomingField[] {
    return Object.entries(values).map(([name, list]) =>
      this.incoming(name, columnOfValues(this.field(name), list)),
    );
  }

  incoming(name: string, column: Column, dataType: number = column.dataType): IncomingField {
    return { name, dataType, isDynamic: name === '$meta', decode: () => column };
  }

  insertRequest(values: Readonly<Record<string, readonly RowValue[]>>, partitionName = ''): InsertRequest {
    const rows = Object.values(values)[0]?.length ?? 0;
    const fields = this.columns(values);
    return { databaseName: 'default', collectionName: 'c', partitionName, rows, fields, schemaTimestamp: 0n };
  }

  insert(values: Readonly<Record<string, readonly RowValue[]>>, partitionName = ''): Promise<MutationReply> {
    return this.access.insert(this.insertRequest(values, partitionName));
  }

  upsert(
    values: Readonly<Record<string, readonly RowValue[]>>,
    { partialUpdate = false, partitionName = '' } = {},
  ): Promise<MutationReply> {
    return this.access.upsert({ ...this.insertRequest(values, partitionName), partialUpdate });
  }

  delete(filter: string, { partitionName = '', templates = NO_TEMPLATES } = {}): Promise<MutationReply> {
    const target = { databaseName: 'default', collectionName: 'c', consistency: STRONG };
    return this.access.delete({ ...target, filter, partitionName, templates });
  }

  query(options: ReadOptions = {}): Promise<QueryReply> {
    return this.access.query(readRequest(options));
  }

  async rows(options: ReadOptions = {}): Promise<Record<string, RowValue>[]> {
    return rowsOfReply(
      await this.query({ params: options.filter === undefined ? { limit: 16_384 } : {}, ...options }),
    );
  }

  async count(filter = '', options: ReadOptions = {}): Promise<number> {
    const reply = await this.query({ filter, outputFields: ['count(*)'], ...options });
    return Number(valuesOf(reply.columns[0]!.column)[0]);
  }

  searchRequest(queries: readonly (readonly number[])[], options: ReadOptions = {}): SearchRequest {
    const targets: SearchTargets = {
      kind: 'vectors',
      count: queries.length,
      values: Float32Array.from(queries.flat()),
    };
    return { ...readRequest({ ...options, params: { topk: 10, ...options.params } }), targets };
  }

  search(queries: readonly (readonly number[])[], options: ReadOptions = {}): Promise<SearchReply> {
    return this.access.search(this.searchRequest(queries, options));
  }
}

export interface ReadOptions {
  readonly filter?: string;
  readonly templates?: Templates;
  readonly partitionNames?: readonly string[];
  readonly outputFields?: readonly string[];
  readonly params?: Readonly<Record<string, string | number | boolean>>;
  readonly consistency?: ReadConsistency;
  readonly collectionName?: string;
}

function readRequest(options: ReadOptions) {
  return {
    databaseName: 'default',
    collectionName: options.collectionName ?? 'c',
    partitionNames: options.partitionNames ?? [],
    filter: options.filter ?? '',
    templates: options.templates ?? NO_TEMPLATES,
    params: keyValues(options.params ?? {}),
    outputFields: options.outputFields ?? [],
    consistency: options.consistency ?? STRONG,
  };
}

export function keyValues(values: Readonly<Record<string, unknown>>): KeyValue[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: String(value) }));
}

/** Rows of a reply by column name. */
export function rowsOfReply({ columns, rows }: QueryReply): Record<string, RowValue>[] {
  const lists = columns.map(({ field, column }) => [field.name, valuesOf(column)] as const);
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(lists.map(([name, list]) => [name, list[row]!])),
  );
}

/** Keys and scores of each query. */
export function hitsOfReply(reply: SearchReply): { keys: RowValue[]; scores: number[] }[] {
  const keys = valuesOf(reply.keys);
  let first = 0;
  return Array.from(reply.counts, (count) => {
    const range = [first, first + count] as const;
    first += count;
    return { keys: keys.slice(...range), scores: [...reply.scores.slice(...range)] };
  });
}

function collectionOf(options: WorldOptions): CollectionInfo {
  const given = options.dynamic
    ? [...options.fields, field({ name: '$meta', dataType: DataType.JSON, isDynamic: true })]
    : options.fields;
  const fields = given.map((schema, i) => ({ ...schema, fieldId: 100 + i }));
  const createdTs = composeTimestamp(NOW_MS - 1_000);
  return {
    collectionId: 7,
    databaseId: 1,
    databaseName: 'default',
    schema: { name: 'c', description: '', fields, enableDynamicField: options.dynamic ?? false, version: 3 },
    aliases: [],
    partitions: (options.partitions ?? ['_default']).map((name, i) => ({
      partitionId: 20 + i,
      name,
      createdTs,
    })),
    vchannels: Array.from({ length: options.shards ?? 1 }, (_, i) => ({
      vchannel: `p${i}_7v${i}`,
      pchannel: `p${i}`,
    })),
    consistencyLevel: options.consistencyLevel ?? 2,
    properties: options.properties ?? [],
    indexes: fields
      .filter(({ name, dataType }) => options.indexed?.includes(name) ?? dataType === DataType.FloatVector)
      .map((schema) => indexOfField(schema, options)),
    load: { state: options.load ?? 'loaded', partitionIds: undefined, replicaNumber: 1 },
    createdTs,
    updateTs: createdTs,
    truncatedTs: 0n,
    revision: 1,
  };
}

function indexOfField(
  { fieldId, name }: FieldSchema,
  { metric = 'L2', indexType = 'HNSW' }: WorldOptions,
): IndexInfo {
  return {
    indexId: fieldId,
    indexName: name,
    fieldId,
    fieldName: name,
    indexType,
    metric,
    params: [],
    createdTs: 0n,
  };
}
