import type { CollectionInfo } from '../domain/catalog.ts';
import { invalid } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { primaryKeyField } from '../domain/schema.ts';
import type { Hits } from '../rank/mergeHits.ts';
import { mergeHits } from '../rank/mergeHits.ts';
import { latestReadTs } from '../rank/mergeRows.ts';
import type { ShardSearchReply } from '../streaming/service.ts';
import type { AccessDependencies } from './dependencies.ts';
import type { FilterPlans } from './filterPlans.ts';
import { fuseHits } from './fuseHits.ts';
import type { LoadGate } from './loadGate.ts';
import { outputColumns, planOutput } from './outputFields.ts';
import { RANK_PARAMS } from './paramNames.ts';
import { Params } from './params.ts';
import { rankerOf } from './rankers.ts';
import type { HybridSearchRequest, SearchReply, SearchRequest } from './requests.ts';
import { rounded } from './roundScores.ts';
import { checkWindow, requiredLimit, roundDecimalOf } from './searchParams.ts';
import type { PreparedSearch } from './searchRows.ts';
import { prepareSearch, searchShards } from './searchRows.ts';

const SEARCHES_MAX = 1_024;

/**
 * Runs all searches at once and ranks their hits together. Output columns travel with the hits of each search, so that a
 * row deleted in between is still whole. A search's own offset is not applied.
 * Errors: as `searchRows`; Invalid for rank parameters.
 */
export async function hybridSearch(
  deps: AccessDependencies,
  gate: LoadGate,
  plans: FilterPlans,
  request: HybridSearchRequest,
): Promise<SearchReply> {
  const { searches } = request;
  const params = new Params(request.rankParams);
  params.allow(RANK_PARAMS);
  const limit = requiredLimit(params, 'limit');
  const offset = params.integer('offset', 0, LIMITS.topKMax) ?? 0;
  checkWindow(offset, limit);
  const roundDecimal = roundDecimalOf(params);
  if (searches.length < 1 || searches.length > SEARCHES_MAX) {
    throw invalid(`hybrid search takes 1 to ${SEARCHES_MAX} requests, got ${searches.length}`);
  }
  const collection = await deps.coordinator.getCollection(request.databaseName, request.collectionName);
  const legs = await Promise.all(
    searches.map((search) => prepareLeg(deps, gate, plans, collection, request, search)),
  );
  const queryCount = sameQueryCount(legs);
  const ranker = rankerOf(
    params,
    legs.map(({ plan }) => plan.metric),
  );
  const results = await Promise.all(legs.map((leg) => searchLeg(deps, leg)));
  const fused = fuseHits(
    results.map(({ hits }) => hits),
    ranker,
    offset,
    limit,
  );
  const { schema } = collection;
  const output = planOutput(schema, request.outputFields);
  return {
    collectionName: request.collectionName,
    primaryFieldName: primaryKeyField(schema).name,
    queryCount,
    topK: limit,
    counts: fused.counts,
    scores: Float32Array.from(fused.scores, (score) => rounded(score, roundDecimal)),
    keys: fused.keys,
    columns: outputColumns(output, fused.keys, fused.output),
    outputFields: output.names,
    sessionTs: latestReadTs(results.flatMap(({ replies }) => replies)),
    iterator: undefined,
  };
}

async function prepareLeg(
  deps: AccessDependencies,
  gate: LoadGate,
  plans: FilterPlans,
  collection: CollectionInfo,
  request: HybridSearchRequest,
  search: SearchRequest,
): Promise<PreparedSearch> {
  const partitionNames = search.partitionNames.length > 0 ? search.partitionNames : request.partitionNames;
  if (search.collectionName !== '' && search.collectionName !== request.collectionName) {
    throw invalid('the requests of a hybrid search cannot name another collection', {
      collection_name: search.collectionName,
      expected: request.collectionName,
    });
  }
  const own = { ...search, partitionNames, outputFields: request.outputFields };
  const leg = await prepareSearch(deps, gate, plans, collection, own, request.consistency);
  if (leg.plan.iterator !== undefined) throw invalid('iterator is not supported in a hybrid search');
  return leg;
}

function sameQueryCount(legs: readonly PreparedSearch[]): number {
  const { queryCount } = legs[0]!;
  const other = legs.find((leg) => leg.queryCount !== queryCount);
  if (other === undefined) return queryCount;
  throw invalid(
    `nq should be the same in all requests of a hybrid search: ${queryCount}, ${other.queryCount}`,
  );
}

async function searchLeg(
  deps: AccessDependencies,
  leg: PreparedSearch,
): Promise<{ readonly hits: Hits; readonly replies: readonly ShardSearchReply[] }> {
  const { limit, bounds } = leg.plan;
  const replies = await searchShards(deps, leg, { k: limit, bounds, exact: false, snapshotTs: undefined });
  return { hits: mergeHits(replies, 0, limit), replies };
}
