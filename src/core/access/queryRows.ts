import type { CollectionInfo } from '../domain/catalog.ts';
import { DataType } from '../domain/dataTypes.ts';
import { invalid } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { int64Field, primaryKeyField } from '../domain/schema.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { FilterPlan } from '../expr/plan.ts';
import { primaryKeyPoints } from '../expr/planFacts.ts';
import { latestReadTs, mergeRows } from '../rank/mergeRows.ts';
import type { ShardQueryReply } from '../streaming/service.ts';
import { guaranteeOf, isSessionTs, openSession } from './consistency.ts';
import type { AccessDependencies } from './dependencies.ts';
import type { FilterPlans } from './filterPlans.ts';
import type { LoadGate, OpenCollection } from './loadGate.ts';
import { outputColumns, planQueryOutput } from './outputFields.ts';
import { QUERY_PARAMS } from './paramNames.ts';
import { Params } from './params.ts';
import { partitionsToRead } from './partitions.ts';
import type { QueryReply, QueryRequest } from './requests.ts';
import { routeKeys } from './route.ts';
import { checkCollectionId, checkWindow } from './searchParams.ts';

/** What a query asks for, checked. */
interface QueryPlan {
  readonly limit: number | undefined;
  readonly offset: number;
  readonly ignoreGrowing: boolean;
  readonly isIterator: boolean;
}

interface PreparedQuery {
  readonly plan: QueryPlan;
  readonly open: OpenCollection;
  readonly filter: FilterPlan | undefined;
  readonly guaranteeTs: Timestamp;
  readonly snapshotTs: Timestamp | undefined;
}

const COUNT_NAME = 'count(*)';

/** Errors: Invalid, NotFound, NotLoaded, and those of StreamingService.query. */
export async function queryRows(
  deps: AccessDependencies,
  gate: LoadGate,
  plans: FilterPlans,
  request: QueryRequest,
): Promise<QueryReply> {
  const found = await deps.coordinator.getCollection(request.databaseName, request.collectionName);
  const plan = planQuery(found, new Params(request.params));
  const isCount = asksForCount(request.outputFields);
  const filter = plans.plan(found, request.filter, request.templates, 'query');
  if (isCount) checkCount(request, plan);
  else if (filter === undefined && plan.limit === undefined) {
    throw invalid('empty expression should be used with limit: invalid parameter');
  }
  const open = await gate.open(found, partitionsToRead(found, request.partitionNames), undefined);
  const guaranteeTs = guaranteeOf(open.collection, request.consistency);
  const snapshotTs = plan.isIterator ? await sessionOf(deps, open, request, guaranteeTs) : undefined;
  const query = { plan, open, filter, guaranteeTs, snapshotTs };
  return isCount ? countRows(deps, request, query) : readRows(deps, request, query);
}

function planQuery(collection: CollectionInfo, params: Params): QueryPlan {
  params.allow(QUERY_PARAMS);
  checkCollectionId(collection, params);
  const limit = params.integer('limit', 1, LIMITS.topKMax);
  const offset = limit === undefined ? 0 : (params.integer('offset', 0, LIMITS.topKMax) ?? 0);
  if (limit !== undefined) checkWindow(offset, limit);
  return { limit, offset, ignoreGrowing: params.flag('ignore_growing'), isIterator: params.flag('iterator') };
}

function asksForCount(outputFields: readonly string[]): boolean {
  return outputFields.some((name) => name.trim().toLowerCase() === COUNT_NAME);
}

function checkCount({ outputFields }: QueryRequest, { limit }: QueryPlan): void {
  if (limit !== undefined) throw invalid('count entities with pagination is not allowed');
  if (outputFields.length > 1)
    throw invalid(`count(*) is not supported beside other output fields: ${outputFields}`);
}

function sessionOf(
  deps: AccessDependencies,
  { collection, partitionIds }: OpenCollection,
  { consistency }: QueryRequest,
  guaranteeTs: Timestamp,
): Promise<Timestamp> | Timestamp {
  if (isSessionTs(consistency.guaranteeTs)) return consistency.guaranteeTs;
  return openSession(deps, collection, partitionIds, guaranteeTs);
}

async function readRows(
  deps: AccessDependencies,
  request: QueryRequest,
  query: PreparedQuery,
): Promise<QueryReply> {
  const { plan, open, snapshotTs } = query;
  const { schema } = open.collection;
  const output = planQueryOutput(schema, request.outputFields);
  const limit = plan.limit === undefined ? undefined : plan.offset + plan.limit;
  const replies = await queryShards(deps, query, output.fieldIds, limit, false);
  const merged = mergeRows(replies, plan.offset, plan.limit);
  return {
    collectionName: request.collectionName,
    primaryFieldName: primaryKeyField(schema).name,
    rows: merged.keys.rows,
    columns: outputColumns(output, merged.keys, merged.output),
    outputFields: output.names,
    sessionTs: snapshotTs ?? latestReadTs(replies),
  };
}

async function countRows(
  deps: AccessDependencies,
  request: QueryRequest,
  query: PreparedQuery,
): Promise<QueryReply> {
  const replies = await queryShards(deps, query, [], undefined, true);
  const count = replies.reduce((rows, reply) => rows + reply.count, 0);
  const values = BigInt64Array.of(BigInt(count));
  const column = { kind: 'fixed', dataType: DataType.Int64, rows: 1, values, validity: undefined } as const;
  return {
    collectionName: request.collectionName,
    primaryFieldName: primaryKeyField(query.open.collection.schema).name,
    rows: 1,
    columns: [{ field: COUNT_FIELD, column }],
    outputFields: [COUNT_NAME],
    sessionTs: query.snapshotTs ?? latestReadTs(replies),
  };
}

/** Asks all shards, or, when the filter names keys, those that can have them. */
function queryShards(
  { streaming }: AccessDependencies,
  { plan, open, filter, guaranteeTs, snapshotTs }: PreparedQuery,
  outputFieldIds: readonly number[],
  limit: number | undefined,
  countOnly: boolean,
): Promise<ShardQueryReply[]> {
  const { collectionId, schema } = open.collection;
  return Promise.all(
    shardsOf(open.collection, filter).map((vchannel) =>
      streaming.query({
        vchannel,
        collectionId,
        schemaVersion: schema.version,
        partitionIds: open.partitionIds,
        filter,
        guaranteeTs: snapshotTs ?? guaranteeTs,
        snapshotTs,
        ignoreGrowing: plan.ignoreGrowing,
        outputFieldIds,
        limit,
        countOnly,
      }),
    ),
  );
}

function shardsOf({ schema, vchannels }: CollectionInfo, filter: FilterPlan | undefined): string[] {
  const all = vchannels.map(({ vchannel }) => vchannel);
  if (all.length === 1 || filter === undefined) return all;
  const points = primaryKeyPoints(filter, primaryKeyField(schema).fieldId);
  if (points === undefined || points.rows === 0) return all;
  return routeKeys(points, all.length).map(({ shard }) => all[shard]!);
}

const COUNT_FIELD = int64Field(0, COUNT_NAME);
