import type { Metric } from '../../../src/core/domain/metric.ts';

/** Hits of the brute-force model, best first, of equal scores the smaller row first. */
export interface ModelHits {
  readonly rows: number[];
  readonly scores: number[];
}

/** The inner score of two vectors in float64: larger is better. */
export function modelScore(metric: Metric, a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  let squareA = 0;
  let squareB = 0;
  let distance = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    dot += x * y;
    squareA += x * x;
    squareB += y * y;
    distance += (x - y) * (x - y);
  }
  if (metric === 'L2') return 0 - distance;
  if (metric === 'IP') return dot;
  return squareA === 0 || squareB === 0 ? 0 : dot / Math.sqrt(squareA) / Math.sqrt(squareB);
}

/** The `k` best of the allowed rows below `rowsLimit`, by scoring them all. */
export function modelSearch(
  metric: Metric,
  rows: Float32Array,
  query: Float32Array,
  k: number,
  rowsLimit: number,
  allowed: (row: number) => boolean = () => true,
): ModelHits {
  const dim = query.length;
  const hits: { row: number; score: number }[] = [];
  for (let row = 0; row < rowsLimit; row++) {
    if (allowed(row))
      hits.push({ row, score: modelScore(metric, rows.subarray(row * dim, row * dim + dim), query) });
  }
  hits.sort((a, b) => b.score - a.score || a.row - b.row);
  hits.length = Math.min(hits.length, k);
  return { rows: hits.map((hit) => hit.row), scores: hits.map((hit) => hit.score) };
}

/** Seeded generator of uniform numbers in [0, 1). */
export function seededUniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` numbers of the normal distribution. */
export function gaussian(count: number, seed: number): Float32Array {
  const uniform = seededUniform(seed);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    values[i] = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  }
  return values;
}

/** Gaussian rows around `clusters` centres: the shape of most embeddings. */
export function clustered(rows: number, dim: number, clusters: number, seed: number): Float32Array {
  const centres = gaussian(clusters * dim, seed);
  const values = gaussian(rows * dim, seed + 1);
  const uniform = seededUniform(seed + 2);
  for (let row = 0; row < rows; row++) {
    const centre = Math.floor(uniform() * clusters) * dim;
    for (let i = 0; i < dim; i++) values[row * dim + i] = values[row * dim + i]! * 0.5 + centres[centre + i]!;
  }
  return values;
}
