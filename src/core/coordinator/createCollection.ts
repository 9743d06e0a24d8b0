import type { CollectionInfo, PartitionInfo } from '../domain/catalog.ts';
import { DEFAULT_PARTITION } from '../domain/catalog.ts';
import { ElanusError, invalid } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { CollectionSchema } from '../domain/schema.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { DatabaseEntry } from './catalog.ts';
import { apply, commitCollections } from './collectionChanges.ts';
import { UNLOADED } from './collectionCodec.ts';
import type { CoordinatorContext } from './context.ts';
import { databaseLock } from './context.ts';
import {
  checkCollectionProperties,
  DATABASE_COLLECTIONS_MAX,
  propertyOf,
  sameProperties,
} from './propertyRules.ts';
import { newSchema, sameSchema } from './schemaRules.ts';
import type { CollectionCreation } from './service.ts';
import { choosePchannels, pchannelNames, vchannelsOf } from './shards.ts';

export async function createCollection(
  context: CoordinatorContext,
  request: CollectionCreation,
): Promise<CollectionInfo> {
  const wanted = checkedCreation(request);
  return context.requests.once('createCollection', request.requestId, async () => {
    await context.ready();
    const info = await context.locks.run([databaseLock(request.databaseName)], async () => {
      const database = context.catalog.database(request.databaseName);
      const existing = existingCollection(context, wanted);
      if (existing !== undefined) return existing;
      checkCounts(context, database);
      return makeCollection(context, database, wanted);
    });
    await apply(context, info);
    return info;
  });
}

/** A creation after all rules that need no catalogue. */
interface WantedCollection {
  readonly request: CollectionCreation;
  readonly schema: CollectionSchema;
  readonly shards: number;
  readonly partitionNames: readonly string[];
}

function checkedCreation(request: CollectionCreation): WantedCollection {
  const schema = newSchema(request.schema);
  checkCollectionProperties(request.properties);
  const collection = schema.name;
  const { consistencyLevel } = request;
  if (!Number.isInteger(consistencyLevel) || consistencyLevel < 0 || consistencyLevel > 4) {
    throw invalid('consistency level must be in 0..4', { collection, consistencyLevel });
  }
  const shards = request.shardsNum === 0 ? 1 : request.shardsNum;
  if (!Number.isInteger(shards) || shards < 1 || shards > LIMITS.shardsMax) {
    throw invalid(`maximum shards's number should be limited to ${LIMITS.shardsMax}`, {
      collection,
      shardsNum: shards,
    });
  }
  return { request, schema, shards, partitionNames: partitionNamesOf(schema, request.numPartitions) };
}

function partitionNamesOf(schema: CollectionSchema, numPartitions: number): readonly string[] {
  const collection = schema.name;
  if (!schema.fields.some((field) => field.isPartitionKey)) {
    if (numPartitions === 0) return [DEFAULT_PARTITION];
    throw invalid('num_partitions should only be specified with partition key field enabled', {
      collection,
      numPartitions,
    });
  }
  const count = numPartitions === 0 ? LIMITS.partitionKeyPartitionsDefault : numPartitions;
  if (!Number.isInteger(count) || count < 1 || count > LIMITS.partitionsMax) {
    throw invalid(`num_partitions must be in 1..${LIMITS.partitionsMax}`, { collection, numPartitions });
  }
  return Array.from({ length: count }, (_, i) => `${DEFAULT_PARTITION}_${i}`);
}

/** The collection that the request asks for, if it is there already. Errors: AlreadyExists, Conflict with an alias. */
function existingCollection(
  context: CoordinatorContext,
  { request, schema, shards, partitionNames }: WantedCollection,
): CollectionInfo | undefined {
  const { databaseName } = request;
  if (context.catalog.isAlias(databaseName, schema.name)) {
    throw new ElanusError('Conflict', 'collection name conflicts with an existing alias', {
      subject: 'alias',
      context: { database: databaseName, collection: schema.name },
    });
  }
  const existing = context.catalog.find(databaseName, schema.name)?.info;
  if (existing === undefined) return undefined;
  const isSame =
    sameSchema(schema, existing.schema) &&
    shards === existing.vchannels.length &&
    request.consistencyLevel === existing.consistencyLevel &&
    (partitionNames.length === 1 || partitionNames.length === existing.partitions.length) &&
    sameProperties(request.properties, existing.properties);
  if (isSame) return existing;
  throw new ElanusError('AlreadyExists', 'create duplicate collection with different parameters', {
    subject: 'collection',
    context: { database: databaseName, collection: schema.name },
  });
}

function checkCounts(context: CoordinatorContext, database: DatabaseEntry): void {
  const { collectionsMax } = context.settings;
  if (context.catalog.collectionCount >= collectionsMax) {
    throw new ElanusError('Exhausted', 'exceeded the limit number of collections', {
      subject: 'collection',
      context: { limit: collectionsMax },
    });
  }
  const limit = propertyOf(database.info.properties, DATABASE_COLLECTIONS_MAX);
  if (limit === undefined || database.collections < Number(limit)) return;
  throw new ElanusError('Exhausted', 'exceeded the limit number of collections in the database', {
    subject: 'collection',
    context: { database: database.info.name, limit },
  });
}

async function makeCollection(
  context: CoordinatorContext,
  database: DatabaseEntry,
  { request, schema, shards, partitionNames }: WantedCollection,
): Promise<CollectionInfo> {
  const collectionId = Number(await context.ids.allocate(1 + partitionNames.length));
  const createdTs = await context.timestamps.allocate(1);
  const pchannels = choosePchannels(
    pchannelNames(context.settings.pchannels),
    (pchannel) => context.catalog.shardsOn(pchannel),
    shards,
  );
  await context.channels.ensureClaimed(pchannels);
  const info: CollectionInfo = {
    collectionId,
    databaseId: database.info.databaseId,
    databaseName: database.info.name,
    schema,
    aliases: [],
    partitions: partitionNames.map((name, i) => newPartition(collectionId + 1 + i, name, createdTs)),
    vchannels: vchannelsOf(collectionId, pchannels),
    consistencyLevel: request.consistencyLevel,
    properties: request.properties,
    indexes: [],
    load: UNLOADED,
    createdTs,
    updateTs: createdTs,
    truncatedTs: 0n,
    revision: 1,
  };
  await commitCollections(context, [info]);
  return info;
}

export function newPartition(partitionId: number, name: string, createdTs: Timestamp): PartitionInfo {
  return { partitionId, name, createdTs };
}
