import type { CollectionInfo, PartitionInfo } from '../../../../core/domain/catalog.ts';
import { ElanusError } from '../../../../core/domain/errors.ts';
import { physicalMs } from '../../../../core/domain/timestamp.ts';
import type { Status } from '../../../../gen/milvus/common.ts';
import type {
  BoolResponse,
  CreatePartitionRequest,
  DropPartitionRequest,
  GetPartitionStatisticsRequest,
  GetPartitionStatisticsResponse,
  HasPartitionRequest,
  ShowPartitionsRequest,
  ShowPartitionsResponse,
} from '../../../../gen/milvus/milvus.ts';
import { ShowType } from '../../../../gen/milvus/milvus.ts';
import type { CallContext } from '../callContext.ts';
import { collectionOf, databaseOf } from '../requestContext.ts';
import type { DefinitionServices } from '../services.ts';
import { loadedPercent, visibleRows } from '../shardFacts.ts';
import { success } from '../status.ts';

export async function createPartition(
  { coordinator, random }: DefinitionServices,
  request: CreatePartitionRequest,
  context: CallContext,
): Promise<Status> {
  await coordinator.createPartition({
    requestId: random.uuid(),
    databaseName: databaseOf(request.dbName, context),
    collection: request.collectionName,
    name: request.partitionName,
  });
  return success();
}

export async function dropPartition(
  { coordinator, random }: DefinitionServices,
  request: DropPartitionRequest,
  context: CallContext,
): Promise<Status> {
  await coordinator.dropPartition({
    requestId: random.uuid(),
    databaseName: databaseOf(request.dbName, context),
    collection: request.collectionName,
    name: request.partitionName,
  });
  return success();
}

export async function hasPartition(
  services: DefinitionServices,
  request: HasPartitionRequest,
  context: CallContext,
): Promise<BoolResponse> {
  const info = await collectionOf(services, request, context);
  const value = info.partitions.some((partition) => partition.name === request.partitionName);
  return { status: success(), value };
}

/** All partitions, or (InMemory) those that are loaded; of the names, if given. */
export async function showPartitions(
  services: DefinitionServices,
  request: ShowPartitionsRequest,
  context: CallContext,
): Promise<ShowPartitionsResponse> {
  const info = await collectionOf(services, request, context);
  const names = request.partitionNames;
  const all = names.length === 0 ? info.partitions : names.map((name) => partitionOf(info, name));
  const inMemory = request.type === ShowType.InMemory;
  const shown = inMemory ? all.filter((partition) => isLoaded(info, partition)) : all;
  const percent = inMemory && shown.length > 0 ? await loadedPercent(services, info) : 0;
  return {
    status: success(),
    partitionNames: shown.map((partition) => partition.name),
    partitionIDs: shown.map((partition) => BigInt(partition.partitionId)),
    createdTimestamps: shown.map((partition) => partition.createdTs),
    createdUtcTimestamps: shown.map((partition) => BigInt(physicalMs(partition.createdTs))),
    inMemoryPercentages: inMemory ? shown.map(() => BigInt(percent)) : [],
  };
}

export async function getPartitionStatistics(
  services: DefinitionServices,
  request: GetPartitionStatisticsRequest,
  context: CallContext,
): Promise<GetPartitionStatisticsResponse> {
  const info = await collectionOf(services, request, context);
  const { partitionId } = partitionOf(info, request.partitionName);
  const rows = await visibleRows(services, info.collectionId, partitionId);
  return { status: success(), stats: [{ key: 'row_count', value: String(rows) }] };
}

/** Error: NotFound partition. */
export function partitionOf(info: CollectionInfo, name: string): PartitionInfo {
  const partition = info.partitions.find((other) => other.name === name);
  if (partition !== undefined) return partition;
  throw new ElanusError('NotFound', 'partition not found', {
    subject: 'partition',
    context: { collection: info.schema.name, partition: name },
  });
}

export function isLoaded({ load }: CollectionInfo, { partitionId }: PartitionInfo): boolean {
  return load.state === 'loaded' && (load.partitionIds?.includes(partitionId) ?? true);
}
