import type { CollectionInfo } from '../../../../core/domain/catalog.ts';
import { physicalMs } from '../../../../core/domain/timestamp.ts';
import {
  type BatchDescribeCollectionRequest,
  type BatchDescribeCollectionResponse,
  type DescribeCollectionRequest,
  DescribeCollectionResponse,
  type GetCollectionStatisticsRequest,
  type GetCollectionStatisticsResponse,
  type ShowCollectionsRequest,
  type ShowCollectionsResponse,
  ShowType,
} from '../../../../gen/milvus/milvus.ts';
import type { CallContext } from '../callContext.ts';
import { collectionOf, databaseOf } from '../requestContext.ts';
import { schemaMessage } from '../schemaMessages.ts';
import type { DefinitionServices } from '../services.ts';
import { loadedPercent, visibleRows } from '../shardFacts.ts';
import { failure, success } from '../status.ts';

export async function describeCollection(
  services: DefinitionServices,
  request: DescribeCollectionRequest,
  context: CallContext,
): Promise<DescribeCollectionResponse> {
  return description(await collectionOf(services, request, context));
}

/** Each collection has its own status; one that is missing does not spoil the others. */
export async function batchDescribeCollection(
  services: DefinitionServices,
  request: BatchDescribeCollectionRequest,
  context: CallContext,
): Promise<BatchDescribeCollectionResponse> {
  const { dbName } = request;
  const wanted = [
    ...request.collectionName.map((collectionName) => ({ dbName, collectionName, collectionID: 0n })),
    ...request.collectionID.map((collectionID) => ({ dbName, collectionName: '', collectionID })),
  ];
  const responses = wanted.map(async (one) => {
    try {
      return description(await collectionOf(services, one, context));
    } catch (caught) {
      return DescribeCollectionResponse.fromPartial({
        status: failure(caught),
        collectionName: one.collectionName,
      });
    }
  });
  return { status: success(), responses: await Promise.all(responses) };
}

function description(info: CollectionInfo): DescribeCollectionResponse {
  const { schema } = info;
  return {
    status: success(),
    schema: schemaMessage(schema, info.databaseName),
    collectionID: BigInt(info.collectionId),
    virtualChannelNames: info.vchannels.map((channel) => channel.vchannel),
    physicalChannelNames: info.vchannels.map((channel) => channel.pchannel),
    createdTimestamp: info.createdTs,
    createdUtcTimestamp: BigInt(physicalMs(info.createdTs)),
    shardsNum: info.vchannels.length,
    aliases: info.aliases,
    startPositions: [],
    consistencyLevel: info.consistencyLevel,
    collectionName: schema.name,
    properties: info.properties,
    dbName: info.databaseName,
    numPartitions: BigInt(info.partitions.length),
    dbId: BigInt(info.databaseId),
    requestTime: info.updateTs,
    updateTimestamp: info.updateTs,
    updateTimestampStr: String(info.updateTs),
  };
}

/** All collections of a database, or (InMemory) those that are loaded, with how far they are; of the names, if given. */
export async function showCollections(
  services: DefinitionServices,
  request: ShowCollectionsRequest,
  context: CallContext,
): Promise<ShowCollectionsResponse> {
  const { coordinator } = services;
  const databaseName = databaseOf(request.dbName, context);
  const names = request.collectionNames;
  const all =
    names.length === 0
      ? await coordinator.listCollections(databaseName)
      : await Promise.all(names.map((name) => coordinator.getCollection(databaseName, name)));
  const inMemory = request.type === ShowType.InMemory;
  const shown = inMemory ? all.filter((info) => info.load.state === 'loaded') : all;
  const percents = inMemory ? await Promise.all(shown.map((info) => loadedPercent(services, info))) : [];
  return {
    status: success(),
    collectionNames: shown.map((info) => info.schema.name),
    collectionIds: shown.map((info) => BigInt(info.collectionId)),
    createdTimestamps: shown.map((info) => info.createdTs),
    createdUtcTimestamps: shown.map((info) => BigInt(physicalMs(info.createdTs))),
    inMemoryPercentages: percents.map(BigInt),
    queryServiceAvailable: percents.map((percent) => percent === 100),
    shardsNum: shown.map((info) => info.vchannels.length),
  };
}

/** Rows that a count would find. */
export async function getCollectionStatistics(
  services: DefinitionServices,
  request: GetCollectionStatisticsRequest,
  context: CallContext,
): Promise<GetCollectionStatisticsResponse> {
  const info = await collectionOf(services, request, context);
  const rows = await visibleRows(services, info.collectionId, undefined);
  return { status: success(), stats: [{ key: 'row_count', value: String(rows) }] };
}
