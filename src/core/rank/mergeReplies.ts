import type { Column, ColumnBatch } from '../domain/columns.ts';
import { columnOf } from '../domain/columns.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { compareKeys, gatherBatch, gatherColumn, type Picks } from '../segment/gather.ts';

/** Hits of some queries, as shards, segments and roles hand them on: see ShardSearchReply. */
export interface SearchHits {
  readonly counts: Uint32Array;
  readonly scores: Float32Array;
  readonly keys: Column;
  readonly output: ColumnBatch;
}

/** Rows in ascending order of the key. */
export interface QueryRows {
  readonly count: number;
  readonly keys: Column;
  readonly output: ColumnBatch;
}

/** The best k hits a query of several replies to the same queries: by score, then by smaller key. */
export function mergeSearchHits(
  replies: readonly SearchHits[],
  k: number,
  keyField: FieldSchema,
  outputFields: readonly FieldSchema[],
): SearchHits {
  if (replies.length === 1) return replies[0]!;
  const queryCount = replies[0]?.counts.length ?? 0;
  const counts = new Uint32Array(queryCount);
  const total = replies.reduce((sum, reply) => sum + reply.scores.length, 0);
  const picks = { count: 0, sources: new Uint32Array(total), rows: new Uint32Array(total) };
  const scores = new Float32Array(total);
  const cursors = new Uint32Array(replies.length);
  const ends = new Uint32Array(replies.length);
  for (let q = 0; q < queryCount; q++) {
    replies.forEach((reply, r) => {
      cursors[r] = ends[r]!;
      ends[r] = ends[r]! + reply.counts[q]!;
    });
    while (counts[q]! < k) {
      const best = bestReply(replies, cursors, ends);
      if (best < 0) break;
      scores[picks.count] = replies[best]!.scores[cursors[best]!]!;
      picks.sources[picks.count] = best;
      picks.rows[picks.count++] = cursors[best]!;
      cursors[best]!++;
      counts[q]!++;
    }
  }
  return {
    counts,
    scores: scores.slice(0, picks.count),
    keys: gatherColumn(keyField, picks, (source) => replies[source]!.keys),
    output: gatherBatch(outputFields, picks, (source, fieldId) => columnOf(replies[source]!.output, fieldId)!),
  };
}

function bestReply(replies: readonly SearchHits[], cursors: Uint32Array, ends: Uint32Array): number {
  let best = -1;
  for (let r = 0; r < replies.length; r++) {
    if (cursors[r] === ends[r]) continue;
    if (best < 0) {
      best = r;
      continue;
    }
    const score = replies[r]!.scores[cursors[r]!]!;
    const bestScore = replies[best]!.scores[cursors[best]!]!;
    if (score > bestScore) best = r;
    else if (score === bestScore) {
      if (compareKeys(replies[r]!.keys, cursors[r]!, replies[best]!.keys, cursors[best]!) < 0) best = r;
    }
  }
  return best;
}

/** Rows of several replies in the order of the key, at most `limit`. */
export function mergeQueryRows(
  replies: readonly QueryRows[],
  limit: number | undefined,
  keyField: FieldSchema,
  outputFields: readonly FieldSchema[],
): QueryRows {
  if (replies.length === 1) return replies[0]!;
  const total = replies.reduce((sum, reply) => sum + reply.keys.rows, 0);
  const count = Math.min(total, limit ?? total);
  const picks: Picks = { count, sources: new Uint32Array(count), rows: new Uint32Array(count) };
  const cursors = new Uint32Array(replies.length);
  for (let i = 0; i < count; i++) {
    let least = -1;
    for (let r = 0; r < replies.length; r++) {
      if (cursors[r] === replies[r]!.keys.rows) continue;
      const keys = replies[r]!.keys;
      if (least < 0 || compareKeys(keys, cursors[r]!, replies[least]!.keys, cursors[least]!) < 0) least = r;
    }
    picks.sources[i] = least;
    picks.rows[i] = cursors[least]!++;
  }
  return {
    count: replies.reduce((sum, reply) => sum + reply.count, 0),
    keys: gatherColumn(keyField, picks, (source) => replies[source]!.keys),
    output: gatherBatch(outputFields, picks, (source, fieldId) => columnOf(replies[source]!.output, fieldId)!),
  };
}
