import { similarity } from './codes';
import {
  Graph,
  listCount,
  listEntry,
  listOf,
  NO_ROW,
  recordOf,
  setListCount,
  setListEntry,
  TREE_LINK,
} from './graph';
import { keyOf, keyRow, keyScore, minPush, minSortDescending } from './heap';
import { Walk } from './walk';

/**
 * Neighbour selection by the heuristic of Malkov and Yashunin (algorithm 4): of `keys`, best first, a row is chosen unless a row
 * chosen before is at least as near to it as the base is, so that links point in different directions. `bias` is what a key's
 * score lacks to be a similarity. Rows go to w.chosen from place `chosen` on; returns how many there are then.
 */
function chooseDiverse(g: Graph, w: Walk, keys: usize, count: i32, bias: f32, chosen: u32, chosenMax: u32): u32 {
  for (let i: i32 = 0; i < count && chosen < chosenMax; i++) {
    const key = load<i64>(keys + (<usize>i << 3));
    const row = keyRow(key);
    if (isDiverse(g, w, row, keyScore(key) + bias, chosen)) store<u32>(w.chosen + (chosen++ << 2), row);
  }
  return chosen;
}

function isDiverse(g: Graph, w: Walk, row: u32, toBase: f32, chosen: u32): bool {
  const record = recordOf(g, row);
  for (let i: u32 = 0; i < chosen; i++) {
    const other = load<u32>(w.chosen + (i << 2)) & ~TREE_LINK;
    if (similarity(g, record, recordOf(g, other)) >= toBase) return false;
  }
  return true;
}

// @ts-ignore: decorator
@inline
function linksMaxAt(g: Graph, level: i32): u32 {
  return level == 0 ? g.links0Max : g.linksMax;
}

// The spanning tree: every row but the first is linked, both ways and for ever, to a parent that was there before it. So from
// any row all others can be reached, also where the heuristic would cut a heap of equal rows off.

// @ts-ignore: decorator
@inline
function treeLinksMax(g: Graph): u32 {
  return max<u32>(3, g.links0Max >> 1);
}

/** Links of the tree in a level-0 list. */
function treeLinks(list: usize): u32 {
  const count = listCount(list);
  let tree: u32 = 0;
  for (let i: u32 = 0; i < count; i++) tree += listEntry(list, i) >> 31;
  return tree;
}

/** The nearest row of `keys` that can take one more row of the tree; if none can, one below the nearest. */
function treeParent(g: Graph, keys: usize, count: i32, newRow: u32): u32 {
  const treeMax = treeLinksMax(g);
  for (let i: i32 = 0; i < count; i++) {
    const row = keyRow(load<i64>(keys + (<usize>i << 3)));
    if (treeLinks(listOf(g, row, 0)) < treeMax) return row;
  }
  return treeRowWithRoom(g, keyRow(load<i64>(keys)), newRow);
}

/**
 * Follows the tree away from `start`, whose links are full as those of every row passed: a leaf, which has one link, is
 * reached at last. Branches are drawn by a hash, so that the tree grows in width.
 */
function treeRowWithRoom(g: Graph, start: u32, seed: u32): u32 {
  const treeMax = treeLinksMax(g);
  let before = NO_ROW;
  let row = start;
  let hash = seed;
  while (true) {
    const list = listOf(g, row, 0);
    const tree = treeLinks(list);
    if (tree < treeMax) return row;
    hash = (hash ^ (hash >> 15)) * 0x2c1b3c6d + 0x9e3779b9;
    const next = treeLink(list, (hash >> 8) % tree, before);
    before = row;
    row = next;
  }
}

/** The row of the tree link on place `place` of a list, or of the one after it when that is `before`. */
function treeLink(list: usize, place: u32, before: u32): u32 {
  const count = listCount(list);
  let first = NO_ROW;
  for (let i: u32 = 0; i < count; i++) {
    const link = listEntry(list, i);
    const row = link & ~TREE_LINK;
    if (!(link & TREE_LINK) || row == before) continue;
    if (first == NO_ROW) first = row;
    if (place == 0) return row;
    place--;
  }
  return first;
}

/** Adds a link from `row` to `target`; a full list is chosen anew. `entry` is the target, with TREE_LINK or not. */
function addLink(g: Graph, w: Walk, row: u32, entry: u32, level: i32): void {
  const list = listOf(g, row, level);
  const count = listCount(list);
  if (count < linksMaxAt(g, level)) {
    setListEntry(list, count, entry);
    setListCount(list, count + 1);
    return;
  }
  chooseAnew(g, w, row, list, count, entry);
}

/** Chooses the links of `row` among its full list and `entry`. Links of the tree stay whatever the heuristic says. */
function chooseAnew(g: Graph, w: Walk, row: u32, list: usize, count: u32, entry: u32): void {
  const record = recordOf(g, row);
  let chosen: u32 = 0;
  let keys: i32 = 0;
  for (let i: u32 = 0; i <= count; i++) {
    const link = i < count ? listEntry(list, i) : entry;
    if (link & TREE_LINK) store<u32>(w.chosen + (chosen++ << 2), link);
    else minPush(w.linkKeys, keys++, keyOf(similarity(g, record, recordOf(g, link)), link));
  }
  minSortDescending(w.linkKeys, keys);
  chosen = chooseDiverse(g, w, w.linkKeys, keys, 0, chosen, count);
  for (let i: u32 = 0; i < chosen; i++) setListEntry(list, i, load<u32>(w.chosen + (i << 2)));
  setListCount(list, chosen);
}

/** Gives the new row its links at `level` from w.results (sorted, best first) and links back from each. */
export function connect(g: Graph, w: Walk, row: u32, level: i32): void {
  const list = listOf(g, row, level);
  let parent = NO_ROW;
  let chosen: u32 = 0;
  if (level == 0) {
    parent = treeParent(g, w.results, w.resultCount, row);
    setListEntry(list, chosen++, parent | TREE_LINK);
  }
  // At level 0 as many as the heuristic finds, not only M as in the paper: measured, more recall for the same time.
  const foundMax = level == 0 ? g.links0Max - 1 : g.linksMax;
  const found = chooseDiverse(g, w, w.results, w.resultCount, w.queryBias, 0, foundMax);
  for (let i: u32 = 0; i < found; i++) {
    const neighbour = load<u32>(w.chosen + (i << 2));
    if (neighbour != parent) setListEntry(list, chosen++, neighbour);
  }
  setListCount(list, chosen);
  for (let i: u32 = 0; i < chosen; i++) {
    const link = listEntry(list, i);
    addLink(g, w, link & ~TREE_LINK, row | (link & TREE_LINK), level);
  }
}
