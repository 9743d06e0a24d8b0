import type { CollectionInfo, IndexInfo } from '../../../core/domain/catalog.ts';
import { ElanusError } from '../../../core/domain/errors.ts';
import type { SegmentState } from '../../../core/streaming/service.ts';
import type { DefinitionServices } from './services.ts';

type Streaming = Pick<DefinitionServices, 'streaming'>;

/** All segments of a collection's shards, with the shard each lies in. */
export async function segmentsOf(
  { streaming }: Streaming,
  collectionId: number,
): Promise<readonly (SegmentState & { readonly vchannel: string })[]> {
  const states = await streaming.shardStates(collectionId);
  return states.flatMap(({ vchannel, segments }) => segments.map((segment) => ({ ...segment, vchannel })));
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

/**
 * How much of a loaded collection is served, 0..100; nothing to load is 100.
 * Error: Unavailable with the reason when loading failed.
 */
export async function loadedPercent({ streaming }: Streaming, info: CollectionInfo): Promise<number> {
  let wanted = 0;
  let served = 0;
  for (const shard of await streaming.shardStates(info.collectionId)) {
    if (shard.loadError !== undefined) {
      throw new ElanusError('Unavailable', `load failed: ${shard.loadError}`, {
        subject: 'collection',
        context: { collection: info.schema.name, channel: shard.vchannel },
      });
    }
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
