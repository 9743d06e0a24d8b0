import { ElanusError } from '../domain/errors.ts';
import type { QueryService, SealedSegmentState } from '../query/service.ts';
import { isGraphIndex } from '../segment/indexHost.ts';
import type { SegmentState, ShardState } from './service.ts';
import type { Shard } from './shard.ts';
import type { ShardSegment } from './shardSegment.ts';

/** True numbers of one shard: what is in this role's memory, and what the query role says of the rest. */
export async function shardState(
  deps: { readonly query: QueryService; readonly host: { readonly rowsMin: number } },
  shard: Shard,
): Promise<ShardState> {
  const segments = [...shard.segments.values()];
  const wanted = segments.filter(
    (segment) => segment.info !== undefined && shard.isLoaded(segment.partitionId),
  );
  const remote = wanted.filter((segment) => segment.local === undefined && segment.loaded);
  const states = await deps.query.segmentStates(remote.map((segment) => segment.segmentId));
  const byId = new Map(states.map((state) => [state.segmentId, state]));
  const failed = segments.find((segment) => segment.loadError !== undefined);
  return {
    vchannel: shard.vchannel,
    segments: segments.map((segment) =>
      segmentState(shard, segment, byId.get(segment.segmentId), deps.host.rowsMin),
    ),
    segmentsToLoad: wanted.length,
    segmentsLoaded: wanted.filter((segment) => segment.local !== undefined || segment.loaded).length,
    loadError: shard.failure?.text ?? (failed && ElanusError.from(failed.loadError).text),
  };
}

function segmentState(
  shard: Shard,
  segment: ShardSegment,
  served: SealedSegmentState | undefined,
  indexRowsMin: number,
): SegmentState {
  const state = segment.info !== undefined ? 'Flushed' : segment.sealed ? 'Sealed' : 'Growing';
  const built = segment.local?.indexStates() ?? served?.indexes ?? savedIndexes(segment);
  return {
    segmentId: segment.segmentId,
    partitionId: segment.partitionId,
    state,
    rows: segment.rows,
    visibleRows: segment.rows - segment.marks.count,
    memoryBytes: segment.local?.bytesUsed ?? served?.memoryBytes ?? 0,
    indexes: shard.collection.indexes.map((index) => ({
      indexId: index.indexId,
      // What is answered by a scan is as good as indexed: there is nothing to wait for.
      indexedRows:
        !isGraphIndex(index) || segment.rows < indexRowsMin
          ? segment.rows
          : (built.find(({ indexId }) => indexId === index.indexId)?.indexedRows ?? 0),
    })),
  };
}

function savedIndexes(segment: ShardSegment) {
  return (segment.info?.indexes ?? []).map(({ indexId }) => ({ indexId, indexedRows: segment.rows }));
}
