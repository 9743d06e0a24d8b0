import type { CollectionInfo, IndexInfo } from '../domain/catalog.ts';
import { isVectorType } from '../domain/dataTypes.ts';
import { invalid } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Metric } from '../domain/metric.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { fieldByName } from '../domain/schema.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import { SEARCH_PARAMS } from './paramNames.ts';
import type { Params } from './params.ts';
import type { ScoreBounds } from './rangeSearch.ts';
import { scoreBounds } from './rangeSearch.ts';

/** What a search asks for, checked. */
export interface SearchPlan {
  readonly field: FieldSchema;
  readonly index: IndexInfo;
  readonly metric: Metric;
  readonly limit: number;
  readonly offset: number;
  /** -1 = as they are. */
  readonly roundDecimal: number;
  readonly ignoreGrowing: boolean;
  readonly bounds: ScoreBounds;
  /** For the index. */
  readonly indexParams: Readonly<Record<string, number>>;
  readonly iterator: SearchIterator | undefined;
}

export interface SearchIterator {
  /** V1: the client does the paging by bounds and filters. */
  readonly version: 1 | 2;
  readonly batchSize: number;
  /** Undefined with the first page. */
  readonly token: string | undefined;
  /** Wire score of the last hit so far. */
  readonly lastBound: number | undefined;
  /** The session's timestamp, from clients that send it among the parameters; 0n = it is not there. */
  readonly sessionTs: Timestamp;
}

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const EF_MAX = 2_147_483_647;

/** Errors: Invalid, naming parameter, value and limit; NotFound (subject index). `offset` false: it is not looked at. */
export function planSearch(
  collection: CollectionInfo,
  params: Params,
  indexOf: (field: FieldSchema) => IndexInfo,
): SearchPlan {
  params.allow(SEARCH_PARAMS);
  const field = annsField(collection, params);
  checkCollectionId(collection, params);
  const limit = requiredLimit(params, 'topk');
  const offset = params.integer('offset', 0, LIMITS.topKMax) ?? 0;
  checkWindow(offset, limit);
  const iterator = planIterator(params, limit);
  const index = indexOf(field);
  const metric = checkedMetric(params, index);
  return {
    field,
    index,
    metric,
    limit,
    offset,
    roundDecimal: roundDecimalOf(params),
    ignoreGrowing: params.flag('ignore_growing'),
    bounds: scoreBounds(params, metric),
    indexParams: planIndexParams(params, index, limit + offset),
    iterator,
  };
}

export function requiredLimit(params: Params, key: string): number {
  const limit = params.integer(key, 1, LIMITS.topKMax);
  if (limit === undefined) throw invalid(`${key} not found in search_params`);
  return limit;
}

export function checkWindow(offset: number, limit: number): void {
  if (offset + limit <= LIMITS.topKMax) return;
  throw invalid(
    `(offset+limit) [${offset + limit}] is invalid, it should be in range [1, ${LIMITS.topKMax}]`,
  );
}

/** Iterators name the collection they began with. */
export function checkCollectionId({ collectionId, schema }: CollectionInfo, params: Params): void {
  const text = params.text('collection_id');
  if (text === undefined || text === String(collectionId)) return;
  throw invalid(`collection_id [${text}] is not that of collection ${schema.name} [${collectionId}]`);
}

export function roundDecimalOf(params: Params): number {
  return params.integer('round_decimal', -1, 6) ?? -1;
}

function annsField({ schema }: CollectionInfo, params: Params): FieldSchema {
  const name = params.text('anns_field');
  if (name === undefined) {
    const candidates = schema.fields.filter(({ dataType }) => isVectorType(dataType));
    if (candidates.length === 1) return candidates[0]!;
    throw invalid('multiple anns_fields exist, please specify a anns_field in search_params', {
      fields: candidates.map((field) => field.name).join(','),
    });
  }
  const field = fieldByName(schema, name);
  if (field === undefined) throw invalid(`failed to get field schema by name: fieldName(${name}) not found`);
  if (!isVectorType(field.dataType)) throw invalid(`anns_field ${name} is not a vector field`);
  return field;
}

function checkedMetric(params: Params, index: IndexInfo): Metric {
  const given = params.text('metric_type')?.toUpperCase();
  const { metric } = index;
  if (metric === undefined) throw invalid(`index ${index.indexName} has no metric`);
  if (given === undefined || given === metric) return metric;
  throw invalid('metric type not match: invalid parameter', { expected: metric, actual: given });
}

function planIterator(params: Params, limit: number): SearchIterator | undefined {
  const isV2 = params.flag('search_iter_v2');
  if (!params.flag('iterator')) {
    if (isV2) throw invalid('search_iter_v2 needs iterator to be true');
    return undefined;
  }
  const sessionTs = timestampOf(params);
  if (!isV2) return { version: 1, batchSize: limit, token: undefined, lastBound: undefined, sessionTs };
  if ((params.integer('offset', 0, LIMITS.topKMax) ?? 0) > 0)
    throw invalid('offset is not supported with search_iter_v2');
  const token = params.text('search_iter_id');
  if (token !== undefined && !UUID_V4.test(token)) {
    throw invalid(`search_iter_id [${token}] is invalid, it should be a UUID of version 4`);
  }
  return {
    version: 2,
    batchSize: params.integer('search_iter_batch_size', 1, LIMITS.topKMax) ?? limit,
    token,
    lastBound: params.number('search_iter_last_bound'),
    sessionTs,
  };
}

/** The Node SDK has no field for the timestamp of its iterators. */
function timestampOf(params: Params): Timestamp {
  const text = params.text('guarantee_timestamp') ?? '0';
  if (/^[0-9]{1,20}$/.test(text)) return BigInt(text);
  throw invalid(`guarantee_timestamp [${text}] is invalid, it should be a timestamp`);
}

/** The numbers among the parameters, with those of graph indexes checked. */
function planIndexParams(params: Params, index: IndexInfo, k: number): Readonly<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const key of params.keys()) {
    const value = Number(params.text(key));
    if (Number.isFinite(value)) numbers[key] = value;
  }
  const ef = index.indexType.startsWith('HNSW') ? params.integer('ef', 1, EF_MAX) : undefined;
  if (ef !== undefined && ef < k) throw invalid(`ef(${ef}) should be larger than k(${k})`);
  return numbers;
}
