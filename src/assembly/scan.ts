import { exactScore, exactScoreOfRow } from './exact';
import { keyOf, keyScore, minPush, minReplace, minSortDescending, writeHits } from './heap';
import { chunkAddress } from './rows';

export const ALL: u64 = 0xffffffffffffffff;

/** Bits [from, from + 64) of an LSB-first bitset that ends at bit `limit`; `from` is a multiple of 64 below it. */
// @ts-ignore: decorator
@inline
export function allowedWord(bitset: usize, from: u32, limit: u32): u64 {
  const at = bitset + (<usize>from >> 3);
  if (limit - from >= 64) return load<u64>(at);
  const bytes = (limit - from + 7) >> 3;
  let word: u64 = 0;
  for (let i: u32 = 0; i < bytes; i++) word |= (<u64>load<u8>(at + i)) << (i << 3);
  return word;
}

/**
 * The `k` best of the allowed rows in [fromRow, toRow) with a score below `scoreBelow`, best first: rows to `outRows`
 * (u32), scores to `outScores` (f32). `bitset` 0 = all rows are allowed. `heap` has room for k keys of 8 bytes.
 * Returns how many.
 */
export function scanTopK(
  metric: i32,
  query: usize,
  table: usize,
  chunkRowsLog2: u32,
  strideBytes: usize,
  bytes: usize,
  fromRow: u32,
  toRow: u32,
  bitset: usize,
  scoreBelow: f32,
  k: i32,
  heap: usize,
  outRows: usize,
  outScores: usize,
): i32 {
  const chunkMask: u32 = (1 << chunkRowsLog2) - 1;
  let count: i32 = 0;
  let worst: f32 = -Infinity;
  for (let block = fromRow & ~63; block < toRow; block += 64) {
    let word = bitset == 0 ? ALL : allowedWord(bitset, block, toRow);
    if (block < fromRow) word &= ALL << (fromRow - block);
    if (toRow - block < 64) word &= ALL >> (64 - (toRow - block));
    while (word != 0) {
      const row = block + <u32>ctz<u64>(word);
      word &= word - 1;
      const inChunk = row & chunkMask;
      const chunk = chunkAddress(table, row >> chunkRowsLog2);
      const inverseNorm = chunk + (strideBytes << chunkRowsLog2) + ((<usize>inChunk) << 2);
      const score = exactScore(metric, query, chunk + <usize>inChunk * strideBytes, inverseNorm, bytes);
      // Rows come in rising order, so of equal scores the one that is there already is the better.
      if (score <= worst || score >= scoreBelow) continue;
      const key = keyOf(score, row);
      if (count < k) minPush(heap, count++, key);
      else minReplace(heap, k, key);
      if (count == k) worst = keyScore(load<i64>(heap));
    }
  }
  minSortDescending(heap, count);
  writeHits(heap, count, outRows, outScores);
  return count;
}

/**
 * The `k` best of `count` rows listed at `rows` (u32), best first, as scanTopK. Every row may be listed once. Returns how many.
 */
export function scoreTopK(
  metric: i32,
  query: usize,
  table: usize,
  chunkRowsLog2: u32,
  strideBytes: usize,
  bytes: usize,
  rows: usize,
  rowCount: i32,
  k: i32,
  heap: usize,
  outRows: usize,
  outScores: usize,
): i32 {
  let count: i32 = 0;
  for (let i: i32 = 0; i < rowCount; i++) {
    const row = load<u32>(rows + (<usize>i << 2));
    const score = exactScoreOfRow(metric, query, table, chunkRowsLog2, strideBytes, bytes, row);
    const key = keyOf(score, row);
    if (count < k) minPush(heap, count++, key);
    else if (key > load<i64>(heap)) minReplace(heap, k, key);
  }
  minSortDescending(heap, count);
  writeHits(heap, count, outRows, outScores);
  return count;
}
