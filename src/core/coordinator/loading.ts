import type { CollectionInfo, LoadInfo } from '../domain/catalog.ts';
import { isVectorType } from '../domain/dataTypes.ts';
import { ElanusError, invalid } from '../domain/errors.ts';
import { changeCollection } from './collectionChanges.ts';
import type { CoordinatorContext } from './context.ts';
import { findPartition, refusePartitionKey } from './partitions.ts';
import type { LoadChange } from './service.ts';

/** Records the wish and tells the owners of the shards. Asking for what is so already is a success. */
export async function setLoad(
  context: CoordinatorContext,
  request: { requestId: string; databaseName: string; collection: string; load: LoadChange },
): Promise<CollectionInfo> {
  return changeCollection(context, 'setLoad', request, (current) => {
    const { action, partitionNames, replicaNumber } = request.load;
    const partitionIds = partitionIdsOf(current, action, partitionNames);
    if (action === 'load') {
      checkReplicas(context, replicaNumber);
      checkVectorIndexes(current);
    }
    const load =
      action === 'load'
        ? loaded(current.load, partitionIds, Math.max(replicaNumber, 1))
        : released(current, partitionIds);
    return sameLoad(load, current.load) ? current : { ...current, load };
  });
}

/** Errors: Invalid (no name, or partition key mode), NotFound partition. */
function partitionIdsOf(
  info: CollectionInfo,
  action: string,
  names: readonly string[] | undefined,
): readonly number[] | undefined {
  if (names === undefined) return undefined;
  refusePartitionKey(info, `${action} partitions`);
  if (names.length === 0) throw invalid('no partition is named', { collection: info.schema.name });
  return names.map((name) => {
    const partition = findPartition(info, name);
    if (partition !== undefined) return partition.partitionId;
    throw new ElanusError('NotFound', 'partition not found', {
      subject: 'partition',
      context: { collection: info.schema.name, partition: name },
    });
  });
}

function checkReplicas(context: CoordinatorContext, replicaNumber: number): void {
  const { replicasMax } = context.settings;
  if (!Number.isInteger(replicaNumber) || replicaNumber < 0) {
    throw invalid('replica number must be a whole number ≥ 0', { replicaNumber });
  }
  if (replicaNumber <= replicasMax) return;
  throw new ElanusError('Exhausted', 'there are not enough nodes for the replicas', {
    context: { replicaNumber, replicasMax },
  });
}

/** A search needs the metric that only an index names. Error: NotFound index. */
function checkVectorIndexes(info: CollectionInfo): void {
  for (const field of info.schema.fields) {
    if (!isVectorType(field.dataType)) continue;
    if (info.indexes.some((index) => index.fieldId === field.fieldId)) continue;
    throw new ElanusError('NotFound', 'there is no vector index on field', {
      subject: 'index',
      context: {
        collection: info.schema.name,
        field: field.name,
        hint: 'please create index firstly',
      },
    });
  }
}

function loaded(
  current: LoadInfo,
  partitionIds: readonly number[] | undefined,
  replicaNumber: number,
): LoadInfo {
  if (current.state !== 'loaded') return { state: 'loaded', partitionIds, replicaNumber };
  if (partitionIds === undefined || current.partitionIds === undefined) {
    return { state: 'loaded', partitionIds: undefined, replicaNumber };
  }
  const union = [...new Set([...current.partitionIds, ...partitionIds])];
  return { state: 'loaded', partitionIds: union, replicaNumber };
}

const RELEASED: LoadInfo = { state: 'released', partitionIds: undefined, replicaNumber: 0 };

function released(info: CollectionInfo, partitionIds: readonly number[] | undefined): LoadInfo {
  const { load } = info;
  if (load.state !== 'loaded' || partitionIds === undefined) return RELEASED;
  const served = load.partitionIds ?? info.partitions.map((partition) => partition.partitionId);
  const left = served.filter((partitionId) => !partitionIds.includes(partitionId));
  return left.length === 0 ? RELEASED : { ...load, partitionIds: left };
}

function sameLoad(a: LoadInfo, b: LoadInfo): boolean {
  return (
    a.state === b.state &&
    a.replicaNumber === b.replicaNumber &&
    a.partitionIds?.length === b.partitionIds?.length &&
    (a.partitionIds?.every((id, i) => id === b.partitionIds?.[i]) ?? true)
  );
}
