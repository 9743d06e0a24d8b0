import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CoordinatorService } from '../../core/coordinator/service.ts';
import type { CollectionInfo } from '../../core/domain/catalog.ts';
import { ElanusError } from '../../core/domain/errors.ts';
import type { StreamingService } from '../../core/streaming/service.ts';
import type { Say } from './stores.ts';

const LOOK_MS = 100;
const STALL_MS_MAX = 120_000;

/**
 * Seals and flushes every shard, so that all rows are in objects. Errors: those of a shard that cannot be served; Unavailable
 * when flushing makes no progress, with the reason in the log.
 */
export async function flushAll(
  { coordinator, streaming }: { coordinator: CoordinatorService; streaming: StreamingService },
  say: Say,
): Promise<void> {
  const collections: CollectionInfo[] = [];
  for (const { name } of await coordinator.listDatabases())
    collections.push(...(await coordinator.listCollections(name)));
  const shards = collections.reduce((sum, { vchannels }) => sum + vchannels.length, 0);
  say(`flushing ${collections.length} collections, ${shards} shards`);
  for (const { collectionId, vchannels } of collections) {
    for (const { vchannel } of vchannels)
      await streaming.flush({ requestId: randomUUID(), vchannel, collectionId });
  }
  await untilFlushed(streaming, collections);
}

async function untilFlushed(
  streaming: StreamingService,
  collections: readonly CollectionInfo[],
): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  let progressMs = performance.now();
  for (;;) {
    let unflushed = 0;
    for (const { collectionId } of collections) {
      for (const { segments } of await streaming.shardStates(collectionId))
        unflushed += segments.filter(({ state }) => state !== 'Flushed').length;
    }
    if (unflushed === 0) return;
    if (unflushed < least) {
      least = unflushed;
      progressMs = performance.now();
    } else if (performance.now() - progressMs > STALL_MS_MAX) {
      throw new ElanusError('Unavailable', 'segments of the source are not flushed', {
        context: { segments: unflushed, waitedMs: STALL_MS_MAX },
      });
    }
    await sleep(LOOK_MS);
  }
}
