/**
 * The key layout of the catalogue; nothing else in the meta store is the coordinator's. Ids are 16 decimal digits, so
 * that key order is numeric order.
 *
 *   elanus/coordinator/term                    term of the active coordinator; every write compares its revision
 *   elanus/coordinator/timestamps              upper bound of the timestamps handed out (ms)
 *   elanus/coordinator/ids, …/rowIds           upper bounds of the ids handed out
 *   elanus/coordinator/cluster                 id of the cluster, which the stores it uses bear too
 *   elanus/catalog/database/<id>               a database
 *   elanus/catalog/collection/<id>/<page>      a collection: one JSON document cut into pages; page 00 guards it
 *   elanus/catalog/dropped/<id>                intent: the keys and objects of this collection still have to go
 *   elanus/catalog/channel/<pchannel>          term and node of a physical channel; kept when it has no shard
 *   elanus/catalog/segment/<id>/<shard>/<segmentId>/<page>   a sealed segment, paged as a collection is
 *   elanus/catalog/checkpoint/<id>/<shard>     where replay of a shard starts, hex
 */
const CATALOG = 'elanus/catalog/';

export const TERM_KEY = 'elanus/coordinator/term';
export const TIMESTAMPS_KEY = 'elanus/coordinator/timestamps';
export const IDS_KEY = 'elanus/coordinator/ids';
export const ROW_IDS_KEY = 'elanus/coordinator/rowIds';
export const CLUSTER_KEY = 'elanus/coordinator/cluster';

export const DATABASE_PREFIX = `${CATALOG}database/`;
export const COLLECTION_PREFIX = `${CATALOG}collection/`;
export const DROPPED_PREFIX = `${CATALOG}dropped/`;
export const CHANNEL_PREFIX = `${CATALOG}channel/`;
export const SEGMENT_PREFIX = `${CATALOG}segment/`;
export const CHECKPOINT_PREFIX = `${CATALOG}checkpoint/`;

export function databaseKey(databaseId: number): string {
  return DATABASE_PREFIX + idText(databaseId);
}

export function collectionPageKey(collectionId: number, page: number): string {
  return `${COLLECTION_PREFIX}${idText(collectionId)}/${two(page)}`;
}

export function droppedKey(collectionId: number): string {
  return DROPPED_PREFIX + idText(collectionId);
}

export function channelKey(pchannel: string): string {
  return CHANNEL_PREFIX + pchannel;
}

/** Of all segments of a collection. */
export function segmentPrefix(collectionId: number): string {
  return `${SEGMENT_PREFIX}${idText(collectionId)}/`;
}

export function segmentPageKey(collectionId: number, shard: number, segmentId: number, page: number): string {
  return segmentPrefix(collectionId) + [two(shard), idText(segmentId), two(page)].join('/');
}

/** Of all checkpoints of a collection. */
export function checkpointPrefix(collectionId: number): string {
  return `${CHECKPOINT_PREFIX}${idText(collectionId)}/`;
}

export function checkpointKey(collectionId: number, shard: number): string {
  return checkpointPrefix(collectionId) + two(shard);
}

/** The id in a key that begins with `prefix`. */
export function idAfter(prefix: string, key: string): number {
  return Number(key.slice(prefix.length, prefix.length + 16));
}

function idText(id: number): string {
  return String(id).padStart(16, '0');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
