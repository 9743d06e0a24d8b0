import type { EncodedCall } from './connection.ts';

/** What one run of the load generator does. */
export interface LoadPlan {
  /** host:port */
  readonly address: string;
  /** Sent in order, from the first one again after the last. */
  readonly calls: readonly EncodedCall[];
  readonly connections: number;
  /** Calls under way at any time, over all connections. */
  readonly inFlight: number;
  /** Ends after so many calls; with `durationMs` after whichever comes first. */
  readonly count?: number;
  readonly durationMs?: number;
  /** Calls sent before the clock starts, for two seconds at most, answered and not counted. */
  readonly warmUp?: number;
  /** Starts at most so many calls a second, evenly. */
  readonly perSecondMax?: number;
  /** Whether the replies come back, in the order of the calls; the first `calls.length` of them. */
  readonly keepReplies?: boolean;
  /** Ends at the first call that failed; default true: a figure with failures in it says nothing. */
  readonly stopAtProblem?: boolean;
}

export interface LoadResult {
  readonly done: number;
  /** Calls answered before the clock started. */
  readonly warmedUp: number;
  readonly tookMs: number;
  /** Of each call in the order they were sent. */
  readonly latenciesMs: Float64Array;
  /** Processor time of the generator, warm-up left out. */
  readonly clientCpuMs: number;
  readonly problems: number;
  readonly firstProblem: string | undefined;
  /** undefined where a call failed. */
  readonly replies: readonly (Uint8Array | undefined)[];
}

/** Any share of a sorted copy: 0.5 is the median, 1 the largest. */
export function percentile(samples: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
