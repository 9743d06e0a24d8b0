import type { ChannelAssignment, ShardAssignment } from '../coordinator/service.ts';
import type { SegmentInfo } from '../domain/catalog.ts';
import { ElanusError, type ErrorContext } from '../domain/errors.ts';
import type { ObjectStore } from '../ports/objectStore.ts';
import type { Wal } from '../ports/wal.ts';
import { SEGMENTS_PREFIX } from '../segment/segmentFiles.ts';
import { clusterTag, tagOf } from './record.ts';

// Two clusters on one bucket or log would each delete what the other one wrote: their catalogues do not name it.

/** Holds the id of the cluster whose objects lie in the store. */
const CLUSTER_OBJECT = 'cluster';
const OWN_PLACE = 'every cluster needs a bucket or prefix, a topic prefix and a folder of its own';

/**
 * Takes the object store for the cluster, for good. Error: Conflict when it belongs to another cluster, or is not the one
 * that the catalogue's segments lie in.
 */
export async function ownObjects(
  objectStore: ObjectStore,
  clusterId: string,
  assignments: readonly ChannelAssignment[],
): Promise<void> {
  const owner = await ownerOf(objectStore);
  if (owner === clusterId) return;
  if (owner !== undefined) throw ofAnother('objectStore', { owner, clusterId });
  const [segment] = assignments.flatMap(({ shards }) => shards.flatMap(({ segments }) => segments));
  await checkUnmarked(objectStore, segment);
  try {
    await objectStore.putIfAbsent(CLUSTER_OBJECT, new TextEncoder().encode(clusterId));
  } catch (caught) {
    if (ElanusError.from(caught).kind !== 'AlreadyExists') throw caught;
    // An attempt whose reply was lost, or another cluster that starts at this moment.
    const winner = await ownerOf(objectStore);
    if (winner !== clusterId) throw ofAnother('objectStore', { owner: winner, clusterId });
  }
}

/** Undefined when no cluster has taken the store. */
export async function ownerOf(objectStore: ObjectStore): Promise<string | undefined> {
  try {
    return new TextDecoder().decode((await objectStore.get(CLUSTER_OBJECT)).content);
  } catch (caught) {
    if (ElanusError.from(caught).kind === 'NotFound') return undefined;
    throw caught;
  }
}

/** A store that bears no mark holds the catalogue's segments, as after a migration, or none. */
async function checkUnmarked(objectStore: ObjectStore, segment: SegmentInfo | undefined): Promise<void> {
  if (segment === undefined) {
    const [found] = await objectStore.list(SEGMENTS_PREFIX, { limit: 1 });
    if (found !== undefined)
      throw new ElanusError('Conflict', `objectStore holds segments of another cluster; ${OWN_PLACE}`, {
        context: { key: found.key },
      });
    return;
  }
  const { key } = segment.scalars;
  try {
    await objectStore.head(key);
  } catch (caught) {
    if (ElanusError.from(caught).kind !== 'NotFound') throw caught;
    const message = 'objectStore is not the one that the catalogue was written with';
    throw new ElanusError('Conflict', message, { context: { missing: key }, cause: caught });
  }
}

/**
 * To be asked before a channel is taken over in `term`; `shards` are those on it. Errors: Conflict (the log is another
 * cluster's, or not the one that the catalogue was written with), Fenced (a server of a higher term opened it), Corrupt.
 */
export async function refuseForeignLog(
  wal: Wal,
  { pchannel, term }: { readonly pchannel: string; readonly term: number },
  clusterId: string,
  shards: readonly ShardAssignment[] = [],
): Promise<void> {
  const ownTag = clusterTag(clusterId);
  for await (const { record } of wal.read(pchannel, undefined)) {
    // All others are of the same cluster, or of a version without tags.
    const tag = tagOf(record) ?? ownTag;
    if (tag === ownTag) return;
    throw ofAnother('wal', { channel: pchannel, tag: tag.toString(16), ownTag: ownTag.toString(16) });
  }
  // Only of an empty log, where it costs little.
  const info = await wal.info(pchannel);
  if (info.term >= term) {
    throw new ElanusError('Fenced', `a log channel was opened by another server or cluster; ${OWN_PLACE}`, {
      context: { channel: pchannel, term, openedInTerm: info.term },
    });
  }
  if (info.term === 0 && shards.some(hasPositions)) {
    const message = 'wal is not the log that the catalogue was written with: this channel was never written';
    throw new ElanusError('Conflict', message, { context: { channel: pchannel } });
  }
}

/** Positions of a log that is left behind are not taken along by a migration. */
function hasPositions({ checkpoint, segments }: ShardAssignment): boolean {
  return checkpoint !== undefined || segments.some(({ toPosition }) => toPosition !== '');
}

function ofAnother(store: string, context: ErrorContext): ElanusError {
  return new ElanusError('Conflict', `${store} belongs to another cluster; ${OWN_PLACE}`, { context });
}
