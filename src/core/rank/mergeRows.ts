import type { Column, ColumnBatch } from '../domain/columns.ts';
import { columnOf } from '../domain/columns.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { Picks } from '../segment/gather.ts';
import { gatherColumn } from '../segment/gather.ts';
import { compareKeys, keyReader } from '../segment/keyOrder.ts';

export interface MergedRows {
  readonly keys: Column;
  readonly output: ColumnBatch;
}

/** Rows [offset, offset + limit) of all shards' rows in ascending order of the key. At least one reply. */
export function mergeRows(
  replies: readonly MergedRows[],
  offset: number,
  limit: number | undefined,
): MergedRows {
  const only = replies[0]!;
  const total = replies.reduce((rows, reply) => rows + reply.keys.rows, 0);
  const count = Math.max(0, Math.min(total - offset, limit ?? total));
  if (replies.length === 1 && count === total) return { keys: only.keys, output: only.output };
  const picks = replies.length === 1 ? rowRange(offset, count) : pickInKeyOrder(replies, offset, count);
  return gatherRows(
    replies.map(({ keys }) => keys),
    replies.map(({ output }) => output),
    picks,
  );
}

/** The picked rows of several batches with the same columns. */
export function gatherRows(
  keys: readonly Column[],
  outputs: readonly ColumnBatch[],
  picks: Picks,
): MergedRows {
  const columns = outputs[0]!.columns.map(({ fieldId }) => ({
    fieldId,
    column: gatherColumn(
      outputs.map((output) => columnOf(output, fieldId)!),
      picks,
    ),
  }));
  return { keys: gatherColumn(keys, picks), output: { rows: picks.rows.length, columns } };
}

function rowRange(from: number, count: number): Picks {
  const rows = new Uint32Array(count);
  for (let i = 0; i < count; i++) rows[i] = from + i;
  return { sources: undefined, rows };
}

function pickInKeyOrder(replies: readonly MergedRows[], offset: number, count: number): Picks {
  const readers = replies.map(({ keys }) => keyReader(keys));
  const cursors = new Uint32Array(replies.length);
  const sources = new Uint32Array(count);
  const rows = new Uint32Array(count);
  for (let i = 0; i < offset + count; i++) {
    let best = -1;
    for (let s = 0; s < readers.length; s++) {
      if (cursors[s]! === readers[s]!.column.rows) continue;
      if (best < 0 || compareKeys(readers[s]!, cursors[s]!, readers[best]!, cursors[best]!) < 0) best = s;
    }
    if (i >= offset) {
      sources[i - offset] = best;
      rows[i - offset] = cursors[best]!;
    }
    cursors[best]!++;
  }
  return { sources, rows };
}

/** The latest timestamp read at, and at least 1. */
export function latestReadTs(replies: readonly { readonly readTs: Timestamp }[]): Timestamp {
  let latest = 1n;
  for (const { readTs } of replies) if (readTs > latest) latest = readTs;
  return latest;
}
