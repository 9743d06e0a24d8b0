import type { Metric } from './metric.ts';
import type { CollectionSchema, KeyValue } from './schema.ts';
import type { Timestamp } from './timestamp.ts';

/** Catalogue entries as plain data. Ids are positive safe integers, unique in a cluster and never used again. */

export interface DatabaseInfo {
  readonly databaseId: number;
  readonly name: string;
  readonly properties: readonly KeyValue[];
  readonly createdTs: Timestamp;
}

export const DEFAULT_DATABASE = 'default';
export const DEFAULT_PARTITION = '_default';

export interface PartitionInfo {
  readonly partitionId: number;
  readonly name: string;
  readonly createdTs: Timestamp;
}

/** One shard: a virtual channel on a physical one. */
export interface VChannelInfo {
  /** `<pchannel>_<collectionId>v<shard>` */
  readonly vchannel: string;
  readonly pchannel: string;
}

export interface IndexInfo {
  readonly indexId: number;
  readonly indexName: string;
  readonly fieldId: number;
  readonly fieldName: string;
  /** As the user named it: FLAT, HNSW, AUTOINDEX, INVERTED, … */
  readonly indexType: string;
  /** Of a vector index. */
  readonly metric: Metric | undefined;
  /** As the user gave them, index_type and metric_type included: what DescribeIndex returns. */
  readonly params: readonly KeyValue[];
  readonly createdTs: Timestamp;
}

/**
 * 'unloaded': nobody loaded it yet; 'released': somebody released it; 'loaded': it is served, also after a restart.
 * With 'loaded', `partitionIds` limits it to these partitions; undefined = all, those made later too.
 */
export interface LoadInfo {
  readonly state: 'unloaded' | 'released' | 'loaded';
  readonly partitionIds: readonly number[] | undefined;
  readonly replicaNumber: number;
}

/** Milvus's levels: Strong 0, Session 1, Bounded 2, Eventually 3, Customized 4. */
export type ConsistencyLevel = 0 | 1 | 2 | 3 | 4;

export interface CollectionInfo {
  readonly collectionId: number;
  readonly databaseId: number;
  readonly databaseName: string;
  readonly schema: CollectionSchema;
  readonly aliases: readonly string[];
  readonly partitions: readonly PartitionInfo[];
  readonly vchannels: readonly VChannelInfo[];
  readonly consistencyLevel: ConsistencyLevel;
  readonly properties: readonly KeyValue[];
  readonly indexes: readonly IndexInfo[];
  readonly load: LoadInfo;
  readonly createdTs: Timestamp;
  /** Bumped by every change of the schema. */
  readonly updateTs: Timestamp;
  /** Rows written at or before it were truncated; 0n = never. */
  readonly truncatedTs: Timestamp;
  /** Rises with every change of this entry; a role that has a higher one ignores a lower one. */
  readonly revision: number;
}

/** A sealed segment whose objects are durable. Positions are WAL positions as hex text. */
export interface SegmentInfo {
  readonly segmentId: number;
  readonly collectionId: number;
  readonly partitionId: number;
  readonly vchannel: string;
  readonly rows: number;
  readonly schemaVersion: number;
  readonly minTs: Timestamp;
  readonly maxTs: Timestamp;
  /** Replay skips this segment's own rows up to here … */
  readonly toPosition: string;
  /** … and delete marks up to here, which `marks` holds. */
  readonly marksPosition: string;
  readonly markedRows: number;
  /** Compaction dropped rows whose marks are at or before it: reads at an older timestamp cannot be answered. 0n = none. */
  readonly horizonTs: Timestamp;
  /** The scalar columns, keys and timestamps included. */
  readonly scalars: ColumnFile;
  /** One file a vector field. */
  readonly vectors: readonly ColumnFile[];
  readonly marks: ObjectFile | undefined;
  readonly indexes: readonly (ObjectFile & { readonly indexId: number })[];
}

export interface ObjectFile {
  readonly key: string;
  readonly bytes: number;
  readonly crc32: number;
}

/** An Arrow IPC file. `batches` says where the buffers lie, so that reading needs no Arrow reader. */
export interface ColumnFile {
  readonly key: string;
  readonly bytes: number;
  /** Of the columns, in file order. */
  readonly fieldIds: readonly number[];
  readonly batches: readonly BatchPlace[];
}

/** The body of one record batch. */
export interface BatchPlace {
  readonly rows: number;
  /** From the start of the file. */
  readonly offset: number;
  readonly bytes: number;
  readonly crc32: number;
  /** Of all columns in Arrow's depth-first order: offset in the body and length of each buffer, flat. */
  readonly buffers: readonly number[];
}

/** What one atomic change of a shard's segments contains. */
export interface SegmentChange {
  readonly vchannel: string;
  /** Of the writer of its pchannel; a change with a lower term than the catalogue's fails with Fenced. */
  readonly term: number;
  readonly add: readonly SegmentInfo[];
  /** Replace entries with the same segmentId. */
  readonly update: readonly SegmentInfo[];
  readonly removeIds: readonly number[];
  /** Hex; replay of the vchannel starts after it. */
  readonly checkpoint: string | undefined;
}
