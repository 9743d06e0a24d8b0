import type { Column } from '../domain/columns.ts';
import type { Picks } from '../segment/gather.ts';
import { compareKeys, type KeyReader, keyReader } from '../segment/keyOrder.ts';
import type { MergedRows } from './mergeRows.ts';
import { gatherRows } from './mergeRows.ts';

/** Hits of all queries, flat, best first; inner scores. */
export interface Hits extends MergedRows {
  readonly counts: Uint32Array;
  readonly scores: Float32Array;
}

/**
 * Of each query hits [offset, offset + limit) of all shards together, by falling score, then rising key.
 * Arrays of a single reply that needs no change are passed on as they are.
 */
export function mergeHits(replies: readonly Hits[], offset: number, limit: number): Hits {
  const readers = replies.map(({ keys }) => keyReader(keys));
  const only = replies[0]!;
  if (replies.length === 1 && offset === 0 && isOrdered(only, readers[0]!, limit)) {
    const scores = only.scores.subarray(0, only.keys.rows);
    return { counts: only.counts, scores, keys: only.keys, output: only.output };
  }
  const { counts, picks } = pickHits(replies, readers, offset, limit);
  const scores = new Float32Array(picks.rows.length);
  for (let i = 0; i < scores.length; i++) scores[i] = replies[picks.sources![i]!]!.scores[picks.rows[i]!]!;
  const rows = gatherRows(
    replies.map(({ keys }) => keys),
    replies.map(({ output }) => output),
    picks,
  );
  return { counts, scores, ...rows };
}

/** Whether each query has at most `limit` hits and ties are in the order of their keys. */
function isOrdered({ counts, scores }: Hits, keys: KeyReader, limit: number): boolean {
  let first = 0;
  for (const count of counts) {
    if (count > limit) return false;
    for (let i = first + 1; i < first + count; i++) {
      if (scores[i] === scores[i - 1] && compareKeys(keys, i - 1, keys, i) > 0) return false;
    }
    first += count;
  }
  return true;
}

function pickHits(
  replies: readonly Hits[],
  readers: readonly KeyReader[],
  offset: number,
  limit: number,
): { readonly counts: Uint32Array; readonly picks: Picks } {
  const queryCount = replies[0]!.counts.length;
  const total = replies.reduce((hits, { keys }) => hits + keys.rows, 0);
  const merge = new HitMerge(replies, readers, total);
  const counts = new Uint32Array(queryCount);
  for (let query = 0; query < queryCount; query++) counts[query] = merge.mergeQuery(query, offset, limit);
  return { counts, picks: merge.picks() };
}

/** Sorts hits of one query after another into arrays of picks. */
class HitMerge {
  readonly #replies: readonly Hits[];
  readonly #readers: readonly KeyReader[];
  readonly #first: Uint32Array;
  readonly #sources: Uint32Array;
  readonly #rows: Uint32Array;
  #size = 0;

  constructor(replies: readonly Hits[], readers: readonly KeyReader[], total: number) {
    this.#replies = replies;
    this.#readers = readers;
    this.#first = new Uint32Array(replies.length);
    this.#sources = new Uint32Array(total);
    this.#rows = new Uint32Array(total);
  }

  picks(): Picks {
    return { sources: this.#sources.subarray(0, this.#size), rows: this.#rows.subarray(0, this.#size) };
  }

  mergeQuery(query: number, offset: number, limit: number): number {
    const lists = this.#replies.map((reply, source) => this.#queryRows(reply, source, query));
    const cursors = new Uint32Array(lists.length);
    const start = this.#size;
    for (let taken = 0; taken < offset + limit; taken++) {
      const source = this.#best(lists, cursors);
      if (source < 0) break;
      const row = lists[source]![cursors[source]!++]!;
      if (taken < offset) continue;
      this.#sources[this.#size] = source;
      this.#rows[this.#size++] = row;
    }
    return this.#size - start;
  }

  /** The rows of one shard's hits, with ties in the order of their keys. */
  #queryRows({ counts, scores }: Hits, source: number, query: number): Uint32Array {
    const count = counts[query]!;
    const rows = new Uint32Array(count);
    for (let i = 0; i < count; i++) rows[i] = this.#first[source]! + i;
    this.#first[source]! += count;
    const keys = this.#readers[source]!;
    let run = 0;
    for (let i = 1; i <= count; i++) {
      if (i < count && scores[rows[i]!] === scores[rows[run]!]) continue;
      if (i - run > 1) rows.subarray(run, i).sort((a, b) => compareKeys(keys, a, keys, b));
      run = i;
    }
    return rows;
  }

  #best(lists: readonly Uint32Array[], cursors: Uint32Array): number {
    let best = -1;
    for (let source = 0; source < lists.length; source++) {
      if (cursors[source]! >= lists[source]!.length) continue;
      if (
        best < 0 ||
        this.#isBefore(source, lists[source]![cursors[source]!]!, best, lists[best]![cursors[best]!]!)
      ) {
        best = source;
      }
    }
    return best;
  }

  #isBefore(a: number, aRow: number, b: number, bRow: number): boolean {
    const difference = this.#replies[a]!.scores[aRow]! - this.#replies[b]!.scores[bRow]!;
    if (difference !== 0) return difference > 0;
    return compareKeys(this.#readers[a]!, aRow, this.#readers[b]!, bRow) < 0;
  }
}

/** Rows [from, to) of hits of a single query. */
export function sliceHits(hits: Hits, from: number, to: number): Hits {
  const rows = new Uint32Array(to - from);
  for (let i = 0; i < rows.length; i++) rows[i] = from + i;
  const slice = gatherRows([hits.keys], [hits.output], { sources: undefined, rows });
  return { counts: Uint32Array.of(rows.length), scores: hits.scores.slice(from, to), ...slice };
}

/** The hits of `a`, then those of `b`; both of a single query. */
export function concatHits(a: Hits, b: Hits): Hits {
  const rows = new Uint32Array(a.scores.length + b.scores.length);
  const sources = new Uint32Array(rows.length).fill(1, a.scores.length);
  for (let i = 0; i < rows.length; i++) rows[i] = i < a.scores.length ? i : i - a.scores.length;
  const scores = new Float32Array(rows.length);
  scores.set(a.scores);
  scores.set(b.scores, a.scores.length);
  const columns: readonly Column[] = [a.keys, b.keys];
  return {
    counts: Uint32Array.of(rows.length),
    scores,
    ...gatherRows(columns, [a.output, b.output], { sources, rows }),
  };
}
