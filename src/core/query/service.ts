import type { CollectionInfo, SegmentInfo } from '../domain/catalog.ts';
import type { Metric } from '../domain/metric.ts';
import type { FilterPlan } from '../expr/plan.ts';
import type { Hits } from '../rank/mergeHits.ts';
import type { QueryRows } from './segmentExecutor.ts';

/**
 * Serves sealed segments: loads them from the object store and answers the shard leader's reads. It knows no timestamps:
 * the leader says how many rows and how many marks of each segment count. Plain data in and out; repeating a call is safe.
 *
 * Errors by kind: NotFound (segment, not loaded here), Conflict (marks before `marks.from` are missing: send them all),
 * Corrupt (naming file and offset), Exhausted (memory), Unavailable.
 */
export interface QueryService {
  /** Resolves when the segments, and the saved indexes they name, are served. */
  loadSegments(request: { collection: CollectionInfo; segments: readonly SegmentInfo[] }): Promise<void>;
  releaseSegments(segmentIds: readonly number[]): Promise<void>;
  search(request: SealedSearchRequest): Promise<Hits>;
  query(request: SealedQueryRequest): Promise<QueryRows>;
  /** Memory and indexed rows of the segments that are served, of those asked for. */
  segmentStates(segmentIds: readonly number[]): Promise<readonly SealedSegmentState[]>;
}

/** One segment as the leader sees it at the read's timestamp. */
export interface SealedRead {
  readonly segmentId: number;
  readonly rowsLimit: number;
  /** The first that many marks hide their rows. */
  readonly marksCount: number;
  /** Rows of marks number `from` and later that the query role may not have. */
  readonly marks: { readonly from: number; readonly rows: Uint32Array };
}

interface SealedReadRequest {
  readonly collection: CollectionInfo;
  readonly segments: readonly SealedRead[];
  readonly filter: FilterPlan | undefined;
  readonly outputFieldIds: readonly number[];
}

export interface SealedSearchRequest extends SealedReadRequest {
  readonly fieldId: number;
  readonly metric: Metric;
  readonly params: Readonly<Record<string, number>>;
  readonly queries: Float32Array;
  readonly queryCount: number;
  readonly k: number;
  readonly scoreAbove: number;
  readonly scoreAtMost: number;
  readonly exact: boolean;
}

export interface SealedQueryRequest extends SealedReadRequest {
  readonly limit: number | undefined;
  readonly countOnly: boolean;
}

export interface SealedSegmentState {
  readonly segmentId: number;
  readonly memoryBytes: number;
  readonly indexes: readonly { readonly indexId: number; readonly indexedRows: number }[];
}
