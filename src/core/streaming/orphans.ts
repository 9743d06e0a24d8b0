import type { CoordinatorService } from '../coordinator/service.ts';
import type { Logger } from '../ports/logger.ts';
import type { ObjectStore } from '../ports/objectStore.ts';
import { SEGMENTS_PREFIX } from '../segment/segmentFiles.ts';
import type { Shard } from './shard.ts';

export interface OrphanDeps {
  readonly coordinator: CoordinatorService;
  readonly objectStore: ObjectStore;
  readonly logger: Logger;
}

/**
 * Deletes objects that no segment names: a crash between writing objects and their entry, or between removing the entry and
 * the objects, leaves some. Only segments with ids from before the start are looked at, so work that has begun since is safe.
 * For one owner of all shards, once after recovery. Collections with a shard that failed are left alone.
 */
export async function deleteOrphans(deps: OrphanDeps, shards: () => readonly Shard[]): Promise<void> {
  const firstNewId = await deps.coordinator.allocIds(1);
  let afterKey: string | undefined;
  let deleted = 0;
  for (;;) {
    const page = await deps.objectStore.list(SEGMENTS_PREFIX, afterKey === undefined ? {} : { afterKey });
    if (page.length === 0) break;
    afterKey = page.at(-1)!.key;
    for (const { key } of page) {
      if (!isOrphan(key, firstNewId, shards())) continue;
      await deps.objectStore.delete(key);
      deleted++;
    }
  }
  if (deleted > 0) deps.logger.info('deleted objects that no segment names', { objects: deleted });
}

/** Keys are segments/<collectionId>/<segmentId>/<name>. */
function isOrphan(key: string, firstNewId: number, shards: readonly Shard[]): boolean {
  const [, collectionId, segmentId] = key.split('/').map(Number);
  if (!(segmentId! < firstNewId)) return false;
  const owners = shards.filter((shard) => shard.collection.collectionId === collectionId);
  if (owners.some((shard) => shard.failure !== undefined)) return false;
  return owners.every((shard) => !shard.segments.has(segmentId!));
}
