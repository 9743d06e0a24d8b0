import { DataType, dataTypeName, fixedWidthBytes } from '../domain/dataTypes.ts';
import { ElanusError, invalid } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { FieldSchema, KeyValue, ScalarValue } from '../domain/schema.ts';
import { checkFieldName } from './names.ts';
import { isBooleanText, isWarmupKey } from './propertyRules.ts';

const SUPPORTED = new Set<number>(Object.values(DataType));
const CLUSTERING_KEY_TYPES = new Set<number>([
  DataType.Int8,
  DataType.Int16,
  DataType.Int32,
  DataType.Int64,
  DataType.Float,
  DataType.Double,
  DataType.VarChar,
]);
const TEXT_PARAMS = new Set(['enable_analyzer', 'enable_match']);
const ANALYZER_PARAMS = new Set(['analyzer_params', 'multi_analyzer_params']);

/** Names of the Milvus types that this server does not store, for messages. */
const REFUSED_TYPES: Readonly<Record<number, string>> = {
  0: 'None',
  20: 'String',
  24: 'Geometry',
  25: 'Text',
  26: 'Timestamptz',
  27: 'Mol',
  28: 'Date',
  29: 'Time',
  30: 'Decimal',
  31: 'UUID',
  100: 'BinaryVector',
  102: 'Float16Vector',
  103: 'BFloat16Vector',
  104: 'SparseFloatVector',
  105: 'Int8Vector',
  106: 'ArrayOfVector',
  200: 'ArrayOfStruct',
  201: 'Struct',
};

/** Every rule that concerns one field alone. Error: Invalid, naming the field, the value and the limit. */
export function checkField(field: FieldSchema): void {
  checkFieldName(field.name);
  checkType(field);
  checkTypeParams(field);
  checkSizes(field);
  checkKeys(field);
  checkDefault(field);
}

function checkType(field: FieldSchema): void {
  const type: number = field.dataType;
  if (!SUPPORTED.has(type)) {
    const dataType = REFUSED_TYPES[type] ?? dataTypeName(type);
    throw invalid(`the data type ${dataType} is not supported`, { field: field.name });
  }
  if (field.dataType !== DataType.Array) {
    if (field.elementType === undefined) return;
    throw invalid('element_type is only for Array fields', {
      field: field.name,
      dataType: dataTypeName(type),
    });
  }
  const element = field.elementType;
  if (element === DataType.VarChar || (element !== undefined && fixedWidthBytes(element) > 0)) return;
  throw invalid('an Array needs an element type of Bool, Int8..Int64, Float, Double or VarChar', {
    field: field.name,
    elementType: element === undefined ? 'none' : (REFUSED_TYPES[element] ?? dataTypeName(element)),
  });
}

function checkTypeParams(field: FieldSchema): void {
  const seen = new Set<string>();
  for (const param of field.typeParams) {
    if (seen.has(param.key)) throw invalid('duplicated type param', { field: field.name, param: param.key });
    seen.add(param.key);
    checkTypeParam(field, param);
  }
}

function checkTypeParam(field: FieldSchema, { key, value }: KeyValue): void {
  if (key === 'dim' || key === 'max_length' || key === 'max_capacity') return; // checkSizes
  if (isWarmupKey(key) || ANALYZER_PARAMS.has(key)) return;
  const context = { field: field.name, param: key, value };
  if (key === 'mmap.enabled') {
    if (isBooleanText(value)) return;
    throw invalid('the value must be true or false', context);
  }
  if (TEXT_PARAMS.has(key)) {
    if (value.toLowerCase() === 'false') return;
    throw invalid(`text analysis (${key}) is not supported`, context);
  }
  throw invalid('unknown type param', context);
}

function checkSizes(field: FieldSchema): void {
  const isVector = field.dataType === DataType.FloatVector;
  const isArray = field.dataType === DataType.Array;
  const hasText = field.dataType === DataType.VarChar || field.elementType === DataType.VarChar;
  checkSize(field, 'dim', field.dim, isVector, LIMITS.dimMin, LIMITS.dimMax);
  checkSize(field, 'max_capacity', field.maxCapacity, isArray, 1, LIMITS.arrayCapacityMax);
  checkSize(field, 'max_length', field.maxLength, hasText, 1, LIMITS.varCharBytesMax);
}

/** A type that has no such size may carry a meaningless one, as some clients send it. */
function checkSize(
  field: FieldSchema,
  name: string,
  value: number,
  isNeeded: boolean,
  least: number,
  most: number,
): void {
  if (!isNeeded) return;
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const given = field.typeParams.find((param) => param.key === name)?.value ?? value;
  const missing = given === 0 ? 'not specified, but ' : '';
  throw invalid(`${name} is ${missing}required to be an integer in ${least}..${most}`, {
    field: field.name,
    dataType: dataTypeName(field.dataType),
    [name]: given,
  });
}

function checkKeys(field: FieldSchema): void {
  const context = { field: field.name, dataType: dataTypeName(field.dataType) };
  const isKeyType = field.dataType === DataType.Int64 || field.dataType === DataType.VarChar;
  if (field.isPrimaryKey) {
    if (!isKeyType) throw invalid('a primary key must be Int64 or VarChar', context);
    if (field.nullable) throw invalid('a primary key cannot be nullable', context);
    if (field.defaultValue !== undefined) throw invalid('a primary key cannot have a default value', context);
    if (field.isPartitionKey) throw invalid('a primary key cannot be the partition key', context);
  } else if (field.autoId) {
    throw invalid('only the primary key can have autoID', context);
  }
  if (field.isPartitionKey) {
    if (!isKeyType) throw invalid('a partition key must be Int64 or VarChar', context);
    if (field.nullable) throw invalid('a partition key cannot be nullable', context);
  }
  if (field.isClusteringKey && !CLUSTERING_KEY_TYPES.has(field.dataType)) {
    throw invalid('a clustering key must be a number or VarChar', context);
  }
  if (field.nullable && field.dataType === DataType.FloatVector) {
    throw invalid('nullable vector fields are not supported', context);
  }
}

const INTEGER_BITS: Readonly<Record<number, number>> = {
  [DataType.Int8]: 8,
  [DataType.Int16]: 16,
  [DataType.Int32]: 32,
};

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

function checkDefault(field: FieldSchema): void {
  const value = field.defaultValue;
  if (value === undefined) return;
  const context = { field: field.name, dataType: dataTypeName(field.dataType), value: String(value) };
  const { dataType } = field;
  if (dataType === DataType.Array || dataType === DataType.JSON || dataType === DataType.FloatVector) {
    throw invalid('a field of this type cannot have a default value', context);
  }
  if (!isOfType(dataType, value)) throw invalid('the default value does not fit the data type', context);
  if (dataType === DataType.VarChar && new TextEncoder().encode(value as string).length > field.maxLength) {
    throw new ElanusError('Invalid', 'the default value is longer than max_length', {
      subject: 'parameter',
      context: { field: field.name, max_length: field.maxLength },
    });
  }
}

function isOfType(dataType: number, value: ScalarValue): boolean {
  if (dataType === DataType.Bool) return typeof value === 'boolean';
  if (dataType === DataType.VarChar) return typeof value === 'string';
  if (dataType === DataType.Int64) {
    return typeof value === 'bigint' && value >= INT64_MIN && value <= INT64_MAX;
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  const bits = INTEGER_BITS[dataType];
  if (bits === undefined) return dataType === DataType.Double || Number.isFinite(Math.fround(value));
  const half = 2 ** (bits - 1);
  return Number.isInteger(value) && value >= -half && value < half;
}
