import type { CollectionInfo } from '../../src/core/domain/catalog.ts';
import type { ColumnBatch } from '../../src/core/domain/columns.ts';
import { DataType } from '../../src/core/domain/dataTypes.ts';
import type { FieldSchema } from '../../src/core/domain/schema.ts';
import { columnOfValues, type RowValue, valuesOf } from '../model/columnValues.ts';
import { field } from '../unit/core/streaming/fields.ts';
import type { Roles } from './roles.ts';

/** A row as a test sees it: its key, what it says, and the vector (key, version, 0 …). */
export interface Thing {
  readonly key: number;
  readonly tag: string | null;
  readonly vector?: readonly number[];
}

export interface ThingHit {
  readonly key: number;
  readonly score: number;
  readonly tag: string | null;
}

export interface ThingsOptions {
  readonly name?: string;
  readonly dim?: number;
  readonly autoId?: boolean;
  readonly indexType?: string;
  readonly metric?: 'L2' | 'IP' | 'COSINE';
  /** Partitions beside `_default`. */
  readonly partitions?: readonly string[];
  readonly load?: boolean;
}

let requests = 0;

function requestId(): string {
  return `request-${requests++}`;
}

/** One collection of one shard: int64 key, vector, nullable text. Calls go straight to the roles. */
export class Things {
  readonly roles: Roles;
  readonly name: string;
  collection: CollectionInfo;

  constructor(roles: Roles, collection: CollectionInfo) {
    this.roles = roles;
    this.collection = collection;
    this.name = collection.schema.name;
  }

  static async create(roles: Roles, options: ThingsOptions = {}): Promise<Things> {
    const { name = 'things', dim = 4, metric = 'L2' } = options;
    const collection = await roles.coordinator.createCollection({
      requestId: requestId(),
      databaseName: 'default',
      schema: {
        name,
        description: '',
        enableDynamicField: false,
        version: 0,
        fields: [
          field('id', DataType.Int64, { isPrimaryKey: true, autoId: options.autoId ?? false }),
          field('vector', DataType.FloatVector, { dim, typeParams: [{ key: 'dim', value: `${dim}` }] }),
          field('tag', DataType.VarChar, {
            nullable: true,
            maxLength: 256,
            typeParams: [{ key: 'max_length', value: '256' }],
          }),
        ],
      },
      shardsNum: 1,
      consistencyLevel: 0,
      properties: [],
      numPartitions: 0,
    });
    const things = new Things(roles, collection);
    for (const partition of options.partitions ?? []) await things.createPartition(partition);
    await roles.coordinator.createIndex({
      requestId: requestId(),
      databaseName: 'default',
      collection: name,
      fieldName: 'vector',
      indexName: '',
      params: [
        { key: 'index_type', value: options.indexType ?? 'FLAT' },
        { key: 'metric_type', value: metric },
      ],
    });
    if (options.load ?? true) await things.load();
    else await things.refresh();
    return things;
  }

  /** The same collection after a restart of the roles. */
  static async reopen(roles: Roles, name = 'things'): Promise<Things> {
    return new Things(roles, await roles.coordinator.getCollection('default', name));
  }

  async refresh(): Promise<void> {
    this.collection = await this.roles.coordinator.getCollection('default', this.name);
  }

  async createPartition(name: string): Promise<void> {
    const target = { requestId: requestId(), databaseName: 'default', collection: this.name, name };
    this.collection = await this.roles.coordinator.createPartition(target);
  }

  async dropPartition(name: string): Promise<void> {
    const target = { requestId: requestId(), databaseName: 'default', collection: this.name, name };
    await this.roles.coordinator.dropPartition(target);
    await this.refresh();
  }

  async load(): Promise<void> {
    await this.#setLoad('load');
  }

  async release(): Promise<void> {
    await this.#setLoad('release');
  }

  async truncate(): Promise<void> {
    const target = { requestId: requestId(), databaseName: 'default', name: this.name };
    await this.roles.coordinator.truncateCollection(target);
    await this.refresh();
  }

  async drop(): Promise<void> {
    const target = { requestId: requestId(), databaseName: 'default', name: this.name };
    await this.roles.coordinator.dropCollection(target);
  }

  async addField(name: string): Promise<void> {
    this.collection = await this.roles.coordinator.addField({
      requestId: requestId(),
      databaseName: 'default',
      name: this.name,
      field: field(name, DataType.Int64, { nullable: true }),
    });
  }

  /** Upserts rows into a partition; added fields are null. */
  async put(rows: readonly Thing[], partition = '_default'): Promise<bigint> {
    const { timestamp } = await this.roles.streaming.write({
      ...this.request(),
      deleteKeys: undefined,
      deletePartitionIds: undefined,
      inserts: [{ partitionId: this.partitionId(partition), batch: this.batch(rows) }],
    });
    return timestamp;
  }

  async remove(keys: readonly number[]): Promise<bigint> {
    const { timestamp } = await this.roles.streaming.write({
      ...this.request(),
      deleteKeys: columnOfValues(this.collection.schema.fields[0]!, keys.map(BigInt)),
      deletePartitionIds: undefined,
      inserts: [],
    });
    return timestamp;
  }

  async flush(): Promise<void> {
    await this.roles.streaming.flush(this.request());
  }

  async compact(): Promise<void> {
    await this.roles.streaming.compact(this.request());
  }

  /** All rows, by key. */
  async rows(snapshotTs?: bigint): Promise<Map<number, string | null>> {
    const [id, , tag] = this.collection.schema.fields;
    const reply = await this.roles.streaming.query({
      ...this.#read(snapshotTs),
      outputFieldIds: [tag!.fieldId],
      limit: undefined,
      countOnly: false,
    });
    const keys = valuesOf(reply.keys).map(Number);
    const tags = valuesOf(reply.output.columns[0]!.column) as (string | null)[];
    const rows = new Map(keys.map((key, i) => [key, tags[i]!]));
    if (rows.size !== keys.length) throw new Error(`field ${id!.name}: a key occurs twice`);
    return rows;
  }

  async count(snapshotTs?: bigint): Promise<number> {
    const read = { ...this.#read(snapshotTs), outputFieldIds: [], limit: undefined, countOnly: true };
    return (await this.roles.streaming.query(read)).count;
  }

  /** Hits of one query, best first. */
  async search(query: readonly number[], k: number, exact = true): Promise<ThingHit[]> {
    const [, vector, tag] = this.collection.schema.fields;
    const reply = await this.roles.streaming.search({
      ...this.#read(undefined),
      outputFieldIds: [tag!.fieldId],
      fieldId: vector!.fieldId,
      metric: this.collection.indexes[0]!.metric!,
      params: {},
      queries: Float32Array.from(query),
      queryCount: 1,
      k,
      scoreAbove: Number.NEGATIVE_INFINITY,
      scoreAtMost: Number.POSITIVE_INFINITY,
      exact,
    });
    const tags = valuesOf(reply.output.columns[0]!.column) as (string | null)[];
    const hit = (key: RowValue, i: number) => ({ key: Number(key), score: reply.scores[i]!, tag: tags[i]! });
    return valuesOf(reply.keys).map(hit);
  }

  async states() {
    const [shard] = await this.roles.streaming.shardStates(this.collection.collectionId);
    return shard!;
  }

  partitionId(name: string): number {
    return this.collection.partitions.find((partition) => partition.name === name)!.partitionId;
  }

  batch(rows: readonly Thing[]): ColumnBatch {
    const [id, vector, tag, ...added] = this.collection.schema.fields;
    const column = (of: FieldSchema, values: readonly RowValue[]) => ({
      fieldId: of.fieldId,
      column: columnOfValues(of, values),
    });
    return {
      rows: rows.length,
      columns: [
        column(
          id!,
          rows.map(({ key }) => BigInt(key)),
        ),
        column(
          vector!,
          rows.map((row) => row.vector ?? vectorOf(row.key, vector!.dim)),
        ),
        column(
          tag!,
          rows.map((row) => row.tag),
        ),
        ...added.map((of) =>
          column(
            of,
            rows.map(() => null),
          ),
        ),
      ],
    };
  }

  request() {
    return {
      requestId: requestId(),
      vchannel: this.collection.vchannels[0]!.vchannel,
      collectionId: this.collection.collectionId,
      schemaVersion: this.collection.schema.version,
    };
  }

  #read(snapshotTs: bigint | undefined) {
    return {
      ...this.request(),
      partitionIds: undefined,
      filter: undefined,
      guaranteeTs: 0n,
      snapshotTs,
      ignoreGrowing: false,
    };
  }

  async #setLoad(action: 'load' | 'release'): Promise<void> {
    this.collection = await this.roles.coordinator.setLoad({
      requestId: requestId(),
      databaseName: 'default',
      collection: this.name,
      load: { action, partitionNames: undefined, replicaNumber: 1 },
    });
  }
}

function vectorOf(key: number, dim: number): number[] {
  return Array.from({ length: dim }, (_, i) => (i === 0 ? key : 0));
}

/** Rows `from` to `to` (exclusive) with one tag. */
export function things(from: number, to: number, tag: string | null): Thing[] {
  return Array.from({ length: to - from }, (_, i) => ({ key: from + i, tag }));
}

/** Lets everything run that waits for no time to pass: `turns` turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
