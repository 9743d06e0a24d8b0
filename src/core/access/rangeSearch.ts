import { invalid } from '../domain/errors.ts';
import type { Metric } from '../domain/metric.ts';
import { largerIsBetter, wireScore } from '../domain/metric.ts';
import type { Params } from './params.ts';

/** Inner scores (larger is better): above < score ≤ atMost. ±Infinity = no bound. */
export interface ScoreBounds {
  readonly above: number;
  readonly atMost: number;
}

export const UNBOUNDED: ScoreBounds = { above: Number.NEGATIVE_INFINITY, atMost: Number.POSITIVE_INFINITY };

/**
 * L2: range_filter ≤ distance < radius. IP, COSINE: radius < score ≤ range_filter.
 * Errors: Invalid for a range_filter alone and for an empty range.
 */
export function scoreBounds(params: Params, metric: Metric): ScoreBounds {
  const radius = params.number('radius');
  const rangeFilter = params.number('range_filter');
  if (radius === undefined) {
    if (rangeFilter !== undefined) throw invalid(`range_filter [${rangeFilter}] needs radius`);
    return UNBOUNDED;
  }
  const above = wireScore(metric, radius);
  if (rangeFilter === undefined) return { ...UNBOUNDED, above };
  const atMost = wireScore(metric, rangeFilter);
  if (atMost > above) return { above, atMost };
  const order = largerIsBetter(metric) ? 'greater' : 'less';
  throw invalid(
    `range_filter(${rangeFilter}) must be ${order} than radius(${radius}) for metric type ${metric}`,
  );
}

/** The bounds within both. */
export function intersection(a: ScoreBounds, b: ScoreBounds): ScoreBounds {
  return { above: Math.max(a.above, b.above), atMost: Math.min(a.atMost, b.atMost) };
}

const floatView = new Float32Array(1);
const bitsView = new Int32Array(floatView.buffer);

/** The next float32 below `score`, itself a float32: "score ≤ nextBelow(s)" is "score < s". */
export function nextBelow(score: number): number {
  floatView[0] = score;
  if (floatView[0] === 0) return -1.401298464324817e-45;
  bitsView[0]! += score > 0 ? -1 : 1;
  return floatView[0]!;
}
