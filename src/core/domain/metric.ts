/** Metrics of float vectors. L2 is the squared distance; COSINE lies in [-1, 1]. */
export type Metric = 'L2' | 'IP' | 'COSINE';

export const METRICS: readonly Metric[] = ['L2', 'IP', 'COSINE'];

/** IP and COSINE: a larger score is better. L2: a smaller one is. */
export function largerIsBetter(metric: Metric): boolean {
  return metric !== 'L2';
}

/**
 * Inside Elanus every score is ordered "larger is better": L2 distances are negated by the kernels and turned back at
 * the wire. This function turns an inner score into the one a client sees, and back.
 */
export function wireScore(metric: Metric, score: number): number {
  return metric === 'L2' ? 0 - score : score;
}
