import type { CollectionInfo, IndexInfo } from '../../../core/domain/catalog.ts';
import { ElanusError } from '../../../core/domain/errors.ts';
import type { SegmentState, ShardState } from '../../../core/streaming/service.ts';
import type { DefinitionServices } from './services.ts';

type Streaming = Pick<DefinitionServices, 'streaming'>;

/**
 * The shards of a collection. Error: Unavailable with the reason when one of them could not be recovered or loaded: what
 * the others hold is not the collection.
 */
async function shardsOf({ streaming }: Streaming, collectionId: number): Promise<readonly ShardState[]> {
  const shards = await streaming.shardStates(collectionId);
  const failed = shards.find(({ loadError }) => loadError !== undefined);
  if (failed === undefined) return shards;
  throw new ElanusError('Unavailable', `load failed: ${failed.loadError}`, {
    subject: 'collection',
    context: { channel: failed.vchannel },
  });
}

/** All segments of a collection's shards, with the shard each lies in. Error: as `shardsOf`. */
export async function segmentsOf(
  services: Streaming,
  collectionId: number,
): Promise<readonly (SegmentState & { readonly vchannel: string })[]> {
  const shards = await shardsOf(services, collectionId);
  return shards.flatMap(({ vchannel, segments }) => segments.map((segment) => ({ ...segment, vchannel })));
}

/** Rows that are not deleted, of one partition or of all. */
export async function visibleRows(
  services: Streaming,
  collectionId: number,
  partitionId: number | undefined,
): Promise<number> {
  let rows = 0;
  for (const segment of await segmentsOf(services, collectionId)) {
    if (partitionId === undefined || segment.partitionId === partitionId) rows += segment.visibleRows;
  }
  return rows;
}

/** How much of a loaded collection is served, 0..100; nothing to load is 100. Error: as `shardsOf`. */
export async function loadedPercent(services: Streaming, info: CollectionInfo): Promise<number> {
  let wanted = 0;
  let served = 0;
  for (const shard of await shardsOf(services, info.collectionId)) {
    wanted += shard.segmentsToLoad;
    served += shard.segmentsLoaded;
  }
  return wanted === 0 ? 100 : Math.floor((100 * served) / wanted);
}

export interface IndexProgress {
  readonly totalRows: number;
  /** Rows that wait for an index being built; rows that are scanned exactly, now and later, do not wait. */
  readonly pendingRows: number;
}

/** Of all segments that build the index: what they have not indexed yet. */
export function indexProgress(segments: readonly SegmentState[], index: IndexInfo): IndexProgress {
  let totalRows = 0;
  let pendingRows = 0;
  for (const segment of segments) {
    totalRows += segment.rows;
    if (segment.state === 'Growing') continue; // indexed as it grows; its tail is scanned
    const built = segment.indexes.find((other) => other.indexId === index.indexId);
    if (built !== undefined) pendingRows += Math.max(0, segment.rows - built.indexedRows);
  }
  return { totalRows, pendingRows };
}
