import type {
  CollectionInfo,
  ConsistencyLevel,
  DatabaseInfo,
  IndexInfo,
  SegmentChange,
  SegmentInfo,
} from '../domain/catalog.ts';
import type { CollectionSchema, FieldSchema, KeyValue } from '../domain/schema.ts';
import type { Timestamp } from '../domain/timestamp.ts';

/**
 * The one active coordinator: owner of the catalogue, of time and of ids. Every argument and result is plain data
 * (structured-cloneable), so that a call may cross a wire. Every call may be repeated when its reply was lost: calls
 * that create or drop take a `requestId` and answer a repeat as they answered the first time.
 *
 * Errors by kind: NotFound / AlreadyExists with subject database, collection, partition, alias, index; Invalid for a
 * broken rule; Fenced for a stale term; Unavailable while it starts.
 */
export interface CoordinatorService {
  /** The first of `count` (1..2^18) consecutive timestamps, all later than any handed out before, restarts included. */
  allocTimestamps(count: number): Promise<Timestamp>;
  /** The first of `count` (1..2^32) consecutive row ids for autoID keys. */
  allocRowIds(count: number): Promise<bigint>;
  /** The first of `count` (1..100,000) consecutive ids for segments and the like. */
  allocIds(count: number): Promise<number>;

  createDatabase(request: {
    requestId: string;
    name: string;
    properties: readonly KeyValue[];
  }): Promise<DatabaseInfo>;
  dropDatabase(request: { requestId: string; name: string }): Promise<void>;
  alterDatabase(request: DatabaseAlteration): Promise<DatabaseInfo>;
  listDatabases(): Promise<readonly DatabaseInfo[]>;
  describeDatabase(name: string): Promise<DatabaseInfo>;

  /** An identical collection that exists is a success; one that differs is AlreadyExists. */
  createCollection(request: CollectionCreation): Promise<CollectionInfo>;
  /** Takes a name or nothing else (not an alias); a missing collection is a success. Gone when it resolves. */
  dropCollection(request: { requestId: string; databaseName: string; name: string }): Promise<void>;
  /** By name or alias. Current at the time of the call. */
  getCollection(databaseName: string, nameOrAlias: string): Promise<CollectionInfo>;
  getCollectionById(collectionId: number): Promise<CollectionInfo>;
  listCollections(databaseName: string): Promise<readonly CollectionInfo[]>;
  renameCollection(request: {
    requestId: string;
    databaseName: string;
    name: string;
    newDatabaseName: string;
    newName: string;
  }): Promise<void>;
  alterCollection(request: CollectionAlteration): Promise<CollectionInfo>;
  /** Changes mutable type params of one field (mmap.enabled, max_length upward, …). */
  alterField(request: FieldAlteration): Promise<CollectionInfo>;
  /** Appends a nullable or defaulted field; `field.fieldId` is ignored. */
  addField(request: {
    requestId: string;
    databaseName: string;
    name: string;
    field: FieldSchema;
  }): Promise<CollectionInfo>;
  /** All rows go; schema, indexes, aliases and load state stay. */
  truncateCollection(request: { requestId: string; databaseName: string; name: string }): Promise<void>;

  createAlias(request: {
    requestId: string;
    databaseName: string;
    alias: string;
    collection: string;
  }): Promise<void>;
  dropAlias(request: { requestId: string; databaseName: string; alias: string }): Promise<void>;
  alterAlias(request: {
    requestId: string;
    databaseName: string;
    alias: string;
    collection: string;
  }): Promise<void>;

  createPartition(request: {
    requestId: string;
    databaseName: string;
    collection: string;
    name: string;
  }): Promise<CollectionInfo>;
  dropPartition(request: {
    requestId: string;
    databaseName: string;
    collection: string;
    name: string;
  }): Promise<void>;

  /** `params` hold index_type, metric_type and build parameters, flat. The same index again is a success. */
  createIndex(request: IndexCreation): Promise<IndexInfo>;
  dropIndex(request: {
    requestId: string;
    databaseName: string;
    collection: string;
    indexName: string;
    fieldName: string;
  }): Promise<void>;
  alterIndex(request: IndexAlteration): Promise<void>;

  /** Records the wish and tells the owners of the shards; they load in the background (StreamingService.shardStates). */
  setLoad(request: {
    requestId: string;
    databaseName: string;
    collection: string;
    load: LoadChange;
  }): Promise<CollectionInfo>;

  getCluster(): Promise<ClusterInfo>;
  /** Claims every pchannel with a shard for `nodeId`: raises their terms durably, then answers what must be recovered. */
  claimChannels(nodeId: string): Promise<readonly ChannelAssignment[]>;
  /** Raises the term of one channel durably, for the node that holds it. Resolves with the term. Error: Fenced. */
  claimChannel(nodeId: string, pchannel: string): Promise<number>;
  /** One atomic change of a shard's segments and checkpoint. Repeating a change that happened is a success. */
  commitSegments(change: SegmentChange): Promise<void>;
}

export interface DatabaseAlteration {
  readonly requestId: string;
  readonly name: string;
  readonly set: readonly KeyValue[];
  readonly deleteKeys: readonly string[];
}

export interface CollectionCreation {
  readonly requestId: string;
  readonly databaseName: string;
  /** Field ids are assigned by the coordinator in order, from 100; those given are ignored. `$meta` is added by it too. */
  readonly schema: CollectionSchema;
  /** 0 = the default of 1. */
  readonly shardsNum: number;
  readonly consistencyLevel: ConsistencyLevel;
  readonly properties: readonly KeyValue[];
  /** With a partition key; 0 = the default of 16. */
  readonly numPartitions: number;
}

export interface CollectionAlteration {
  readonly requestId: string;
  readonly databaseName: string;
  readonly name: string;
  readonly set: readonly KeyValue[];
  readonly deleteKeys: readonly string[];
}

export interface FieldAlteration extends CollectionAlteration {
  readonly fieldName: string;
}

export interface IndexCreation {
  readonly requestId: string;
  readonly databaseName: string;
  readonly collection: string;
  readonly fieldName: string;
  /** Empty = the field's name. */
  readonly indexName: string;
  readonly params: readonly KeyValue[];
}

export interface IndexAlteration {
  readonly requestId: string;
  readonly databaseName: string;
  readonly collection: string;
  readonly indexName: string;
  readonly set: readonly KeyValue[];
  readonly deleteKeys: readonly string[];
}

/** 'load' / 'release' of the whole collection (partitionNames undefined) or of some partitions. */
export interface LoadChange {
  readonly action: 'load' | 'release';
  readonly partitionNames: readonly string[] | undefined;
  readonly replicaNumber: number;
}

export interface ClusterInfo {
  /** Made with the catalogue. */
  readonly clusterId: string;
  /** All physical channels there can be, with the term that the next claim gives each. */
  readonly channels: readonly { readonly pchannel: string; readonly term: number }[];
}

export interface ChannelAssignment {
  readonly pchannel: string;
  readonly term: number;
  readonly shards: readonly ShardAssignment[];
}

export interface ShardAssignment {
  readonly vchannel: string;
  readonly collection: CollectionInfo;
  readonly segments: readonly SegmentInfo[];
  /** Hex WAL position after which replay starts; undefined = from the first record. */
  readonly checkpoint: string | undefined;
}
