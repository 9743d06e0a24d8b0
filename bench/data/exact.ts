import type { Packages } from './packages.ts';

/** Scores of a query against every row, in the order of the ids. */
export function cosineScores(data: Packages, query: number): Float64Array {
  const { dim, rows, vectors, queries } = data;
  const q = queries.subarray(query * dim, (query + 1) * dim);
  const scores = new Float64Array(rows);
  const queryNorm = norm(q);
  for (let row = 0; row < rows; row++) {
    const v = vectors.subarray(row * dim, (row + 1) * dim);
    let dot = 0;
    let square = 0;
    for (let i = 0; i < dim; i++) {
      dot += v[i]! * q[i]!;
      square += v[i]! * v[i]!;
    }
    scores[row] = dot / (queryNorm * Math.sqrt(square));
  }
  return scores;
}

function norm(vector: Float32Array): number {
  let square = 0;
  for (const value of vector) square += value * value;
  return Math.sqrt(square);
}

/** A returned id is right when its exact score is not worse than the k-th exact one, up to this. */
const SCORE_TOLERANCE = 1e-5;

/**
 * Counts right answers by exact arithmetic over all rows, kept a query: reading the truth files instead would say nothing of
 * the filtered sets.
 */
export class Judge {
  readonly #data: Packages;
  readonly #scores = new Map<number, Float64Array>();

  constructor(data: Packages) {
    this.#data = data;
  }

  /**
   * How many of `ids` are among the `k` best of the rows whose rank is below `rankBelow`, and how many hits there should be.
   * An id that does not pass the filter, or comes twice, throws.
   */
  judge(
    query: number,
    ids: readonly number[],
    k: number,
    rankBelow: number,
  ): { right: number; expected: number } {
    const scores = this.#scoresOf(query);
    const { ranks } = this.#data;
    const allowed: number[] = [];
    for (let row = 0; row < scores.length; row++) if (ranks[row]! < rankBelow) allowed.push(scores[row]!);
    const expected = Math.min(k, allowed.length);
    const bar = Float64Array.from(allowed).sort().at(-expected)! - SCORE_TOLERANCE;
    if (new Set(ids).size !== ids.length)
      throw new Error(`query ${query}: an id came twice: ${ids.join(', ')}`);
    let right = 0;
    for (const id of ids) {
      if (!(ranks[id]! < rankBelow))
        throw new Error(`query ${query}: id ${id} does not pass rank < ${rankBelow}`);
      if (scores[id]! >= bar) right++;
    }
    return { right, expected };
  }

  #scoresOf(query: number): Float64Array {
    let scores = this.#scores.get(query);
    if (scores === undefined) {
      scores = cosineScores(this.#data, query);
      this.#scores.set(query, scores);
    }
    return scores;
  }
}
