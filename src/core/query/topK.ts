/** The best hits of one query so far: (score, segment, row), best first, ties by segment then row as they came in. */
export class TopK {
  readonly scores: Float32Array;
  readonly segments: Uint32Array;
  readonly rows: Uint32Array;
  count = 0;
  readonly #k: number;

  constructor(k: number) {
    this.#k = k;
    this.scores = new Float32Array(k);
    this.segments = new Uint32Array(k);
    this.rows = new Uint32Array(k);
  }

  /** Merges `count` hits of one segment, which are sorted best first. */
  merge(segment: number, scores: Float32Array, rows: Uint32Array, count: number): void {
    if (count === 0) return;
    if (this.count === 0) {
      this.count = Math.min(count, this.#k);
      this.scores.set(scores.subarray(0, this.count));
      this.rows.set(rows.subarray(0, this.count));
      this.segments.fill(segment, 0, this.count);
      return;
    }
    this.#mergeInto(segment, scores, rows, count);
  }

  #mergeInto(segment: number, scores: Float32Array, rows: Uint32Array, count: number): void {
    const oldScores = this.scores.slice(0, this.count);
    const oldRows = this.rows.slice(0, this.count);
    const oldSegments = this.segments.slice(0, this.count);
    const total = Math.min(this.#k, this.count + count);
    let mine = 0;
    let theirs = 0;
    for (let i = 0; i < total; i++) {
      const takeMine = theirs === count || (mine < oldScores.length && oldScores[mine]! >= scores[theirs]!);
      this.scores[i] = takeMine ? oldScores[mine]! : scores[theirs]!;
      this.rows[i] = takeMine ? oldRows[mine]! : rows[theirs]!;
      this.segments[i] = takeMine ? oldSegments[mine]! : segment;
      if (takeMine) mine++;
      else theirs++;
    }
    this.count = total;
  }
}
