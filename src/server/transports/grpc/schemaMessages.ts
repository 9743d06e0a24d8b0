import { DataType, isNumericType } from '../../../core/domain/dataTypes.ts';
import { ElanusError, invalid } from '../../../core/domain/errors.ts';
import type { CollectionSchema, FieldSchema, KeyValue, ScalarValue } from '../../../core/domain/schema.ts';
import { primaryKeyField } from '../../../core/domain/schema.ts';
import {
  CollectionSchema as CollectionSchemaMessage,
  type DataType as DataTypeNumber,
  FieldSchema as FieldSchemaMessage,
  type ValueField,
} from '../../../gen/milvus/schema.ts';

/** The serialized CollectionSchema of CreateCollection. Error: Invalid for what is no message or is not supported. */
export function decodeCollectionSchema(bytes: Uint8Array): CollectionSchemaMessage {
  return decoded('schema of a collection', () => CollectionSchemaMessage.decode(bytes));
}

/** The serialized FieldSchema of AddCollectionField. Error: Invalid. */
export function decodeFieldSchema(bytes: Uint8Array): FieldSchemaMessage {
  return decoded('schema of a field', () => FieldSchemaMessage.decode(bytes));
}

function decoded<Message>(what: string, decode: () => Message): Message {
  try {
    return decode();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ElanusError('Invalid', `the ${what} is no valid message`, {
      subject: 'parameter',
      context: { reason },
      cause,
    });
  }
}

/** Error: Invalid, naming what is not supported. The other rules are the coordinator's. */
export function schemaOf(name: string, message: CollectionSchemaMessage): CollectionSchema {
  const refusals: readonly (readonly [string | undefined, string])[] = [
    [message.functions[0]?.name, 'functions are not supported'],
    [message.structArrayFields[0]?.name, 'struct array fields (struct_array_fields) are not supported'],
    [message.externalSource || undefined, 'external collections (external_source) are not supported'],
    [message.externalSpec || undefined, 'external collections (external_spec) are not supported'],
    [message.fileResourceIds[0]?.toString(), 'file resources (file_resource_ids) are not supported'],
    [message.enableNamespace ? 'enable_namespace' : undefined, 'namespaces are not supported'],
  ];
  for (const [what, text] of refusals) {
    if (what !== undefined) throw invalid(text, { collection: name, name: what });
  }
  if (message.name !== '' && message.name !== name) {
    throw invalid('the collection name and the name in the schema differ', {
      collection: name,
      schema: message.name,
    });
  }
  return {
    name,
    description: message.description,
    fields: message.fields.map(fieldOf),
    enableDynamicField: message.enableDynamicField,
    version: 0,
  };
}

/** Sizes that are no numbers become NaN, which the coordinator refuses with the text that was given. */
export function fieldOf(message: FieldSchemaMessage): FieldSchema {
  if (message.isDynamic)
    throw invalid('the dynamic field (is_dynamic) is made by the server', { field: message.name });
  if (message.isFunctionOutput)
    throw invalid('functions (is_function_output) are not supported', { field: message.name });
  if (message.externalField !== '') {
    throw invalid('external fields (external_field) are not supported', { field: message.name });
  }
  const size = (key: string): number => {
    const value = message.typeParams.find((param) => param.key === key)?.value;
    if (value === undefined) return 0;
    return /^\s*\d{1,9}\s*$/.test(value) ? Number(value) : Number.NaN;
  };
  return {
    fieldId: 0,
    name: message.name,
    description: message.description,
    dataType: message.dataType as DataType,
    isPrimaryKey: message.isPrimaryKey,
    autoId: message.autoID,
    isPartitionKey: message.isPartitionKey,
    isClusteringKey: message.isClusteringKey,
    isDynamic: false,
    nullable: message.nullable,
    defaultValue: defaultOf(message),
    elementType: message.elementType === 0 ? undefined : (message.elementType as DataType),
    dim: size('dim'),
    maxLength: size('max_length'),
    maxCapacity: size('max_capacity'),
    typeParams: plainPairs(message.typeParams),
  };
}

/** A message without a value in it is no default. Error: Invalid for a kind of value that no supported type has. */
function defaultOf({ name, dataType, defaultValue: value }: FieldSchemaMessage): ScalarValue | undefined {
  if (value === undefined) return undefined;
  const given =
    value.boolData ??
    value.intData ??
    value.longData ??
    value.floatData ??
    value.doubleData ??
    value.stringData;
  if (given !== undefined) return inFormOf(dataType, given);
  const other = Object.entries({
    bytes_data: value.bytesData,
    timestamptz_data: value.timestamptzData,
    date_data: value.dateData,
    time_data: value.timeData,
  }).find(([, one]) => one !== undefined);
  if (other === undefined) return undefined;
  throw invalid(`a default value of this kind (${other[0]}) is not supported`, { field: name });
}

/** Clients send whole numbers as int64 for a field of any numeric type; int64 fields hold bigints, the others numbers. */
function inFormOf(dataType: number, value: ScalarValue): ScalarValue {
  if (dataType === DataType.Int64) {
    return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;
  }
  return typeof value === 'bigint' && isNumericType(dataType) ? Number(value) : value;
}

/** The schema as DescribeCollection shows it: without `$meta`. */
export function schemaMessage(schema: CollectionSchema, databaseName: string): CollectionSchemaMessage {
  return CollectionSchemaMessage.fromPartial({
    name: schema.name,
    description: schema.description,
    autoID: primaryKeyField(schema).autoId,
    fields: schema.fields.filter((field) => !field.isDynamic).map(fieldMessage),
    enableDynamicField: schema.enableDynamicField,
    dbName: databaseName,
    version: schema.version,
  });
}

function fieldMessage(field: FieldSchema): FieldSchemaMessage {
  return FieldSchemaMessage.fromPartial({
    fieldID: BigInt(field.fieldId),
    name: field.name,
    description: field.description,
    dataType: field.dataType as DataTypeNumber,
    isPrimaryKey: field.isPrimaryKey,
    autoID: field.autoId,
    isPartitionKey: field.isPartitionKey,
    isClusteringKey: field.isClusteringKey,
    nullable: field.nullable,
    elementType: (field.elementType ?? 0) as DataTypeNumber,
    typeParams: [...field.typeParams],
    ...(field.defaultValue === undefined ? {} : { defaultValue: valueField(field, field.defaultValue) }),
  });
}

function valueField(field: FieldSchema, value: ScalarValue): ValueField {
  switch (typeof value) {
    case 'boolean':
      return { boolData: value };
    case 'bigint':
      return { longData: value };
    case 'string':
      return { stringData: value };
    default:
      if (field.dataType === DataType.Float) return { floatData: value };
      return field.dataType === DataType.Double ? { doubleData: value } : { intData: value };
  }
}

/** Only key and value, whatever else a decoder attached. */
export function plainPairs(pairs: readonly KeyValue[]): readonly KeyValue[] {
  return pairs.map(({ key, value }) => ({ key, value }));
}
