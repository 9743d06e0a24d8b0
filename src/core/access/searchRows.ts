import type { CollectionInfo } from '../domain/catalog.ts';
import type { Column, VectorColumn } from '../domain/columns.ts';
import { columnOf, isValid } from '../domain/columns.ts';
import { dataTypeName } from '../domain/dataTypes.ts';
import { invalid } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { wireScore } from '../domain/metric.ts';
import { primaryKeyField } from '../domain/schema.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { FilterPlan } from '../expr/plan.ts';
import type { Hits } from '../rank/mergeHits.ts';
import { mergeHits } from '../rank/mergeHits.ts';
import { latestReadTs } from '../rank/mergeRows.ts';
import type { ShardSearchReply } from '../streaming/service.ts';
import { guaranteeOf, isSessionTs, openSession } from './consistency.ts';
import type { AccessDependencies } from './dependencies.ts';
import type { FilterPlans } from './filterPlans.ts';
import { iteratorPage } from './iteratorPage.ts';
import { readRowsByKeys } from './keyedRows.ts';
import type { LoadGate, OpenCollection } from './loadGate.ts';
import type { OutputPlan } from './outputFields.ts';
import { outputColumns, planOutput } from './outputFields.ts';
import { Params } from './params.ts';
import { partitionsToRead } from './partitions.ts';
import type { ScoreBounds } from './rangeSearch.ts';
import type { ReadConsistency, SearchReply, SearchRequest, SearchTargets } from './requests.ts';
import { rounded } from './roundScores.ts';
import type { SearchPlan } from './searchParams.ts';
import { planSearch } from './searchParams.ts';

/** A search that was checked and may run. */
export interface PreparedSearch {
  readonly plan: SearchPlan;
  readonly open: OpenCollection;
  readonly filter: FilterPlan | undefined;
  readonly output: OutputPlan;
  readonly queries: Float32Array;
  readonly queryCount: number;
  readonly guaranteeTs: Timestamp;
}

/** A range of hits to fetch. */
export interface HitRange {
  readonly k: number;
  readonly bounds: ScoreBounds;
  readonly exact: boolean;
  readonly snapshotTs: Timestamp | undefined;
}

/** Errors: Invalid, NotFound, NotLoaded, and those of StreamingService.search. */
export async function searchRows(
  deps: AccessDependencies,
  gate: LoadGate,
  plans: FilterPlans,
  request: SearchRequest,
): Promise<SearchReply> {
  const collection = await deps.coordinator.getCollection(request.databaseName, request.collectionName);
  const search = await prepareSearch(deps, gate, plans, collection, request, request.consistency);
  const { plan } = search;
  const snapshotTs =
    plan.iterator === undefined ? undefined : await sessionOf(deps, search, request.consistency);
  if (plan.iterator?.version === 2) {
    const page = await iteratorPage(plan, (range) => fetchHits(deps, search, { ...range, snapshotTs }));
    const token = plan.iterator.token ?? deps.random.uuid();
    return toReply(request, search, page.hits, snapshotTs!, { token, lastBound: page.lastBound });
  }
  const replies = await searchShards(deps, search, {
    k: plan.limit + plan.offset,
    bounds: plan.bounds,
    exact: snapshotTs !== undefined,
    snapshotTs,
  });
  const hits = mergeHits(replies, plan.offset, plan.limit);
  return toReply(request, search, hits, snapshotTs ?? latestReadTs(replies), undefined);
}

export async function prepareSearch(
  deps: AccessDependencies,
  gate: LoadGate,
  plans: FilterPlans,
  found: CollectionInfo,
  request: SearchRequest,
  consistency: ReadConsistency,
): Promise<PreparedSearch> {
  const plan = planSearch(found, new Params(request.params), (field) => gate.indexOf(found, field));
  const open = await gate.open(found, partitionsToRead(found, request.partitionNames), plan.field);
  const { collection } = open;
  const filter = plans.plan(collection, request.filter, request.templates, 'query');
  const output = planOutput(collection.schema, request.outputFields);
  const { targets } = request;
  const queryCount = targets.kind === 'vectors' ? targets.count : targets.keys.rows;
  checkQueryCount(queryCount, plan);
  const queries = await queryVectors(deps, open, plan, targets);
  return {
    plan,
    open,
    filter,
    output,
    queries,
    queryCount,
    guaranteeTs: guaranteeOf(collection, consistency),
  };
}

function checkQueryCount(count: number, { iterator }: SearchPlan): void {
  if (count < 1 || count > LIMITS.queriesMax) {
    throw invalid(`nq [${count}] is invalid, it should be in range [1, ${LIMITS.queriesMax}]`);
  }
  if (iterator?.version === 2 && count > 1) throw invalid(`search_iter_v2 takes one vector, nq [${count}]`);
}

async function queryVectors(
  deps: AccessDependencies,
  open: OpenCollection,
  { field }: SearchPlan,
  targets: SearchTargets,
): Promise<Float32Array> {
  if (targets.kind === 'keys') return storedVectors(deps, open, field.fieldId, targets.keys);
  const { count, values } = targets;
  if (values.length !== count * field.dim) {
    throw invalid(
      `vector dimension mismatch, expected vector size(byte) ${field.dim * 4}, actual ${(values.length * 4) / count}, ` +
        `field: ${field.name}`,
    );
  }
  for (let i = 0; i < values.length; i++) {
    if (values[i]! - values[i]! !== 0)
      throw invalid(`value '${values[i]}' is not a number or infinity in search data`);
  }
  return values;
}

/** The vectors of stored rows, in the order of their keys. Errors: Invalid for a key that is absent or has no vector. */
async function storedVectors(
  deps: AccessDependencies,
  open: OpenCollection,
  fieldId: number,
  keys: Column,
): Promise<Float32Array> {
  const key = primaryKeyField(open.collection.schema);
  if (keys.dataType !== key.dataType) {
    throw invalid(
      `ids are ${dataTypeName(keys.dataType)}, the primary key ${key.name} is ${dataTypeName(key.dataType)}`,
    );
  }
  const { rowOf, output } = await readRowsByKeys(deps, open, keys, {
    partitionIds: undefined,
    outputFieldIds: [fieldId],
  });
  const { values, dim, stride, validity } = columnOf(output, fieldId) as VectorColumn;
  const queries = new Float32Array(keys.rows * dim);
  for (let i = 0; i < keys.rows; i++) {
    const row = rowOf[i]!;
    if (row < 0) throw invalid(`some of the provided primary key IDs do not exist, position: ${i}`);
    if (!isValid(validity, row))
      throw invalid(`the row of a provided primary key has no vector, position: ${i}`);
    queries.set(values.subarray(row * stride, row * stride + dim), i * dim);
  }
  return queries;
}

async function sessionOf(
  deps: AccessDependencies,
  { plan, open, guaranteeTs }: PreparedSearch,
  asked: ReadConsistency,
): Promise<Timestamp> {
  const sessionTs = plan.iterator!.sessionTs || asked.guaranteeTs;
  if (isSessionTs(sessionTs)) return sessionTs;
  return openSession(deps, open.collection, open.partitionIds, guaranteeTs);
}

async function fetchHits(deps: AccessDependencies, search: PreparedSearch, range: HitRange): Promise<Hits> {
  return mergeHits(await searchShards(deps, search, range), 0, range.k);
}

/** The best `k` of every shard. A bound from above rules out the walk of a graph, which finds the nearest first. */
export function searchShards(
  { streaming }: AccessDependencies,
  { plan, open, filter, output, queries, queryCount, guaranteeTs }: PreparedSearch,
  { k, bounds, exact, snapshotTs }: HitRange,
): Promise<ShardSearchReply[]> {
  const { collectionId, schema, vchannels } = open.collection;
  return Promise.all(
    vchannels.map(({ vchannel }) =>
      streaming.search({
        vchannel,
        collectionId,
        schemaVersion: schema.version,
        partitionIds: open.partitionIds,
        filter,
        guaranteeTs: snapshotTs ?? guaranteeTs,
        snapshotTs,
        ignoreGrowing: plan.ignoreGrowing,
        outputFieldIds: output.fieldIds,
        fieldId: plan.field.fieldId,
        metric: plan.metric,
        params: plan.indexParams,
        queries,
        queryCount,
        k,
        scoreAbove: bounds.above,
        scoreAtMost: bounds.atMost,
        exact: exact || plan.index.indexType === 'FLAT' || bounds.atMost !== Number.POSITIVE_INFINITY,
      }),
    ),
  );
}

function toReply(
  request: SearchRequest,
  { plan, open, output, queryCount }: PreparedSearch,
  hits: Hits,
  sessionTs: Timestamp,
  iterator: SearchReply['iterator'],
): SearchReply {
  const scores = new Float32Array(hits.scores.length);
  for (let i = 0; i < scores.length; i++) {
    scores[i] = rounded(wireScore(plan.metric, hits.scores[i]!), plan.roundDecimal);
  }
  return {
    collectionName: request.collectionName,
    primaryFieldName: primaryKeyField(open.collection.schema).name,
    queryCount,
    topK: plan.limit,
    counts: hits.counts,
    scores,
    keys: hits.keys,
    columns: outputColumns(output, hits.keys, hits.output),
    outputFields: output.names,
    sessionTs,
    iterator,
  };
}
