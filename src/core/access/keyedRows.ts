import type { Column, ColumnBatch } from '../domain/columns.ts';
import { mergeRows } from '../rank/mergeRows.ts';
import { keyReader } from '../segment/keyOrder.ts';
import type { AccessDependencies } from './dependencies.ts';
import { keyFilter } from './keyFilter.ts';
import { hashKeys, SHARD_SEED } from './keyHash.ts';
import { KeyTable } from './keyTable.ts';
import type { OpenCollection } from './loadGate.ts';
import { routeKeys } from './route.ts';

export interface StoredRows {
  /** For each key its row in `output`, or -1. */
  readonly rowOf: Int32Array;
  readonly output: ColumnBatch;
}

/** The stored rows of some keys, as the owners of the shards have them now. */
export async function readRowsByKeys(
  { streaming }: AccessDependencies,
  { collection, partitionIds: openPartitionIds }: OpenCollection,
  keys: Column,
  wanted: {
    readonly partitionIds: readonly number[] | undefined;
    readonly outputFieldIds: readonly number[];
  },
): Promise<StoredRows> {
  const { collectionId, schema, vchannels } = collection;
  const replies = await Promise.all(
    routeKeys(keys, vchannels.length).map((part) =>
      streaming.query({
        vchannel: vchannels[part.shard]!.vchannel,
        collectionId,
        schemaVersion: schema.version,
        partitionIds: wanted.partitionIds ?? openPartitionIds,
        filter: keyFilter(part.keys, schema),
        guaranteeTs: 0n,
        snapshotTs: undefined,
        ignoreGrowing: false,
        outputFieldIds: wanted.outputFieldIds,
        limit: undefined,
        countOnly: false,
      }),
    ),
  );
  const merged = mergeRows(replies, 0, undefined);
  return { rowOf: positionsOf(keys, merged.keys), output: merged.output };
}

function positionsOf(keys: Column, stored: Column): Int32Array {
  const reader = keyReader(stored);
  const table = new KeyTable([reader], stored.rows);
  const hashes = hashKeys(stored, SHARD_SEED);
  for (let row = 0; row < stored.rows; row++) table.add(0, row, hashes[row]!);
  const wanted = keyReader(keys);
  const wantedHashes = hashKeys(keys, SHARD_SEED);
  const rowOf = new Int32Array(keys.rows);
  for (let row = 0; row < keys.rows; row++) rowOf[row] = table.find(wanted, row, wantedHashes[row]!);
  return rowOf;
}
