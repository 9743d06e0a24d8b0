import type { CollectionInfo } from '../domain/catalog.ts';
import { ElanusError } from '../domain/errors.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { WriteReply } from '../streaming/service.ts';
import type { AccessDependencies } from './dependencies.ts';
import type { ShardWrite } from './route.ts';

/**
 * Writes to all shards at once and resolves, with the latest timestamp, when every one is durable. When one fails, the
 * others have still ended before the rejection, each with all or none of its part.
 */
export async function writeShards(
  { streaming, random }: AccessDependencies,
  collection: CollectionInfo,
  writes: readonly ShardWrite[],
  deletePartitionIds: readonly number[] | undefined,
): Promise<Timestamp> {
  const { collectionId, schema, vchannels } = collection;
  const replies = await Promise.allSettled(
    writes.map(({ shard, inserts, deleteKeys }) =>
      streaming.write({
        requestId: random.uuid(),
        vchannel: vchannels[shard]!.vchannel,
        collectionId,
        schemaVersion: schema.version,
        deleteKeys,
        deletePartitionIds,
        inserts,
      }),
    ),
  );
  return latest(replies);
}

function latest(replies: readonly PromiseSettledResult<WriteReply>[]): Timestamp {
  let timestamp = 0n;
  for (const reply of replies) {
    if (reply.status === 'rejected') throw ElanusError.from(reply.reason);
    if (reply.value.timestamp > timestamp) timestamp = reply.value.timestamp;
  }
  return timestamp;
}

/** `schemaTimestamp`: what the client made its columns by; 0n = unknown. Errors: SchemaMismatch. */
export function checkSchemaTimestamp(collection: CollectionInfo, schemaTimestamp: Timestamp): void {
  if (schemaTimestamp === 0n || schemaTimestamp === collection.updateTs) return;
  throw new ElanusError('SchemaMismatch', 'collection schema mismatch', {
    subject: 'collection',
    context: { collection: collection.schema.name, expected: collection.updateTs, actual: schemaTimestamp },
  });
}
