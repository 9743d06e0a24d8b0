import type { CollectionInfo, IndexInfo } from '../../../../core/domain/catalog.ts';
import { ElanusError } from '../../../../core/domain/errors.ts';
import type { Status } from '../../../../gen/milvus/common.ts';
import { IndexState } from '../../../../gen/milvus/common.ts';
import {
  type AlterIndexRequest,
  type CreateIndexRequest,
  type DescribeIndexRequest,
  type DescribeIndexResponse,
  type DropIndexRequest,
  type GetIndexBuildProgressRequest,
  type GetIndexBuildProgressResponse,
  type GetIndexStateRequest,
  type GetIndexStateResponse,
  type GetIndexStatisticsRequest,
  type GetIndexStatisticsResponse,
  IndexDescription,
} from '../../../../gen/milvus/milvus.ts';
import type { CallContext } from '../callContext.ts';
import { collectionOf, databaseOf } from '../requestContext.ts';
import { plainPairs } from '../schemaMessages.ts';
import type { DefinitionServices } from '../services.ts';
import { indexProgress, segmentsOf } from '../shardFacts.ts';
import { success } from '../status.ts';

export async function createIndex(
  { coordinator, random }: DefinitionServices,
  request: CreateIndexRequest,
  context: CallContext,
): Promise<Status> {
  await coordinator.createIndex({
    requestId: random.uuid(),
    databaseName: databaseOf(request.dbName, context),
    collection: request.collectionName,
    fieldName: request.fieldName,
    indexName: request.indexName,
    params: plainPairs(request.extraParams),
  });
  return success();
}

export async function dropIndex(
  { coordinator, random }: DefinitionServices,
  request: DropIndexRequest,
  context: CallContext,
): Promise<Status> {
  await coordinator.dropIndex({
    requestId: random.uuid(),
    databaseName: databaseOf(request.dbName, context),
    collection: request.collectionName,
    indexName: request.indexName,
    fieldName: request.fieldName,
  });
  return success();
}

export async function alterIndex(
  { coordinator, random }: DefinitionServices,
  request: AlterIndexRequest,
  context: CallContext,
): Promise<Status> {
  await coordinator.alterIndex({
    requestId: random.uuid(),
    databaseName: databaseOf(request.dbName, context),
    collection: request.collectionName,
    indexName: request.indexName,
    set: plainPairs(request.extraParams),
    deleteKeys: request.deleteKeys,
  });
  return success();
}

export async function describeIndex(
  services: DefinitionServices,
  request: DescribeIndexRequest,
  context: CallContext,
): Promise<DescribeIndexResponse> {
  return { status: success(), indexDescriptions: await descriptions(services, request, context) };
}

export async function getIndexStatistics(
  services: DefinitionServices,
  request: GetIndexStatisticsRequest,
  context: CallContext,
): Promise<GetIndexStatisticsResponse> {
  const wanted = { ...request, fieldName: '' };
  return { status: success(), indexDescriptions: await descriptions(services, wanted, context) };
}

/** In progress while any of the named indexes is. */
export async function getIndexState(
  services: DefinitionServices,
  request: GetIndexStateRequest,
  context: CallContext,
): Promise<GetIndexStateResponse> {
  const found = await descriptions(services, request, context);
  const waiting = found.find((description) => description.state !== IndexState.Finished);
  return { status: success(), state: waiting?.state ?? IndexState.Finished, failReason: '' };
}

export async function getIndexBuildProgress(
  services: DefinitionServices,
  request: GetIndexBuildProgressRequest,
  context: CallContext,
): Promise<GetIndexBuildProgressResponse> {
  const found = await descriptions(services, request, context);
  const slowest = found.reduce((a, b) => (b.pendingIndexRows > a.pendingIndexRows ? b : a));
  return { status: success(), indexedRows: slowest.indexedRows, totalRows: slowest.totalRows };
}

interface WantedIndexes {
  readonly dbName: string;
  readonly collectionName: string;
  readonly fieldName: string;
  readonly indexName: string;
}

/** The indexes of a name, or without one those of a field, or all. Error: NotFound index when there is none. */
async function descriptions(
  services: DefinitionServices,
  request: WantedIndexes,
  context: CallContext,
): Promise<IndexDescription[]> {
  const info = await collectionOf(services, request, context);
  const indexes = meantIndexes(info, request);
  const segments = await segmentsOf(services, info.collectionId);
  return indexes.map((index) => {
    const { totalRows, pendingRows } = indexProgress(segments, index);
    return IndexDescription.fromPartial({
      indexName: index.indexName,
      indexID: BigInt(index.indexId),
      params: [...index.params],
      fieldName: index.fieldName,
      indexedRows: BigInt(totalRows - pendingRows),
      totalRows: BigInt(totalRows),
      pendingIndexRows: BigInt(pendingRows),
      state: pendingRows === 0 ? IndexState.Finished : IndexState.InProgress,
    });
  });
}

function meantIndexes(info: CollectionInfo, { indexName, fieldName }: WantedIndexes): readonly IndexInfo[] {
  const meant = info.indexes.filter((index) => {
    if (indexName !== '') return index.indexName === indexName;
    return fieldName === '' || index.fieldName === fieldName;
  });
  if (meant.length > 0) return meant;
  throw new ElanusError('NotFound', 'index not found', {
    subject: 'index',
    context: {
      collection: info.schema.name,
      indexName: indexName || undefined,
      fieldName: fieldName || undefined,
    },
  });
}
