import type { CollectionInfo } from '../domain/catalog.ts';
import type { Column } from '../domain/columns.ts';
import { invalid } from '../domain/errors.ts';
import { primaryKeyField } from '../domain/schema.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { FilterPlan } from '../expr/plan.ts';
import { primaryKeyPoints } from '../expr/planFacts.ts';
import { guaranteeOf, openSession } from './consistency.ts';
import type { AccessDependencies } from './dependencies.ts';
import type { FilterPlans } from './filterPlans.ts';
import type { LoadGate } from './loadGate.ts';
import { partitionsToRead } from './partitions.ts';
import type { DeleteRequest, MutationReply } from './requests.ts';
import { routeKeys } from './route.ts';
import { writeShards } from './writeShards.ts';

interface ShardKeys {
  readonly shard: number;
  readonly keys: Column;
}

/**
 * Deletes by keys without a read when the filter names them (the count is that of the keys given, absent ones and
 * repeats too); else finds the keys at one timestamp and deletes those, which needs the collection to be loaded.
 */
export async function deleteRows(
  deps: AccessDependencies,
  gate: LoadGate,
  plans: FilterPlans,
  request: DeleteRequest,
): Promise<MutationReply> {
  const collection = await deps.coordinator.getCollection(request.databaseName, request.collectionName);
  const partitionIds = partitionsToRead(
    collection,
    request.partitionName === '' ? [] : [request.partitionName],
  );
  const plan = deletePlan(collection, plans, request);
  const points = primaryKeyPoints(plan, primaryKeyField(collection.schema).fieldId);
  const found =
    points === undefined
      ? await matchingKeys(deps, gate, collection, request, plan, partitionIds)
      : routeKeys(points, collection.vchannels.length);
  const timestamp = await deleteKeys(deps, collection, found, partitionIds);
  const deleteCount = found.reduce((count, { keys }) => count + keys.rows, 0);
  return { keys: undefined, rows: 0, insertCount: 0, deleteCount, upsertCount: 0, timestamp };
}

function deletePlan(collection: CollectionInfo, plans: FilterPlans, request: DeleteRequest): FilterPlan {
  const plan = plans.plan(collection, request.filter, request.templates, 'delete');
  if (plan === undefined) throw invalid('delete expression should not be empty');
  return plan;
}

async function matchingKeys(
  deps: AccessDependencies,
  gate: LoadGate,
  collection: CollectionInfo,
  request: DeleteRequest,
  filter: FilterPlan,
  wantedPartitionIds: readonly number[] | undefined,
): Promise<ShardKeys[]> {
  const { collection: loaded, partitionIds } = await gate.open(collection, wantedPartitionIds, undefined);
  const { collectionId, schema, vchannels } = loaded;
  const guaranteeTs = guaranteeOf(loaded, request.consistency);
  const snapshotTs =
    vchannels.length === 1 ? undefined : await openSession(deps, loaded, partitionIds, guaranteeTs);
  const replies = await Promise.all(
    vchannels.map(({ vchannel }) =>
      deps.streaming.query({
        vchannel,
        collectionId,
        schemaVersion: schema.version,
        partitionIds,
        filter,
        guaranteeTs: snapshotTs ?? guaranteeTs,
        snapshotTs,
        ignoreGrowing: false,
        outputFieldIds: [],
        limit: undefined,
        countOnly: false,
      }),
    ),
  );
  return replies.flatMap(({ keys }, shard) => (keys.rows === 0 ? [] : [{ shard, keys }]));
}

async function deleteKeys(
  deps: AccessDependencies,
  collection: CollectionInfo,
  found: readonly ShardKeys[],
  partitionIds: readonly number[] | undefined,
): Promise<Timestamp> {
  if (found.length === 0) return deps.coordinator.allocTimestamps(1);
  const writes = found.map(({ shard, keys }) => ({ shard, inserts: [], deleteKeys: keys }));
  return writeShards(deps, collection, writes, partitionIds);
}
