import type { CollectionInfo } from '../domain/catalog.ts';
import type { Column, ColumnBatch, FieldColumn } from '../domain/columns.ts';
import { columnOf } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';
import { primaryKeyField } from '../domain/schema.ts';
import { gatherColumn } from '../segment/gather.ts';
import { keyReader } from '../segment/keyOrder.ts';
import { hashKeys, PARTITION_SEED, SHARD_SEED } from './keyHash.ts';
import { KeyTable } from './keyTable.ts';

/** What one shard gets of a write. */
export interface ShardWrite {
  readonly shard: number;
  readonly inserts: { readonly partitionId: number; readonly batch: ColumnBatch }[];
  deleteKeys: Column | undefined;
}

/**
 * Splits rows by shard (hash of the primary key) and partition (`partitionIds[0]`, or by hash of the partition key when
 * there are several). Nothing is copied when all rows go to one place. With several partitions only the last row of
 * equal keys is kept, since the order of rows is lost across partitions.
 */
export function routeRows(
  collection: CollectionInfo,
  columns: readonly FieldColumn[],
  rows: number,
  partitionIds: readonly number[],
): ShardWrite[] {
  const shards = collection.vchannels.length;
  const places = shards * partitionIds.length;
  const batch = { rows, columns };
  if (places === 1)
    return [{ shard: 0, inserts: [{ partitionId: partitionIds[0]!, batch }], deleteKeys: undefined }];

  const { fieldId } = primaryKeyField(collection.schema);
  const keys = columnOf(batch, fieldId)!;
  const hashes = hashKeys(keys, SHARD_SEED);
  const placeOf = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) placeOf[row] = (hashes[row]! % shards) * partitionIds.length;
  let dropped: Uint8Array | undefined;
  if (partitionIds.length > 1) {
    addPartitions(collection, batch, placeOf, partitionIds.length);
    dropped = earlierDuplicates(keys, hashes);
  }
  return splitBatch(batch, rowsByPlace(placeOf, places, dropped), partitionIds);
}

function addPartitions(
  collection: CollectionInfo,
  batch: ColumnBatch,
  placeOf: Uint32Array,
  count: number,
): void {
  const field = collection.schema.fields.find(({ isPartitionKey }) => isPartitionKey);
  assert(field !== undefined, 'only a partition key spreads rows over partitions');
  const hashes = hashKeys(columnOf(batch, field.fieldId)!, PARTITION_SEED);
  for (let row = 0; row < placeOf.length; row++) placeOf[row]! += hashes[row]! % count;
}

/** 1 for every row whose key comes again in a later row; undefined when no key does. */
export function earlierDuplicates(keys: Column, hashes: Uint32Array): Uint8Array | undefined {
  const table = new KeyTable([keyReader(keys)], keys.rows);
  let dropped: Uint8Array | undefined;
  for (let row = keys.rows - 1; row >= 0; row--) {
    const known = table.size;
    if (table.add(0, row, hashes[row]!) === known) continue;
    dropped ??= new Uint8Array(keys.rows);
    dropped[row] = 1;
  }
  return dropped;
}

/** Row numbers of each place in ascending order (a counting sort). */
function rowsByPlace(placeOf: Uint32Array, places: number, dropped: Uint8Array | undefined): Uint32Array[] {
  const ends = new Uint32Array(places);
  for (let row = 0; row < placeOf.length; row++) if (dropped?.[row] !== 1) ends[placeOf[row]!]!++;
  const lists = Array.from(ends, (count) => new Uint32Array(count));
  ends.fill(0);
  for (let row = 0; row < placeOf.length; row++) {
    if (dropped?.[row] === 1) continue;
    const place = placeOf[row]!;
    lists[place]![ends[place]!++] = row;
  }
  return lists;
}

function splitBatch(
  batch: ColumnBatch,
  lists: readonly Uint32Array[],
  partitionIds: readonly number[],
): ShardWrite[] {
  const writes: ShardWrite[] = [];
  for (const [place, rows] of lists.entries()) {
    if (rows.length === 0) continue;
    const shard = Math.floor(place / partitionIds.length);
    if (writes.at(-1)?.shard !== shard) writes.push({ shard, inserts: [], deleteKeys: undefined });
    writes.at(-1)!.inserts.push({
      partitionId: partitionIds[place % partitionIds.length]!,
      batch: takeRows(batch, rows),
    });
  }
  return writes;
}

function takeRows(batch: ColumnBatch, rows: Uint32Array): ColumnBatch {
  if (rows.length === batch.rows) return batch;
  const picks = { sources: undefined, rows };
  const columns = batch.columns.map(({ fieldId, column }) => ({
    fieldId,
    column: gatherColumn([column], picks),
  }));
  return { rows: rows.length, columns };
}

/** Keys by shard; the given column itself when there is one shard. Shards without keys are absent. */
export function routeKeys(keys: Column, shards: number): { readonly shard: number; readonly keys: Column }[] {
  if (keys.rows === 0) return [];
  if (shards === 1) return [{ shard: 0, keys }];
  const hashes = hashKeys(keys, SHARD_SEED);
  const shardOf = hashes.map((hash) => hash % shards);
  const routed: { shard: number; keys: Column }[] = [];
  for (const [shard, rows] of rowsByPlace(shardOf, shards, undefined).entries()) {
    if (rows.length > 0) routed.push({ shard, keys: gatherColumn([keys], { sources: undefined, rows }) });
  }
  return routed;
}
