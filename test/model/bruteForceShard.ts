import type { CollectionInfo } from '../../src/core/domain/catalog.ts';
import type { Column, ColumnBatch } from '../../src/core/domain/columns.ts';
import { ElanusError } from '../../src/core/domain/errors.ts';
import type { Metric } from '../../src/core/domain/metric.ts';
import type { FieldSchema } from '../../src/core/domain/schema.ts';
import { fieldById, primaryKeyField } from '../../src/core/domain/schema.ts';
import type { Timestamp } from '../../src/core/domain/timestamp.ts';
import { HybridClock } from '../../src/core/domain/timestamp.ts';
import type {
  CompactionState,
  FlushReply,
  ShardQueryReply,
  ShardQueryRequest,
  ShardSearchReply,
  ShardSearchRequest,
  ShardState,
  StreamingService,
  WriteReply,
  WriteRequest,
} from '../../src/core/streaming/service.ts';
import type { RowValue } from './columnValues.ts';
import { columnOfValues, valuesOf } from './columnValues.ts';
import { passes } from './naiveFilter.ts';

/** One version of a row; it is visible at T when insertTs ≤ T < hiddenTs. */
interface Row {
  readonly key: number | bigint | string;
  readonly partitionId: number;
  readonly insertTs: Timestamp;
  hiddenTs: Timestamp | undefined;
  readonly values: ReadonlyMap<number, RowValue>;
}

interface Shard {
  readonly vchannel: string;
  collection: CollectionInfo;
  rows: Row[];
  /** Of the last write that was applied. */
  appliedTs: Timestamp;
}

/**
 * A StreamingService whose every answer is plainly right: rows are objects in a list, every read looks at all of them.
 * Nothing is ever sealed, and nothing is durable. `ignoreGrowing` reads see only rows written before the last flush.
 */
export class BruteForceShards implements StreamingService {
  readonly #shards = new Map<string, Shard>();
  readonly #replies = new Map<string, WriteReply>();
  readonly #flushedTs = new Map<string, Timestamp>();
  readonly #clock: HybridClock;

  constructor(nowMs: () => number) {
    this.#clock = new HybridClock(nowMs);
  }

  async updateCollection(collection: CollectionInfo): Promise<void> {
    this.#clock.observe(collection.updateTs);
    for (const { vchannel } of collection.vchannels) {
      const shard = this.#shards.get(vchannel);
      if (shard === undefined) {
        this.#shards.set(vchannel, { vchannel, collection, rows: [], appliedTs: collection.createdTs });
      } else if (shard.collection.revision < collection.revision) {
        shard.collection = collection;
        const alive = new Set(collection.partitions.map(({ partitionId }) => partitionId));
        shard.rows = shard.rows.filter(
          (row) => alive.has(row.partitionId) && row.insertTs > collection.truncatedTs,
        );
      }
    }
  }

  async dropCollection(collectionId: number): Promise<void> {
    for (const shard of this.#shardsOf(collectionId)) this.#shards.delete(shard.vchannel);
  }

  async truncateCollection({ collectionId }: { collectionId: number }): Promise<Timestamp> {
    const timestamp = this.#clock.next();
    for (const shard of this.#shardsOf(collectionId)) {
      for (const row of shard.rows) row.hiddenTs ??= timestamp;
      shard.appliedTs = timestamp;
    }
    return timestamp;
  }

  async write(request: WriteRequest): Promise<WriteReply> {
    const known = this.#replies.get(request.requestId);
    if (known !== undefined) return known;
    const shard = this.#shard(request.vchannel, request.collectionId, request.schemaVersion);
    for (const { partitionId, batch } of request.inserts) this.#checkInsert(shard, partitionId, batch);
    const timestamp = this.#clock.next();
    const visibleBefore = shard.rows.filter((row) => row.hiddenTs === undefined);
    if (request.deleteKeys !== undefined) {
      const keys = new Set(valuesOf(request.deleteKeys));
      for (const row of visibleBefore) {
        const inPartition = request.deletePartitionIds?.includes(row.partitionId) ?? true;
        if (inPartition && keys.has(row.key)) row.hiddenTs = timestamp;
      }
    }
    for (const { partitionId, batch } of request.inserts) {
      for (const values of rowsOf(batch)) insertRow(shard, partitionId, values, timestamp);
    }
    shard.appliedTs = timestamp;
    const reply = { timestamp, hiddenRows: visibleBefore.filter((row) => row.hiddenTs !== undefined).length };
    this.#replies.set(request.requestId, reply);
    return reply;
  }

  async search(request: ShardSearchRequest): Promise<ShardSearchReply> {
    const shard = this.#loadedShard(request);
    const readTs = this.#readTs(shard, request);
    const rows = this.#visible(shard, request, readTs).filter(
      (row) => row.values.get(request.fieldId) !== null,
    );
    const { dim } = fieldById(shard.collection.schema, request.fieldId)!;
    const hits: { row: Row; score: number }[][] = [];
    for (let query = 0; query < request.queryCount; query++) {
      const vector = [...request.queries.subarray(query * dim, (query + 1) * dim)];
      hits.push(bestHits(rows, vector, request));
    }
    const found = hits.flat();
    return {
      readTs,
      counts: Uint32Array.from(hits, (list) => list.length),
      scores: Float32Array.from(found, ({ score }) => score),
      ...output(
        shard,
        found.map(({ row }) => row),
        request.outputFieldIds,
      ),
    };
  }

  async query(request: ShardQueryRequest): Promise<ShardQueryReply> {
    const shard = this.#loadedShard(request);
    const readTs = this.#readTs(shard, request);
    const rows = this.#visible(shard, request, readTs);
    if (request.countOnly) return { readTs, count: rows.length, ...output(shard, [], []) };
    const returned = rows.sort(byKey).slice(0, request.limit);
    return { readTs, count: returned.length, ...output(shard, returned, request.outputFieldIds) };
  }

  async flush({ vchannel }: { vchannel: string }): Promise<FlushReply> {
    const timestamp = this.#clock.next();
    this.#flushedTs.set(vchannel, timestamp);
    return { timestamp, segmentIds: [] };
  }

  async shardStates(collectionId: number): Promise<readonly ShardState[]> {
    return this.#shardsOf(collectionId).map(({ vchannel }) => ({
      vchannel,
      segments: [],
      segmentsToLoad: 0,
      segmentsLoaded: 0,
      loadError: undefined,
    }));
  }

  async compact(): Promise<CompactionState> {
    return { compactionId: 1, state: 'Completed', plans: [] };
  }

  async compactionState(compactionId: number): Promise<CompactionState> {
    return { compactionId, state: 'Completed', plans: [] };
  }

  #shardsOf(collectionId: number): Shard[] {
    return [...this.#shards.values()].filter((shard) => shard.collection.collectionId === collectionId);
  }

  #shard(vchannel: string, collectionId: number, schemaVersion: number): Shard {
    const shard = this.#shards.get(vchannel);
    if (shard?.collection.collectionId !== collectionId) {
      throw new ElanusError('NotFound', 'channel not found', { subject: 'channel', context: { vchannel } });
    }
    if (shard.collection.schema.version !== schemaVersion) {
      throw new ElanusError('SchemaMismatch', 'collection schema mismatch', { subject: 'collection' });
    }
    return shard;
  }

  #loadedShard({ vchannel, collectionId, schemaVersion }: ShardQueryRequest | ShardSearchRequest): Shard {
    const shard = this.#shard(vchannel, collectionId, schemaVersion);
    if (shard.collection.load.state === 'loaded') return shard;
    throw new ElanusError('NotLoaded', 'collection not loaded', { subject: 'collection' });
  }

  #checkInsert({ collection }: Shard, partitionId: number, batch: ColumnBatch): void {
    if (!collection.partitions.some((partition) => partition.partitionId === partitionId)) {
      throw new ElanusError('NotFound', 'partition not found', {
        subject: 'partition',
        context: { partitionId },
      });
    }
    for (const { fieldId, name } of collection.schema.fields) {
      const column = batch.columns.find((entry) => entry.fieldId === fieldId)?.column;
      if (column?.rows !== batch.rows)
        throw new ElanusError('Invalid', `field ${name} is absent or too short`);
    }
  }

  /** A read asks for a time at least; no later write is at or before it. */
  #readTs(shard: Shard, { guaranteeTs, snapshotTs }: ShardQueryRequest | ShardSearchRequest): Timestamp {
    this.#clock.observe(guaranteeTs);
    if (snapshotTs !== undefined) {
      if (snapshotTs <= this.#clock.last) return snapshotTs;
      throw new ElanusError('Unavailable', 'the snapshot is not applied yet', { context: { snapshotTs } });
    }
    return guaranteeTs > shard.appliedTs ? guaranteeTs : shard.appliedTs;
  }

  #visible(shard: Shard, request: ShardQueryRequest | ShardSearchRequest, readTs: Timestamp): Row[] {
    const sealedTs = request.ignoreGrowing ? (this.#flushedTs.get(shard.vchannel) ?? 0n) : readTs;
    return shard.rows.filter(
      (row) =>
        row.insertTs <= readTs &&
        row.insertTs <= sealedTs &&
        (row.hiddenTs === undefined || row.hiddenTs > readTs) &&
        (request.partitionIds?.includes(row.partitionId) ?? true) &&
        (request.filter === undefined ||
          passes(request.filter, (fieldId) => row.values.get(fieldId) ?? null)),
    );
  }
}

function rowsOf(batch: ColumnBatch): Map<number, RowValue>[] {
  const rows = Array.from({ length: batch.rows }, () => new Map<number, RowValue>());
  for (const { fieldId, column } of batch.columns) {
    for (const [row, value] of valuesOf(column).entries()) rows[row]!.set(fieldId, value);
  }
  return rows;
}

/** The newest insert of a key wins: it hides the one before, in whatever partition. */
function insertRow(
  shard: Shard,
  partitionId: number,
  values: ReadonlyMap<number, RowValue>,
  timestamp: Timestamp,
): void {
  const key = values.get(primaryKeyField(shard.collection.schema).fieldId) as Row['key'];
  for (const row of shard.rows) if (row.key === key) row.hiddenTs ??= timestamp;
  shard.rows.push({ key, partitionId, insertTs: timestamp, hiddenTs: undefined, values });
}

function bestHits(
  rows: readonly Row[],
  query: readonly number[],
  { fieldId, metric, k, scoreAbove, scoreAtMost }: ShardSearchRequest,
): { row: Row; score: number }[] {
  return rows
    .map((row) => ({ row, score: innerScore(metric, query, row.values.get(fieldId) as number[]) }))
    .filter(({ score }) => score > scoreAbove && score <= scoreAtMost)
    .sort((a, b) => b.score - a.score || byKey(a.row, b.row))
    .slice(0, k);
}

/** Larger is better; rounded to float32 as the wire has it. */
export function innerScore(metric: Metric, a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, v, i) => sum + v * y[i]!, 0);
  switch (metric) {
    case 'IP':
      return Math.fround(dot(a, b));
    case 'L2':
      return Math.fround(0 - a.reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0));
    case 'COSINE': {
      const norms = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
      return norms === 0 ? 0 : Math.fround(dot(a, b) / norms);
    }
  }
}

function byKey(a: Row, b: Row): number {
  if (typeof a.key === 'string') return Buffer.compare(Buffer.from(a.key), Buffer.from(b.key as string));
  return Number(BigInt(a.key) > BigInt(b.key)) - Number(BigInt(a.key) < BigInt(b.key));
}

function output(
  { collection: { schema } }: Shard,
  rows: readonly Row[],
  fieldIds: readonly number[],
): { keys: Column; output: ColumnBatch } {
  const column = (field: FieldSchema): Column =>
    columnOfValues(
      field,
      rows.map((row) => row.values.get(field.fieldId) ?? null),
    );
  const columns = fieldIds.map((fieldId) => ({ fieldId, column: column(fieldById(schema, fieldId)!) }));
  return { keys: column(primaryKeyField(schema)), output: { rows: rows.length, columns } };
}
