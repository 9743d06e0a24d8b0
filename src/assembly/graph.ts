// The graph's region: this header, then arrays at offsets from its start. src/plugins/index-hnsw/layout.ts lays it out and
// writes all fields; here `rows`, `entry`, `upperUsed` and what `train` learns change.

@unmanaged
export class Graph {
  magic: u32;
  version: u32;
  dim: u32;
  metric: i32;
  /** Links a row at an upper level, at most. */
  linksMax: u32;
  /** Links a row at level 0, at most. */
  links0Max: u32;
  efConstruction: u32;
  rowsCapacity: u32;
  /** CODE_INT8 or CODE_FLOAT32. */
  codeKind: u32;
  /** A multiple of 64 (int8) or 16 (float32). */
  codeBytes: u32;
  /** codeBytes and the 16 bytes behind the code: scale, bias, sum (see codes.ts). */
  recordBytes: u32;
  /** Rows that searches see; stored atomically, after all that belongs to a row. */
  rows: u32;
  /** A row of the highest level; NO_ROW when there is none. Stored atomically. */
  entry: u32;
  /** Lists in use and in all, in the pool of upper lists. */
  upperUsed: u32;
  upperCapacity: u32;
  /** 1 when `gain` and the mean are known. */
  trained: u32;
  /** Rows are multiplied by it before they are coded (L2, IP). */
  gain: f32;
  /** float32 × dim, padded: what is subtracted from a multiplied row. */
  meanOffset: u32;
  /** u8 a row: its highest level. */
  levelsOffset: u32;
  /** u32 a row: its first list in the pool, if its level is above 0. */
  upperIndexOffset: u32;
  /** A list a row: u32 count, then links0Max rows. */
  linksOffset: u32;
  /** Pool of lists of the upper levels: u32 count, then linksMax rows. */
  upperOffset: u32;
  /** recordBytes a row. */
  recordsOffset: u32;
}

export const NO_ROW: u32 = 0xffffffff;
export const CODE_INT8: u32 = 0;
export const CODE_FLOAT32: u32 = 1;
export const LEVEL_MAX: i32 = 15;

/** In a level-0 list: this link belongs to the spanning tree that keeps every row reachable; it is never dropped. */
export const TREE_LINK: u32 = 0x80000000;

// @ts-ignore: decorator
@inline
export function region(g: Graph): usize {
  return changetype<usize>(g);
}

// @ts-ignore: decorator
@inline
export function recordOf(g: Graph, row: u32): usize {
  return region(g) + g.recordsOffset + row * g.recordBytes;
}

// @ts-ignore: decorator
@inline
export function listBytes(linksMax: u32): u32 {
  return (linksMax + 1) << 2;
}

// @ts-ignore: decorator
@inline
export function levelOf(g: Graph, row: u32): i32 {
  return load<u8>(region(g) + g.levelsOffset + row);
}

/** Address of the row's list at a level it has. */
// @ts-ignore: decorator
@inline
export function listOf(g: Graph, row: u32, level: i32): usize {
  if (level == 0) return region(g) + g.linksOffset + row * listBytes(g.links0Max);
  const first = load<u32>(region(g) + g.upperIndexOffset + (row << 2));
  return region(g) + g.upperOffset + (first + <u32>(level - 1)) * listBytes(g.linksMax);
}

// @ts-ignore: decorator
@inline
export function listCount(list: usize): u32 {
  return atomic.load<u32>(list);
}

// @ts-ignore: decorator
@inline
export function listEntry(list: usize, i: u32): u32 {
  return load<u32>(list + 4 + (i << 2));
}

// Links and counts are stored atomically: a reader in another thread finds either the old row or the new one in a place,
// and what a row consists of is there before a link to it. Places behind a count that shrank still hold rows.

// @ts-ignore: decorator
@inline
export function setListEntry(list: usize, i: u32, entry: u32): void {
  atomic.store<u32>(list + 4 + (i << 2), entry);
}

// @ts-ignore: decorator
@inline
export function setListCount(list: usize, count: u32): void {
  atomic.store<u32>(list, count);
}

/** The level drawn for a row: P(level ≥ l) = linksMax^−l, by a hash of the row number, so that no state is needed. */
export function drawLevel(g: Graph, row: u32): i32 {
  let hash = row + 0x9e3779b9;
  hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
  hash ^= hash >> 16;
  const divisor = max<u32>(2, g.linksMax);
  let level = 0;
  let bound: u32 = 0xffffffff / divisor;
  while (hash < bound && level < LEVEL_MAX) {
    level++;
    bound /= divisor;
  }
  return level;
}
