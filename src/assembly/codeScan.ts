import { Graph, recordOf } from './graph';
import { keyOf, keyScore, minPush, minReplace } from './heap';
import { ALL, allowedWord } from './scan';
import { scoreBatch, touch, Walk } from './walk';

/**
 * Compares every row that w.bitset allows (0 = all) by its code: w.results gets the best w.resultsMax. A code is a quarter of its row, and
 * rows that lie apart cost their cache lines.
 */
export function scanCodes(g: Graph, w: Walk): void {
  const limit = min<u32>(w.rows, w.rowsLimit);
  const batchMax = g.links0Max & ~3;
  w.resultCount = 0;
  let waiting: u32 = 0;
  for (let block: u32 = 0; block < limit; block += 64) {
    let word = w.bitset == 0 ? ALL : allowedWord(w.bitset, block, limit);
    if (limit - block < 64) word &= (1 << <u64>(limit - block)) - 1;
    while (word != 0) {
      store<u32>(w.batch + (waiting++ << 2), block + <u32>ctz<u64>(word));
      word &= word - 1;
      if (waiting < batchMax) continue;
      keepBest(g, w, waiting);
      waiting = 0;
    }
  }
  keepBest(g, w, waiting);
}

/** Scores the rows of the batch and keeps those that are among the best so far. */
function keepBest(g: Graph, w: Walk, count: u32): void {
  const isLong = g.recordBytes > 256;
  let touched = i32x4.splat(0);
  for (let i: u32 = 0; i < count; i++) {
    touched = touch(touched, recordOf(g, load<u32>(w.batch + (i << 2))), isLong);
  }
  v128.store(changetype<usize>(w) + offsetof<Walk>('touched'), touched);
  scoreBatch(g, w, count);
  let worst: f32 = w.resultCount == w.resultsMax ? keyScore(load<i64>(w.results)) : -Infinity;
  for (let i: u32 = 0; i < count; i++) {
    const score = load<f32>(w.batchScores + (i << 2));
    // Rows come in rising order, so of equal scores the one that is there already is the better.
    if (score <= worst) continue;
    const key = keyOf(score, load<u32>(w.batch + (i << 2)));
    if (w.resultCount < w.resultsMax) minPush(w.results, w.resultCount++, key);
    else minReplace(w.results, w.resultCount, key);
    if (w.resultCount == w.resultsMax) worst = keyScore(load<i64>(w.results));
  }
}
