import type {
  DeleteRequest,
  HybridSearchRequest,
  InsertRequest,
  QueryRequest,
  SearchRequest,
  SearchTargets,
  UpsertRequest,
} from '../../../../core/access/requests.ts';
import { invalid } from '../../../../core/domain/errors.ts';
import type {
  DeleteRequest as WireDelete,
  HybridSearchRequest as WireHybridSearch,
  InsertRequest as WireInsert,
  QueryRequest as WireQuery,
  SearchRequest as WireSearch,
  UpsertRequest as WireUpsert,
} from '../../../../gen/milvus/milvus.ts';
import type { CallContext } from '../callContext.ts';
import { databaseOf } from '../requestContext.ts';
import type { DataCodec } from './dataCodec.ts';
import { templatesOf } from './templates.ts';

/** Errors: Invalid, naming the first part of a request that was given and is not built. */
function refuse(parts: Readonly<Record<string, boolean>>): void {
  for (const [name, given] of Object.entries(parts)) if (given) throw invalid(`${name} is not supported`);
}

export function insertRequest(
  wire: WireInsert | WireUpsert,
  context: CallContext,
  codec: DataCodec,
): InsertRequest {
  refuse({ namespace: Boolean(wire.namespace) });
  return {
    databaseName: databaseOf(wire.dbName, context),
    collectionName: wire.collectionName,
    partitionName: wire.partitionName,
    rows: wire.numRows,
    fields: wire.fieldsData.map((fieldData) => codec.incomingField(fieldData)),
    schemaTimestamp: wire.schemaTimestamp,
  };
}

const REPLACE = 0;

export function upsertRequest(wire: WireUpsert, context: CallContext, codec: DataCodec): UpsertRequest {
  const refused = wire.fieldOps.find(({ op }) => op !== REPLACE);
  if (refused !== undefined)
    throw invalid(`field_ops other than REPLACE is not supported, field: ${refused.fieldName}`);
  return { ...insertRequest(wire, context, codec), partialUpdate: wire.partialUpdate };
}

export function deleteRequest(wire: WireDelete, context: CallContext): DeleteRequest {
  refuse({ namespace: Boolean(wire.namespace) });
  return {
    databaseName: databaseOf(wire.dbName, context),
    collectionName: wire.collectionName,
    partitionName: wire.partitionName,
    filter: wire.expr,
    templates: templatesOf(wire.exprTemplateValues),
    consistency: { level: wire.consistencyLevel, useDefault: false, guaranteeTs: 0n },
  };
}

export function searchRequest(wire: WireSearch, context: CallContext, codec: DataCodec): SearchRequest {
  refuse({
    function_score: wire.functionScore !== undefined,
    highlighter: wire.highlighter !== undefined,
    search_aggregation: wire.searchAggregation !== undefined,
    function_chains: wire.functionChains.length > 0,
    sub_reqs: wire.subReqs.length > 0,
    search_by_primary_keys: wire.searchByPrimaryKeys,
    namespace: Boolean(wire.namespace),
  });
  return {
    databaseName: databaseOf(wire.dbName, context),
    collectionName: wire.collectionName,
    partitionNames: wire.partitionNames,
    filter: wire.dsl,
    templates: templatesOf(wire.exprTemplateValues),
    params: wire.searchParams,
    outputFields: wire.outputFields,
    consistency: consistencyOf(wire),
    targets: targetsOf(wire, codec),
  };
}

function targetsOf(wire: WireSearch, codec: DataCodec): SearchTargets {
  if (wire.ids !== undefined) {
    const keys = codec.decodeIds(wire.ids);
    checkQueryCount(wire.nq, keys.rows);
    return { kind: 'keys', keys };
  }
  if (wire.placeholderGroup === undefined) throw invalid('search needs placeholder_group or ids');
  const vectors = codec.decodePlaceholders(wire.placeholderGroup);
  checkQueryCount(wire.nq, vectors.count);
  return { kind: 'vectors', ...vectors };
}

/** A client may leave the count out. Errors: Invalid. */
function checkQueryCount(nq: bigint, count: number): void {
  if (nq === 0n || nq === BigInt(count)) return;
  throw invalid(`nq [${nq}] is not the number of vectors or ids of the search [${count}]`);
}

export function hybridSearchRequest(
  wire: WireHybridSearch,
  context: CallContext,
  codec: DataCodec,
): HybridSearchRequest {
  refuse({
    function_score: wire.functionScore !== undefined,
    function_chains: wire.functionChains.length > 0,
    namespace: Boolean(wire.namespace),
  });
  return {
    databaseName: databaseOf(wire.dbName, context),
    collectionName: wire.collectionName,
    searches: wire.requests.map((search) => searchRequest(search, context, codec)),
    partitionNames: wire.partitionNames,
    rankParams: wire.rankParams,
    outputFields: wire.outputFields,
    consistency: consistencyOf(wire),
  };
}

export function queryRequest(wire: WireQuery, context: CallContext): QueryRequest {
  refuse({ namespace: Boolean(wire.namespace) });
  return {
    databaseName: databaseOf(wire.dbName, context),
    collectionName: wire.collectionName,
    partitionNames: wire.partitionNames,
    filter: wire.expr,
    templates: templatesOf(wire.exprTemplateValues),
    params: wire.queryParams,
    outputFields: wire.outputFields,
    consistency: consistencyOf(wire),
  };
}

function consistencyOf(wire: WireSearch | WireQuery | WireHybridSearch) {
  return {
    level: wire.consistencyLevel,
    useDefault: wire.useDefaultConsistency,
    guaranteeTs: wire.guaranteeTimestamp,
  };
}
