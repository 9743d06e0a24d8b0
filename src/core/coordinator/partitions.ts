import type { CollectionInfo, LoadInfo, PartitionInfo } from '../domain/catalog.ts';
import { DEFAULT_PARTITION } from '../domain/catalog.ts';
import { ElanusError, invalid } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { changeCollection } from './collectionChanges.ts';
import type { CoordinatorContext } from './context.ts';
import { newPartition } from './createCollection.ts';
import { checkName } from './names.ts';

interface PartitionRequest {
  readonly requestId: string;
  readonly databaseName: string;
  readonly collection: string;
  readonly name: string;
}

/** A partition that exists is a success, as in Milvus. */
export async function createPartition(
  context: CoordinatorContext,
  request: PartitionRequest,
): Promise<CollectionInfo> {
  checkName('partition', request.name);
  return changeCollection(context, 'createPartition', request, async (current) => {
    refusePartitionKey(current, 'create partition');
    if (findPartition(current, request.name) !== undefined) return current;
    if (current.partitions.length >= LIMITS.partitionsMax) {
      throw new ElanusError('Exhausted', 'exceeded the limit number of partitions', {
        subject: 'partition',
        context: { collection: current.schema.name, limit: LIMITS.partitionsMax },
      });
    }
    const partitionId = Number(await context.ids.allocate(1));
    const partition = newPartition(partitionId, request.name, await context.timestamps.allocate(1));
    return { ...current, partitions: [...current.partitions, partition] };
  });
}

/** A missing partition is a success, as in Milvus; a loaded one has to be released first. */
export async function dropPartition(context: CoordinatorContext, request: PartitionRequest): Promise<void> {
  await changeCollection(context, 'dropPartition', request, (current) => {
    refusePartitionKey(current, 'drop partition');
    if (request.name === DEFAULT_PARTITION) {
      throw invalid('default partition cannot be deleted', { collection: current.schema.name });
    }
    const partition = findPartition(current, request.name);
    if (partition === undefined) return current;
    if (isPartitionLoaded(current.load, partition.partitionId)) {
      throw new ElanusError(
        'Conflict',
        'partition cannot be dropped, partition is loaded, please release it first',
        {
          subject: 'partition',
          context: { collection: current.schema.name, partition: request.name },
        },
      );
    }
    return { ...current, partitions: current.partitions.filter((other) => other !== partition) };
  });
}

export function findPartition(info: CollectionInfo, name: string): PartitionInfo | undefined {
  return info.partitions.find((partition) => partition.name === name);
}

export function isPartitionLoaded(load: LoadInfo, partitionId: number): boolean {
  return load.state === 'loaded' && (load.partitionIds?.includes(partitionId) ?? true);
}

/** With a partition key the rows decide where they go, so the partitions are not the user's. Error: Invalid. */
export function refusePartitionKey(info: CollectionInfo, action: string): void {
  if (!info.schema.fields.some((field) => field.isPartitionKey)) return;
  throw invalid(`disable ${action} if partition key mode is used`, { collection: info.schema.name });
}
