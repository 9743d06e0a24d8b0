import type { CollectionInfo, PartitionInfo } from '../domain/catalog.ts';
import { DEFAULT_PARTITION } from '../domain/catalog.ts';
import { ElanusError, invalid } from '../domain/errors.ts';

const BY_KEY_ONLY = 'not support manually specifying the partition names if partition key mode is used';

export function hasPartitionKey(collection: CollectionInfo): boolean {
  return collection.schema.fields.some((field) => field.isPartitionKey);
}

/** Partitions rows are written to: one, or with a partition key all, ascending by id. Errors: Invalid, NotFound. */
export function partitionsToWrite(collection: CollectionInfo, name: string): readonly number[] {
  if (!hasPartitionKey(collection)) {
    return [partitionByName(collection, name === '' ? DEFAULT_PARTITION : name).partitionId];
  }
  if (name !== '') throw invalid(BY_KEY_ONLY);
  return collection.partitions.map(({ partitionId }) => partitionId).sort((a, b) => a - b);
}

/** Ids of the named partitions; undefined = all. Errors: Invalid, NotFound. */
export function partitionsToRead(
  collection: CollectionInfo,
  names: readonly string[],
): readonly number[] | undefined {
  if (names.length === 0) return undefined;
  if (hasPartitionKey(collection)) throw invalid(BY_KEY_ONLY);
  return [...new Set(names.map((name) => partitionByName(collection, name).partitionId))];
}

function partitionByName(collection: CollectionInfo, name: string): PartitionInfo {
  const found = collection.partitions.find((partition) => partition.name === name);
  if (found !== undefined) return found;
  throw new ElanusError('NotFound', 'partition not found', {
    subject: 'partition',
    context: { partition: name },
  });
}
