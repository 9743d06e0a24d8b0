import assert from 'node:assert/strict';
import type { Metric } from '../../../src/core/domain/metric.ts';
import { modelScore, modelSearch } from './model.ts';
import type { Hits } from './subject.ts';

export interface HitsQuestion {
  readonly metric: Metric;
  readonly rows: Float32Array;
  readonly query: Float32Array;
  readonly k: number;
  readonly rowsLimit: number;
  readonly isAllowed?: (row: number) => boolean;
}

/** What holds for every index: `wanted` different allowed rows with their exact scores, best first. */
export function soundHits(found: Hits, question: HitsQuestion, wanted: number, what: string): void {
  const { metric, rows, query, rowsLimit, isAllowed } = question;
  const dim = query.length;
  assert.equal(found.rows.length, wanted, `${what}: number of hits`);
  assert.equal(new Set(found.rows).size, wanted, `${what}: a row occurs twice`);
  for (const [i, row] of found.rows.entries()) {
    const score = found.scores[i]!;
    assert.ok(row < rowsLimit && (isAllowed?.(row) ?? true), `${what}: row ${row} is not allowed`);
    assert.ok(Number.isFinite(score), `${what}: score ${score}`);
    const exact = modelScore(metric, rows.subarray(row * dim, row * dim + dim), query);
    const tolerance = 1e-5 * Math.max(1, Math.abs(exact)) + scoreNoise(metric, rows, query, row);
    assert.ok(Math.abs(score - exact) <= tolerance, `${what}: score of row ${row} is ${score}, not ${exact}`);
    assert.ok(i === 0 || score <= found.scores[i - 1]!, `${what}: hit ${i} is better than the one before`);
  }
}

/** Rounding of float32 sums, which can be larger than a score near 0. */
function scoreNoise(metric: Metric, rows: Float32Array, query: Float32Array, row: number): number {
  if (metric !== 'IP') return 0;
  let size = 0;
  for (let i = 0; i < query.length; i++) size += Math.abs(rows[row * query.length + i]! * query[i]!);
  return 1e-6 * size;
}

/** Share of the model's hits that `found` holds; a row counts when its score is not worse than the last of the model. */
export function recallOf(found: Hits, question: HitsQuestion): number {
  const { metric, rows, query, k, rowsLimit, isAllowed } = question;
  const model = modelSearch(metric, rows, query, k, rowsLimit, isAllowed);
  const last = model.scores.at(-1);
  if (last === undefined) return 1;
  const bar = last - 1e-5 * Math.max(1e-9, Math.abs(last));
  return found.scores.filter((score) => score >= bar).length / model.rows.length;
}
