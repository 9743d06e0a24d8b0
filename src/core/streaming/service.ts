import type { CollectionInfo } from '../domain/catalog.ts';
import type { Column, ColumnBatch } from '../domain/columns.ts';
import type { Metric } from '../domain/metric.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { FilterPlan } from '../expr/plan.ts';

/**
 * Owner of WAL channels: orders and appends writes, keeps growing segments, seals and flushes, and leads the reads of its
 * shards. Plain data in and out. Writes take a `requestId`: a repeat after a lost reply is answered, not done again.
 *
 * Errors by kind: NotFound (collection, partition or channel not here), SchemaMismatch, NotLoaded, Fenced, Unavailable
 * (channel is recovering), Exhausted (disk or memory), Corrupt (naming file and offset), Unknown (a write that may have
 * happened), Invalid.
 */
export interface StreamingService {
  /** Takes a shard's collection over or brings it up to date; lower revisions are ignored. Resolves when it is applied. */
  updateCollection(collection: CollectionInfo, terms: Readonly<Record<string, number>>): Promise<void>;
  /** Forgets the collection: memory now, objects in the background. */
  dropCollection(collectionId: number): Promise<void>;
  /** Hides all rows so far by a durable record; resolves with its timestamp. */
  truncateCollection(request: { requestId: string; collectionId: number }): Promise<Timestamp>;

  write(request: WriteRequest): Promise<WriteReply>;
  search(request: ShardSearchRequest): Promise<ShardSearchReply>;
  query(request: ShardQueryRequest): Promise<ShardQueryReply>;

  /** Seals all growing segments of the shard (of `partitionIds`, if given) by a durable record. */
  flush(request: { requestId: string; vchannel: string; collectionId: number }): Promise<FlushReply>;
  /** True rows, segments, index and load progress of the shards of a collection. */
  shardStates(collectionId: number): Promise<readonly ShardState[]>;
  /** Starts a compaction of the collection's sealed segments; resolves when it is planned. */
  compact(request: { requestId: string; collectionId: number }): Promise<CompactionState>;
  compactionState(compactionId: number): Promise<CompactionState>;
}

/** All of it happens at one timestamp, or nothing. Deletes first, then inserts. */
export interface WriteRequest {
  readonly requestId: string;
  readonly vchannel: string;
  readonly collectionId: number;
  /** Of the schema that `inserts` were made by. */
  readonly schemaVersion: number;
  /** Keys to delete: a primary key column; in `deletePartitionIds` only, if given. */
  readonly deleteKeys: Column | undefined;
  readonly deletePartitionIds: readonly number[] | undefined;
  /** Rows by partition; every field of the schema is present. A row whose key exists replaces it; the last duplicate wins. */
  readonly inserts: readonly { readonly partitionId: number; readonly batch: ColumnBatch }[];
}

export interface WriteReply {
  readonly timestamp: Timestamp;
  /** Rows that were visible and are not any more. */
  readonly hiddenRows: number;
}

interface ShardReadRequest {
  readonly vchannel: string;
  readonly collectionId: number;
  readonly schemaVersion: number;
  /** undefined = all. */
  readonly partitionIds: readonly number[] | undefined;
  readonly filter: FilterPlan | undefined;
  /** The read is at least this late: the owner waits until it has applied that much. 0n = no wish. */
  readonly guaranteeTs: Timestamp;
  /** Exactly at this timestamp (iterators); undefined = at the latest applied one. */
  readonly snapshotTs: Timestamp | undefined;
  readonly ignoreGrowing: boolean;
  /** Fields to return for each hit; the primary key always comes as `keys`. */
  readonly outputFieldIds: readonly number[];
}

export interface ShardSearchRequest extends ShardReadRequest {
  readonly fieldId: number;
  readonly metric: Metric;
  /** Search parameters such as ef. */
  readonly params: Readonly<Record<string, number>>;
  /** queryCount × dim, row-major. */
  readonly queries: Float32Array;
  readonly queryCount: number;
  /** Hits wanted a query, 1..16,384 (offset included). */
  readonly k: number;
  /** Inner scores (larger is better): only hits with scoreAbove < score and score ≤ scoreAtMost. ±Infinity = no bound. */
  readonly scoreAbove: number;
  readonly scoreAtMost: number;
  /** Scan instead of walking a graph. */
  readonly exact: boolean;
}

/** Hits of all queries one after another, best first; `counts[q]` of them belong to query q. */
export interface ShardSearchReply {
  readonly readTs: Timestamp;
  readonly counts: Uint32Array;
  readonly scores: Float32Array;
  readonly keys: Column;
  readonly output: ColumnBatch;
}

export interface ShardQueryRequest extends ShardReadRequest {
  /** Rows in ascending order of the primary key, at most this many; undefined = all. */
  readonly limit: number | undefined;
  /** Only the number of rows is wanted. */
  readonly countOnly: boolean;
}

export interface ShardQueryReply {
  readonly readTs: Timestamp;
  readonly count: number;
  readonly keys: Column;
  readonly output: ColumnBatch;
}

export interface FlushReply {
  readonly timestamp: Timestamp;
  readonly segmentIds: readonly number[];
}

export interface ShardState {
  readonly vchannel: string;
  readonly segments: readonly SegmentState[];
  /** Sealed segments that a loaded collection wants, and those that are served. */
  readonly segmentsToLoad: number;
  readonly segmentsLoaded: number;
  /** Why loading failed, if it did. */
  readonly loadError: string | undefined;
}

export interface SegmentState {
  readonly segmentId: number;
  readonly partitionId: number;
  readonly state: 'Growing' | 'Sealed' | 'Flushed';
  readonly rows: number;
  readonly visibleRows: number;
  readonly memoryBytes: number;
  readonly indexes: readonly { readonly indexId: number; readonly indexedRows: number }[];
}

export interface CompactionState {
  readonly compactionId: number;
  readonly state: 'Executing' | 'Completed';
  readonly plans: readonly { readonly sources: readonly number[]; readonly target: number }[];
}
