import { DataType, dataTypeName, isVectorType } from '../domain/dataTypes.ts';
import { invalid } from '../domain/errors.ts';
import type { Metric } from '../domain/metric.ts';
import { METRICS } from '../domain/metric.ts';
import type { FieldSchema, KeyValue } from '../domain/schema.ts';
import { checkBuildParamNames, INDEX_FLAGS } from './buildParamNames.ts';
import { flattenedParams, JSON_PARAMS_KEY } from './indexParams.ts';
import { isBooleanText, isWarmupKey, propertyOf } from './propertyRules.ts';
import { checkScalarIndex } from './scalarIndexRules.ts';

export interface CheckedIndex {
  readonly indexType: string;
  readonly metric: Metric | undefined;
  readonly params: readonly KeyValue[];
}

const VECTOR_INDEX_TYPES = ['FLAT', 'HNSW', 'AUTOINDEX'];
const INTEGER_RANGES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  M: [2, 2_048],
  efConstruction: [1, 2 ** 31 - 1],
};

/** An index of `field` as it will be stored. `params` are the user's, index_type and metric_type included. Error: Invalid. */
export function checkedIndex(field: FieldSchema, given: readonly KeyValue[]): CheckedIndex {
  const params = flattenedParams(given);
  for (const { key, value } of params) {
    if (INDEX_FLAGS.has(key) && !isBooleanText(value)) {
      throw invalid('the value must be true or false', { parameter: key, value });
    }
  }
  const indexType = propertyOf(params, 'index_type') || 'AUTOINDEX';
  if (isVectorType(field.dataType)) return checkedVectorIndex(field, indexType, params);
  checkScalarIndex(field, indexType, params);
  checkBuildParamNames(field, false, params);
  return { indexType, metric: undefined, params: withDefaults(params, [['index_type', indexType]]) };
}

function checkedVectorIndex(
  field: FieldSchema,
  indexType: string,
  params: readonly KeyValue[],
): CheckedIndex {
  if (!VECTOR_INDEX_TYPES.includes(indexType)) {
    throw invalid(`index type ${indexType} is not supported for ${dataTypeName(field.dataType)} fields`, {
      field: field.name,
      supported: VECTOR_INDEX_TYPES.join(', '),
    });
  }
  checkBuildParamNames(field, true, params);
  const metric = metricOf(field, propertyOf(params, 'metric_type') || 'COSINE');
  for (const { key, value } of params) {
    if (indexType === 'AUTOINDEX') checkAutoIndexParam(key, value);
    if (indexType === 'HNSW') checkInteger(field, key, value);
  }
  const defaults: readonly [string, string][] = [
    ['index_type', indexType],
    ['metric_type', metric],
  ];
  return { indexType, metric, params: withDefaults(params, defaults) };
}

function metricOf(field: FieldSchema, given: string): Metric {
  const metric = METRICS.find((name) => name === given.toUpperCase());
  if (metric !== undefined) return metric;
  throw invalid(`float vector index does not support metric type: ${given}`, {
    field: field.name,
    supported: METRICS.join(', '),
  });
}

function checkAutoIndexParam(key: string, value: string): void {
  if (key === 'index_type' || key === 'metric_type' || INDEX_FLAGS.has(key) || isWarmupKey(key)) return;
  if (key === JSON_PARAMS_KEY) return; // its members are here too
  throw invalid('only metric type can be passed when use AutoIndex', { parameter: key, value });
}

function checkInteger(field: FieldSchema, key: string, value: string): void {
  const range = INTEGER_RANGES[key];
  if (range === undefined) return;
  const [least, most] = range;
  const number = /^-?\d{1,12}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return;
  throw invalid(`${key} must be an integer in ${least}..${most}`, { field: field.name, [key]: value });
}

function withDefaults(
  params: readonly KeyValue[],
  defaults: readonly (readonly [string, string])[],
): readonly KeyValue[] {
  const missing = defaults.filter(([key]) => !propertyOf(params, key));
  if (missing.length === 0) return params;
  const kept = params.filter(({ key, value }) => value !== '' || !missing.some(([name]) => name === key));
  return [...missing.map(([key, value]) => ({ key, value })), ...kept];
}

/** Error: Invalid for keys that cannot change after the index was made. */
export function checkIndexAlteration(set: readonly KeyValue[], deleteKeys: readonly string[]): void {
  const keys = [...set.map(({ key }) => key), ...deleteKeys];
  for (const key of keys) {
    if (INDEX_FLAGS.has(key) || isWarmupKey(key)) continue;
    throw invalid(`${key} is not a configable index property`, { mutable: [...INDEX_FLAGS].join(', ') });
  }
  for (const { key, value } of set) {
    if (INDEX_FLAGS.has(key) && !isBooleanText(value)) {
      throw invalid('the value must be true or false', { parameter: key, value });
    }
  }
}

/** What a JSON index is about: two indexes of one field with different paths are different indexes. */
export function jsonPathOf(field: FieldSchema, params: readonly KeyValue[]): string {
  return field.dataType === DataType.JSON ? (propertyOf(params, 'json_path') ?? '') : '';
}
