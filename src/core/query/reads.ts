import type { Metric } from '../domain/metric.ts';
import type { FilterPlan } from '../expr/plan.ts';
import type { VectorIndexHandle } from '../ports/vectorIndex.ts';

/** What a task needs to read one segment at one timestamp. Plain data; the layout is published under `layoutKey`. */
export interface SegmentRead {
  readonly layoutKey: string;
  /** Rows inserted up to the read's timestamp. */
  readonly rowsLimit: number;
  /** Bitmap of rows that are hidden at the read's timestamp; undefined = none is. */
  readonly hidden: Uint8Array | undefined;
  /** Graph index of the searched field, if there is one. */
  readonly index: VectorIndexHandle | undefined;
}

export interface FilterRead {
  readonly filter: FilterPlan | undefined;
  /** Of a filter that may come again (filterCache.ts). */
  readonly filterNumber: number | undefined;
}

export interface SearchTaskInput extends FilterRead {
  readonly segments: readonly SegmentRead[];
  readonly fieldId: number;
  readonly metric: Metric;
  readonly dim: number;
  readonly queries: Float32Array;
  readonly queryCount: number;
  readonly k: number;
  readonly params: Readonly<Record<string, number>>;
  /** Inner scores: scoreAbove < score ≤ scoreAtMost. */
  readonly scoreAbove: number;
  readonly scoreAtMost: number;
  readonly exact: boolean;
}

/** Hits of all queries one after another; hit i is row rows[i] of input.segments[segments[i]]. */
export interface SearchTaskResult {
  readonly counts: Uint32Array;
  readonly scores: Float32Array;
  readonly segments: Uint32Array;
  readonly rows: Uint32Array;
}

export interface MatchTaskInput extends FilterRead {
  readonly segments: readonly SegmentRead[];
  readonly primaryKeyFieldId: number;
  /** Rows with the smallest keys, at most this many; undefined = all. */
  readonly limit: number | undefined;
  readonly countOnly: boolean;
}

/** Rows in ascending order of the key, unless only the count was wanted. */
export interface MatchTaskResult {
  readonly count: number;
  readonly segments: Uint32Array;
  readonly rows: Uint32Array;
}

export interface IndexTaskInput {
  readonly handle: VectorIndexHandle;
  readonly layoutKey: string;
  readonly fieldId: number;
  readonly toRow: number;
  readonly budgetMs: number;
}
