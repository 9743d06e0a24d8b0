import { dot, dot64, squaredL2, squaredL264 } from './distance';
import { METRIC_COSINE, METRIC_L2 } from './metric';
import { inverseNormAddress, rowAddress } from './rows';

// Exact scores. A COSINE query is of unit length, so that only the row's inverse norm is missing.

const SCORE_MAX: f32 = 3.4028234663852886e38;

/** The score when float32 overflowed on the way: computed in float64, held to the finite range of float32. */
function exactScore64(metric: i32, query: usize, row: usize, inverseNorm: usize, bytes: usize): f32 {
  let score: f64;
  if (metric == METRIC_L2) score = -squaredL264(query, row, bytes);
  else score = dot64(query, row, bytes);
  if (metric == METRIC_COSINE) score *= <f64>load<f32>(inverseNorm);
  if (score != score) score = -SCORE_MAX;
  return <f32>min<f64>(max<f64>(score, -SCORE_MAX), SCORE_MAX);
}

/** Score of the row at `row`; larger is better; always finite. */
// @ts-ignore: decorator
@inline
export function exactScore(metric: i32, query: usize, row: usize, inverseNorm: usize, bytes: usize): f32 {
  let score: f32;
  if (metric == METRIC_L2) score = -squaredL2(query, row, bytes);
  else score = dot(query, row, bytes);
  if (metric == METRIC_COSINE) score *= load<f32>(inverseNorm);
  if (!(abs<f32>(score) <= SCORE_MAX)) score = exactScore64(metric, query, row, inverseNorm, bytes);
  return score;
}

export function exactScoreOfRow(
  metric: i32,
  query: usize,
  table: usize,
  chunkRowsLog2: u32,
  strideBytes: usize,
  bytes: usize,
  row: u32,
): f32 {
  const address = rowAddress(table, chunkRowsLog2, strideBytes, row);
  return exactScore(metric, query, address, inverseNormAddress(table, chunkRowsLog2, strideBytes, row), bytes);
}

/** Makes the query ready: of unit length for COSINE (a zero query stays zero and scores 0 everywhere). */
export function prepareQuery(metric: i32, query: usize, bytes: usize): void {
  if (metric != METRIC_COSINE) return;
  const inverse = inverseNorm(query, bytes);
  for (let at: usize = 0; at < bytes; at += 4) {
    store<f32>(query + at, <f32>(<f64>load<f32>(query + at) * inverse));
  }
}

/** 1 / |row|, 0 for a zero row. In float64, so that neither large nor small rows leave its range. */
export function inverseNorm(row: usize, bytes: usize): f64 {
  const square = dot64(row, row, bytes);
  return square > 0 ? 1 / Math.sqrt(square) : 0;
}
