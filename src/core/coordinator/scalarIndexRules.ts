import { DataType, dataTypeName, isIntegerType, isNumericType } from '../domain/dataTypes.ts';
import { invalid } from '../domain/errors.ts';
import type { FieldSchema, KeyValue } from '../domain/schema.ts';
import { propertyOf } from './propertyRules.ts';

const INDEX_TYPES = 'INVERTED, STL_SORT, Trie, BITMAP, HYBRID, NGRAM, AUTOINDEX';
const CAST_TYPES = ['BOOL', 'DOUBLE', 'VARCHAR', 'ARRAY_BOOL', 'ARRAY_DOUBLE', 'ARRAY_VARCHAR', 'JSON'];
/** Legacy spellings of the trie. */
const TRIES = new Set(['Trie', 'TRIE', 'marisa-trie']);
const BITMAP_CARDINALITY_MAX = 1_000;

/**
 * Rules of scalar indexes. They are kept and described; filters give exact answers with or without one.
 * Error: Invalid, naming field, type and what is allowed.
 */
export function checkScalarIndex(field: FieldSchema, indexType: string, params: readonly KeyValue[]): void {
  const metric = propertyOf(params, 'metric_type');
  if (metric) {
    throw invalid('a scalar index has no metric type', { field: field.name, indexType, metric_type: metric });
  }
  if (field.dataType === DataType.JSON) checkJsonParams(field, params);
  const name = TRIES.has(indexType) ? 'Trie' : indexType;
  const fault = fieldFault(field, name, params);
  if (fault !== undefined) {
    throw invalid(fault, { field: field.name, dataType: dataTypeName(field.dataType), indexType });
  }
  if (name === 'NGRAM') checkGrams(field, params);
  if (name === 'BITMAP' || name === 'HYBRID') checkCardinality(field, params);
}

function fieldFault(field: FieldSchema, indexType: string, params: readonly KeyValue[]): string | undefined {
  const { dataType } = field;
  const cast = dataType === DataType.JSON ? propertyOf(params, 'json_cast_type')?.toUpperCase() : undefined;
  switch (indexType) {
    case 'AUTOINDEX':
    case 'INVERTED':
      return undefined;
    case 'STL_SORT':
      if (isNumericType(dataType) || dataType === DataType.VarChar) return undefined;
      if (cast === 'DOUBLE' || cast === 'VARCHAR') return undefined;
      return 'STL_SORT are only supported on numeric, varchar, timestamptz, date or time field';
    case 'Trie':
      return dataType === DataType.VarChar ? undefined : 'TRIE are only supported on varchar field';
    case 'BITMAP':
    case 'HYBRID':
      if (field.isPrimaryKey) return `create ${indexType} index on primary key not supported`;
      if (isBitmapType(dataType) || cast === 'BOOL' || cast === 'VARCHAR') return undefined;
      if (dataType === DataType.Array && isBitmapType(field.elementType!)) return undefined;
      return `${indexType} index are only supported on bool, int, string field`;
    case 'NGRAM':
      if (dataType === DataType.VarChar || cast === 'VARCHAR') return undefined;
      return 'NGRAM are only supported on varchar field, or a JSON path cast to VARCHAR';
    default:
      return `index type ${indexType} is not supported; supported are ${INDEX_TYPES}`;
  }
}

function isBitmapType(dataType: number): boolean {
  return dataType === DataType.Bool || isIntegerType(dataType) || dataType === DataType.VarChar;
}

function checkJsonParams(field: FieldSchema, params: readonly KeyValue[]): void {
  const cast = propertyOf(params, 'json_cast_type');
  if (cast === undefined) {
    throw invalid('json index must specify cast type', {
      field: field.name,
      supported: CAST_TYPES.join(', '),
    });
  }
  if (!CAST_TYPES.includes(cast.toUpperCase())) {
    throw invalid('json_cast_type is not supported', {
      field: field.name,
      json_cast_type: cast,
      supported: CAST_TYPES.join(', '),
    });
  }
  const path = propertyOf(params, 'json_path');
  if (path !== undefined && !/^[^\s[\]]*(\[[^\]]+\])*$/.test(path)) {
    throw invalid('json_path is not valid', { field: field.name, json_path: path });
  }
  const castFunction = propertyOf(params, 'json_cast_function');
  if (castFunction === undefined) return;
  if (castFunction.toUpperCase() === 'STRING_TO_DOUBLE' && cast.toUpperCase() === 'DOUBLE') return;
  throw invalid('json_cast_function must be STRING_TO_DOUBLE with json_cast_type DOUBLE', {
    field: field.name,
    json_cast_function: castFunction,
    json_cast_type: cast,
  });
}

function checkGrams(field: FieldSchema, params: readonly KeyValue[]): void {
  const min = propertyOf(params, 'min_gram');
  const max = propertyOf(params, 'max_gram');
  const isPositive = (text: string | undefined) => text !== undefined && /^[1-9]\d{0,8}$/.test(text);
  if (isPositive(min) && isPositive(max) && Number(min) <= Number(max)) return;
  throw invalid('NGRAM needs min_gram and max_gram, whole numbers > 0 with min_gram ≤ max_gram', {
    field: field.name,
    min_gram: min ?? 'none',
    max_gram: max ?? 'none',
  });
}

function checkCardinality(field: FieldSchema, params: readonly KeyValue[]): void {
  const limit = propertyOf(params, 'bitmap_cardinality_limit');
  if (limit === undefined) return;
  if (/^[1-9]\d{0,3}$/.test(limit) && Number(limit) <= BITMAP_CARDINALITY_MAX) return;
  throw invalid(`bitmap_cardinality_limit must be an integer in 1..${BITMAP_CARDINALITY_MAX}`, {
    field: field.name,
    bitmap_cardinality_limit: limit,
  });
}
