import { scoreFour, scoreRecord } from './codes';
import { CODE_INT8, Graph, listCount, listEntry, listOf, recordOf, region, TREE_LINK } from './graph';
import { keyOf, keyRow, keyScore, maxPop, maxPush, minPush, minReplace } from './heap';

/** One walk's state, in scratch of the calling thread; its arrays follow behind it. */
@unmanaged
export class Walk {
  /** The query in the form codes.ts says, and x' of it as float32. */
  query: usize;
  centred: usize;
  queryScale: f32;
  queryShift: i32;
  queryBias: f32;
  /** Rows the walk may see: those that were published when it began. */
  rows: u32;
  /** A bit a row. */
  visited: usize;
  /** Min-heap of the best keys, and max-heap of what is to be expanded. */
  results: usize;
  resultCount: i32;
  resultsMax: i32;
  candidates: usize;
  candidateCount: i32;
  candidatesMax: i32;
  /** Rows of one list that were not visited, and their scores. */
  batch: usize;
  batchScores: usize;
  /** Which rows may be results: those below the limit whose bit is set; 0 = no bitset. */
  rowsLimit: u32;
  bitset: usize;
  /** 16 bytes where `touch` leaves what it read. */
  touched: u64;
  touchedHigh: u64;
  /** For choosing links: keys, and rows chosen. */
  linkKeys: usize;
  chosen: usize;
}

// @ts-ignore: decorator
@inline
function round16(bytes: u32): u32 {
  return (bytes + 15) & ~15;
}

// @ts-ignore: decorator
@inline
function candidatesMaxOf(g: Graph, resultsMax: u32): u32 {
  return max<u32>(2 * resultsMax + 2, min<u32>(g.rowsCapacity, max<u32>(4096, 16 * resultsMax)));
}

const HEADER_BYTES: u32 = 128;

/** Lays the arrays out behind `w`; returns all bytes used. With `w` 0 only the bytes are computed. */
export function layOutWalk(w: Walk, g: Graph, resultsMax: u32): u32 {
  const start = changetype<usize>(w);
  const candidatesMax = candidatesMaxOf(g, resultsMax);
  const query = start + HEADER_BYTES;
  const centred = query + round16(g.codeBytes);
  const visited = centred + round16(max<u32>(g.dim << 2, g.codeBytes));
  const results = visited + round16((g.rowsCapacity + 63) >> 3);
  const candidates = results + round16((resultsMax + 1) << 3);
  const batch = candidates + round16(candidatesMax << 3);
  const batchScores = batch + round16(listLength(g));
  const linkKeys = batchScores + round16(listLength(g));
  const chosen = linkKeys + round16(listLength(g) << 1);
  const end = chosen + round16(listLength(g));
  if (start == 0) return <u32>end;
  w.query = query;
  w.centred = centred;
  w.visited = visited;
  w.results = results;
  w.resultsMax = <i32>resultsMax;
  w.candidates = candidates;
  w.candidatesMax = <i32>candidatesMax;
  w.batch = batch;
  w.batchScores = batchScores;
  w.linkKeys = linkKeys;
  w.chosen = chosen;
  w.bitset = 0;
  w.rowsLimit = 0xffffffff;
  // Codes and floats are compared to their padded ends.
  memory.fill(query, 0, visited - query);
  return <u32>(end - start);
}

/** Bytes of a u32 for each row of the longest list, and some. */
// @ts-ignore: decorator
@inline
function listLength(g: Graph): u32 {
  return (g.links0Max + 4) << 2;
}

// @ts-ignore: decorator
@inline
function visit(w: Walk, row: u32): bool {
  const at = w.visited + ((row >> 5) << 2);
  const bit: u32 = 1 << (row & 31);
  const word = load<u32>(at);
  if (word & bit) return false;
  store<u32>(at, word | bit);
  return true;
}

// @ts-ignore: decorator
@inline
function mayBeResult(w: Walk, row: u32): bool {
  if (row >= w.rowsLimit) return false;
  return w.bitset == 0 || ((load<u8>(w.bitset + (row >> 3)) >> <u8>(row & 7)) & 1) != 0;
}

/**
 * Reads the first lines of a record. WebAssembly has no prefetch; loads whose result nobody waits for do the same, so that the
 * rows of a batch come out of memory side by side and not one after the other. Behind a short record others are read.
 */
// @ts-ignore: decorator
@inline
export function touch(touched: v128, record: usize, isLong: bool): v128 {
  touched = v128.xor(touched, v128.load(record));
  touched = v128.xor(touched, v128.load(record, 64));
  touched = v128.xor(touched, v128.load(record, 128));
  if (!isLong) return touched;
  touched = v128.xor(touched, v128.load(record, 192));
  touched = v128.xor(touched, v128.load(record, 256));
  touched = v128.xor(touched, v128.load(record, 320));
  return v128.xor(touched, v128.load(record, 384));
}

/** Scores all rows of the batch. */
export function scoreBatch(g: Graph, w: Walk, count: u32): void {
  const records = region(g) + g.recordsOffset;
  const recordBytes = g.recordBytes;
  let i: u32 = 0;
  if (g.codeKind == CODE_INT8) {
    for (; i + 4 <= count; i += 4) {
      const at = w.batch + (i << 2);
      scoreFour(
        g,
        w,
        records + load<u32>(at) * recordBytes,
        records + load<u32>(at, 4) * recordBytes,
        records + load<u32>(at, 8) * recordBytes,
        records + load<u32>(at, 12) * recordBytes,
        w.batchScores + (i << 2),
      );
    }
  }
  for (; i < count; i++) {
    const score = scoreRecord(g, w, records + load<u32>(w.batch + (i << 2)) * recordBytes);
    store<f32>(w.batchScores + (i << 2), score);
  }
}

/** Moves along `level` to ever better rows; returns the last one. */
export function descend(g: Graph, w: Walk, from: u32, level: i32): u32 {
  let best = from;
  let bestScore = scoreRecord(g, w, recordOf(g, from));
  let moved = true;
  while (moved) {
    moved = false;
    const list = listOf(g, best, level);
    const count = listCount(list);
    let waiting: u32 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const row = listEntry(list, i);
      if (row < w.rows) store<u32>(w.batch + (waiting++ << 2), row);
    }
    scoreBatch(g, w, waiting);
    for (let i: u32 = 0; i < waiting; i++) {
      const score = load<f32>(w.batchScores + (i << 2));
      if (score <= bestScore) continue;
      bestScore = score;
      best = load<u32>(w.batch + (i << 2));
      moved = true;
    }
  }
  return best;
}

/** Forgets candidates that can no longer be expanded; the heap stays one, since its keys are sorted on the way. */
function dropHopeless(w: Walk): void {
  if (w.resultCount < w.resultsMax) return;
  const worst = load<i64>(w.results);
  let kept: i32 = 0;
  for (let i: i32 = 0; i < w.candidateCount; i++) {
    const key = load<i64>(w.candidates + (<usize>i << 3));
    if (key > worst) maxPush(w.candidates, kept++, key);
  }
  w.candidateCount = kept;
}

// @ts-ignore: decorator
@inline
function pushCandidate(w: Walk, key: i64): void {
  if (w.candidateCount == w.candidatesMax) dropHopeless(w);
  if (w.candidateCount < w.candidatesMax) maxPush(w.candidates, w.candidateCount++, key);
}

// @ts-ignore: decorator
@inline
function consider(w: Walk, row: u32, score: f32): void {
  const full = w.resultCount == w.resultsMax;
  if (full && score <= keyScore(load<i64>(w.results))) return;
  const key = keyOf(score, row);
  pushCandidate(w, key);
  if (!mayBeResult(w, row)) return;
  if (full) minReplace(w.results, w.resultCount, key);
  else minPush(w.results, w.resultCount++, key);
}

/**
 * Best-first walk along `level` from `from`: w.results gets the best w.resultsMax rows found that may be results. Rows that may
 * not are walked through all the same.
 */
export function walkLevel(g: Graph, w: Walk, from: u32, level: i32): void {
  const rows = w.rows;
  const records = region(g) + g.recordsOffset;
  const recordBytes = g.recordBytes;
  const isLong = recordBytes > 256;
  memory.fill(w.visited, 0, ((rows + 63) >> 6) << 3);
  w.resultCount = 0;
  w.candidateCount = 0;
  visit(w, from);
  consider(w, from, scoreRecord(g, w, recordOf(g, from)));
  while (w.candidateCount > 0) {
    const key = maxPop(w.candidates, w.candidateCount--);
    if (w.resultCount == w.resultsMax && key < load<i64>(w.results)) break;
    const list = listOf(g, keyRow(key), level);
    const count = listCount(list);
    let waiting: u32 = 0;
    let touched = i32x4.splat(0);
    for (let i: u32 = 0; i < count; i++) {
      const row = listEntry(list, i) & ~TREE_LINK;
      if (row >= rows || !visit(w, row)) continue;
      store<u32>(w.batch + (waiting++ << 2), row);
      touched = touch(touched, records + row * recordBytes, isLong);
    }
    // Stored, or the compiler would leave the reading out.
    v128.store(changetype<usize>(w) + offsetof<Walk>('touched'), touched);
    scoreBatch(g, w, waiting);
    for (let i: u32 = 0; i < waiting; i++) {
      consider(w, load<u32>(w.batch + (i << 2)), load<f32>(w.batchScores + (i << 2)));
    }
  }
}
