import { encodeQuery, encodeRow, trainCodes } from './codes';
import { scanCodes } from './codeScan';
import { prepareQuery } from './exact';
import {
  drawLevel,
  Graph,
  LEVEL_MAX,
  levelOf,
  listOf,
  NO_ROW,
  region,
  setListCount,
} from './graph';
import { keyRow, minSortDescending } from './heap';
import { connect } from './links';
import { scoreTopK } from './scan';
import { descend, layOutWalk, Walk, walkLevel } from './walk';

// A hierarchical navigable small-world graph (Malkov and Yashunin 2016) in one region of shared memory. One thread at a time
// inserts; any number may search meanwhile. See graph.ts for the region and for what readers may find.

/** Scratch bytes of an insert (ef = efConstruction) or a search. */
export function scratchBytes(g: Graph, ef: u32): u32 {
  return layOutWalk(changetype<Walk>(0), g, ef);
}

/** Learns what codes need from the rows that are there; before the first insert. */
export function train(g: Graph, table: usize, chunkRowsLog2: u32, strideBytes: usize, rows: u32): void {
  trainCodes(g, table, chunkRowsLog2, strideBytes, rows, 1024);
}

/** Takes lists for the row's upper levels; the level is lower than drawn when the pool is used up. */
function giveLevel(g: Graph, row: u32): i32 {
  const level = min<i32>(drawLevel(g, row), <i32>(g.upperCapacity - g.upperUsed));
  store<u8>(region(g) + g.levelsOffset + row, <u8>level);
  store<u32>(region(g) + g.upperIndexOffset + (row << 2), g.upperUsed);
  g.upperUsed += <u32>level;
  for (let at = 0; at <= level; at++) setListCount(listOf(g, row, at), 0);
  return level;
}

/** Appends the row that follows the last one. `scratch` has scratchBytes(g, efConstruction). */
export function insert(g: Graph, scratch: usize, table: usize, chunkRowsLog2: u32, strideBytes: usize): void {
  const w = changetype<Walk>(scratch);
  const row = g.rows;
  layOutWalk(w, g, g.efConstruction);
  w.rows = row;
  encodeRow(g, w, table, chunkRowsLog2, strideBytes, row);
  const level = giveLevel(g, row);
  const entry = g.entry;
  const top = entry == NO_ROW ? -1 : levelOf(g, entry);
  if (top >= 0) insertLinks(g, w, row, level, entry, top);
  // In this order, so that a search that loads them the other way round sees the row it enters at.
  atomic.store<u32>(region(g) + offsetof<Graph>('rows'), row + 1);
  if (level > top) atomic.store<u32>(region(g) + offsetof<Graph>('entry'), row);
}

function insertLinks(g: Graph, w: Walk, row: u32, level: i32, entry: u32, top: i32): void {
  let from = entry;
  for (let at = top; at > level; at--) from = descend(g, w, from, at);
  for (let at = min<i32>(level, top); at >= 0; at--) {
    walkLevel(g, w, from, at);
    minSortDescending(w.results, w.resultCount);
    from = keyRow(load<i64>(w.results));
    connect(g, w, row, at);
  }
}

/**
 * The `k` best rows found for the float32 query at `query`, best first, with exact scores: rows to `outRows`, scores to
 * `outScores`. Answers are rows below `rowsLimit` that `bitset` allows (0 = all); ef ≥ k. `scratch` has
 * scratchBytes(g, ef). With `all` every allowed row is compared, else those that a walk of the graph passes.
 * Returns how many.
 */
export function search(
  g: Graph,
  scratch: usize,
  query: usize,
  table: usize,
  chunkRowsLog2: u32,
  strideBytes: usize,
  bytes: usize,
  k: i32,
  ef: u32,
  rowsLimit: u32,
  bitset: usize,
  all: bool,
  outRows: usize,
  outScores: usize,
): i32 {
  const w = changetype<Walk>(scratch);
  layOutWalk(w, g, ef);
  const entry = atomic.load<u32>(region(g) + offsetof<Graph>('entry'));
  if (entry == NO_ROW) return 0;
  w.rows = atomic.load<u32>(region(g) + offsetof<Graph>('rows'));
  w.rowsLimit = rowsLimit;
  w.bitset = bitset;
  prepareQuery(g.metric, query, bytes);
  encodeQuery(g, w, query);
  if (all) scanCodes(g, w);
  else walkDown(g, w, entry);
  return scoreResults(g, w, query, table, chunkRowsLog2, strideBytes, bytes, k, outRows, outScores);
}

function walkDown(g: Graph, w: Walk, entry: u32): void {
  let from = entry;
  for (let level = levelOf(g, entry); level > 0; level--) from = descend(g, w, from, level);
  walkLevel(g, w, from, 0);
}

/**
 * Scores the better part of w.results by the rows themselves: codes order rows well enough that the rest holds none of the best
 * (measured: same recall). The list of rows and the heap take the place of the candidates.
 */
function scoreResults(
  g: Graph,
  w: Walk,
  query: usize,
  table: usize,
  chunkRowsLog2: u32,
  strideBytes: usize,
  bytes: usize,
  k: i32,
  outRows: usize,
  outScores: usize,
): i32 {
  minSortDescending(w.results, w.resultCount);
  const count = min<i32>(w.resultCount, max<i32>(2 * k + 32, w.resultsMax >> 1));
  const rows = w.candidates;
  const heap = rows + (<usize>((count + 1) & ~1) << 2);
  for (let i: i32 = 0; i < count; i++) {
    store<u32>(rows + (<usize>i << 2), keyRow(load<i64>(w.results + (<usize>i << 3))));
  }
  return scoreTopK(
    g.metric,
    query,
    table,
    chunkRowsLog2,
    strideBytes,
    bytes,
    rows,
    count,
    k,
    heap,
    outRows,
    outScores,
  );
}
