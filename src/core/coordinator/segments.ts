import type { CollectionInfo, SegmentChange, SegmentInfo } from '../domain/catalog.ts';
import { ElanusError, invalid } from '../domain/errors.ts';
import type { GuardedChange } from './catalogStore.ts';
import { noteApplied } from './collectionChanges.ts';
import type { CoordinatorContext } from './context.ts';
import { collectionLock } from './context.ts';
import { decodeJson, encodeJson, joinPages, pagesByDocument, splitPages } from './documentPages.ts';
import { CHECKPOINT_PREFIX, checkpointKey, idAfter, SEGMENT_PREFIX, segmentPageKey } from './keys.ts';
import { segmentOf, storedSegment } from './segmentCodec.ts';
import type { ChannelAssignment, ShardAssignment } from './service.ts';

/** A txn takes 100 keys; some are guards. */
const KEYS_A_CHANGE_MAX = 90;

/**
 * Raises the terms of all channels in use, then reads what their shards hold: two scans, however many shards there are.
 * Segments are not kept in memory. Those of dropped partitions are among them until the streaming node removes them.
 */
export async function claimChannels(
  context: CoordinatorContext,
  nodeId: string,
): Promise<readonly ChannelAssignment[]> {
  await context.ready();
  await context.channels.claim(nodeId, context.catalog.pchannelsInUse());
  const collections = [...context.catalog.collections()].map((entry) => entry.info);
  const segments = await readSegments(context);
  const checkpoints = await readCheckpoints(context);
  const byChannel = new Map<string, ShardAssignment[]>();
  for (const collection of collections) {
    collection.vchannels.forEach(({ vchannel, pchannel }, shard) => {
      const shards = byChannel.get(pchannel) ?? [];
      byChannel.set(pchannel, shards);
      const checkpoint = checkpoints.get(checkpointKey(collection.collectionId, shard));
      shards.push({ vchannel, collection, segments: segments.get(vchannel) ?? [], checkpoint });
    });
  }
  context.applied.clear();
  for (const collection of collections) noteApplied(context, collection);
  return [...byChannel].map(([pchannel, shards]) => ({
    pchannel,
    term: context.channels.term(pchannel),
    shards,
  }));
}

/** By vchannel, in the order of their ids. What a dropped collection left may be in pieces and is nobody's. */
async function readSegments(context: CoordinatorContext): Promise<Map<string, SegmentInfo[]>> {
  const byChannel = new Map<string, SegmentInfo[]>();
  const entries = await context.store.readAll(SEGMENT_PREFIX);
  const kept = entries.filter(
    ({ key }) => context.catalog.findById(idAfter(SEGMENT_PREFIX, key)) !== undefined,
  );
  for (const pages of pagesByDocument(kept)) {
    const segment = segmentOf(joinPages(pages));
    if (pages.length > 1) context.segmentPages.set(segment.segmentId, pages.length);
    const segments = byChannel.get(segment.vchannel);
    if (segments === undefined) byChannel.set(segment.vchannel, [segment]);
    else segments.push(segment);
  }
  return byChannel;
}

/** By key. */
async function readCheckpoints(context: CoordinatorContext): Promise<Map<string, string>> {
  const entries = await context.store.readAll(CHECKPOINT_PREFIX);
  return new Map(entries.map(({ key, value }) => [key, decodeJson(key, value) as string]));
}

/** One txn, guarded by the term of the shard's physical channel. Puts and deletes say all, so a repeat changes nothing. */
export async function commitSegments(context: CoordinatorContext, change: SegmentChange): Promise<void> {
  await context.ready();
  const { info, shard } = findShard(context, change.vchannel);
  await context.locks.run([collectionLock(info.collectionId)], async () => {
    context.catalog.byId(info.collectionId); // it may be gone by now
    checkTerm(context, change, info.vchannels[shard]!.pchannel);
    const changes = segmentChanges(context, change, info, shard);
    changes.push(context.channels.guard(info.vchannels[shard]!.pchannel));
    await context.store.write(changes);
    for (const segmentId of change.removeIds) context.segmentPages.delete(segmentId);
  });
}

/** `<pchannel>_<collectionId>v<shard>`. Error: NotFound channel. */
function findShard(context: CoordinatorContext, vchannel: string): { info: CollectionInfo; shard: number } {
  const match = /_(\d+)v(\d+)$/.exec(vchannel);
  const info = match === null ? undefined : context.catalog.findById(Number(match[1]))?.info;
  const shard = Number(match?.[2]);
  if (info?.vchannels[shard]?.vchannel === vchannel) return { info, shard };
  throw new ElanusError('NotFound', 'channel not found', {
    subject: 'channel',
    context: { channel: vchannel },
  });
}

function checkTerm(context: CoordinatorContext, change: SegmentChange, pchannel: string): void {
  const term = context.channels.term(pchannel);
  if (change.term === term) return;
  const facts = {
    subject: 'channel' as const,
    context: { channel: pchannel, term: change.term, current: term },
  };
  if (change.term < term) throw new ElanusError('Fenced', 'the channel has a newer writer', facts);
  throw new ElanusError('Invalid', 'the term was never given to a writer', facts);
}

function segmentChanges(
  context: CoordinatorContext,
  change: SegmentChange,
  info: CollectionInfo,
  shard: number,
): GuardedChange[] {
  const changes: GuardedChange[] = [];
  const seen = new Set<number>();
  const put = (segmentId: number, pages: readonly Uint8Array[]) => {
    if (seen.has(segmentId)) throw invalid('a segment occurs twice in one change', { segmentId });
    seen.add(segmentId);
    const pagesNow = Math.max(pages.length, context.segmentPages.get(segmentId) ?? 1);
    for (let page = 0; page < pagesNow; page++) {
      const key = segmentPageKey(info.collectionId, shard, segmentId, page);
      changes.push({ key, expected: undefined, value: pages[page] });
    }
  };
  for (const segment of [...change.add, ...change.update]) {
    checkSegment(segment, change, info);
    const pages = splitPages('segment', segment.segmentId, storedSegment(segment));
    put(segment.segmentId, pages);
    // Never lowered: a page too many in a delete does no harm, one too few leaves half a document.
    const known = context.segmentPages.get(segment.segmentId) ?? 1;
    if (pages.length > known) context.segmentPages.set(segment.segmentId, pages.length);
  }
  for (const segmentId of change.removeIds) put(segmentId, []);
  if (changes.length > KEYS_A_CHANGE_MAX) {
    throw new ElanusError('TooLarge', 'too many segments in one change', {
      context: { keys: changes.length, keysMax: KEYS_A_CHANGE_MAX },
    });
  }
  if (change.checkpoint !== undefined) {
    const key = checkpointKey(info.collectionId, shard);
    changes.push({ key, expected: undefined, value: encodeJson(change.checkpoint) });
  }
  return changes;
}

function checkSegment(segment: SegmentInfo, change: SegmentChange, info: CollectionInfo): void {
  if (segment.vchannel === change.vchannel && segment.collectionId === info.collectionId) return;
  throw invalid('the segment is of another shard', {
    segmentId: segment.segmentId,
    vchannel: segment.vchannel,
    changed: change.vchannel,
  });
}
