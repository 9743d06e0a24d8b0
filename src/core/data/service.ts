import type { CollectionInfo, IndexInfo, ObjectFile, SegmentInfo } from '../domain/catalog.ts';
import type { Timestamp } from '../domain/timestamp.ts';

/**
 * Work on sealed segments that nobody waits for: building indexes and compacting. Reads and writes objects only; the shard
 * leader commits the result. Plain data in and out; repeating a call does the work again and is safe.
 *
 * Errors by kind: Corrupt (naming file and offset), Exhausted (memory, disk), Unavailable.
 */
export interface DataService {
  /** Builds and stores one index of a flushed segment. */
  buildIndex(request: {
    collection: CollectionInfo;
    segment: SegmentInfo;
    index: IndexInfo;
  }): Promise<ObjectFile>;
  /** Merges segments of one partition into a new one without the rows whose marks are old enough. */
  compact(request: CompactionRequest): Promise<CompactionResult>;
}

export interface CompactionRequest {
  readonly collection: CollectionInfo;
  /** In the order of their timestamps. */
  readonly sources: readonly CompactionSource[];
  readonly targetSegmentId: number;
  /** Rows with a mark at or before it go for good. */
  readonly horizonTs: Timestamp;
  /** For the new segment's entry: see SegmentInfo. */
  readonly marksPosition: string;
}

export interface CompactionSource {
  readonly segment: SegmentInfo;
  readonly markedRows: Uint32Array;
  readonly markTimestamps: BigUint64Array;
}

export interface CompactionResult {
  /** undefined when no row is left. */
  readonly segment: SegmentInfo | undefined;
  /** For each source, the new row number of each old row; 2^32 - 1 = dropped. */
  readonly rowMaps: readonly Uint32Array[];
  /** Marks of the new segment, timestamps ascending. */
  readonly markedRows: Uint32Array;
  readonly markTimestamps: BigUint64Array;
}
