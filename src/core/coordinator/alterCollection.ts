import type { CollectionInfo } from '../domain/catalog.ts';
import { DataType, dataTypeName } from '../domain/dataTypes.ts';
import { ElanusError, invalid } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { CollectionSchema, FieldSchema, KeyValue } from '../domain/schema.ts';
import { fieldByName } from '../domain/schema.ts';
import type { CollectionTarget } from './collectionChanges.ts';
import { changeCollection } from './collectionChanges.ts';
import type { CoordinatorContext } from './context.ts';
import { checkField } from './fieldRules.ts';
import {
  alteredProperties,
  checkCollectionProperties,
  DYNAMIC_FIELD_PROPERTY,
  isWarmupKey,
  sameProperties,
} from './propertyRules.ts';
import { withDynamicField, withField } from './schemaRules.ts';
import type { CollectionAlteration, FieldAlteration } from './service.ts';

/** Properties; `dynamicfield.enabled = true` adds the `$meta` field instead. */
export async function alterCollection(
  context: CoordinatorContext,
  request: CollectionAlteration,
): Promise<CollectionInfo> {
  const dynamic = request.set.find(({ key }) => key === DYNAMIC_FIELD_PROPERTY);
  if (dynamic !== undefined) return enableDynamicField(context, request, dynamic);
  return changeCollection(context, 'alterCollection', targetOf(request), (current) => {
    const properties = alteredProperties(current.properties, request.set, request.deleteKeys);
    checkCollectionProperties(request.set);
    return sameProperties(properties, current.properties) ? current : { ...current, properties };
  });
}

function enableDynamicField(
  context: CoordinatorContext,
  request: CollectionAlteration,
  { value }: KeyValue,
): Promise<CollectionInfo> {
  return changeCollection(context, 'alterCollection', targetOf(request), (current) => {
    const property = { property: DYNAMIC_FIELD_PROPERTY, value };
    if (request.set.length > 1 || request.deleteKeys.length > 0) {
      throw invalid('cannot alter dynamic schema with other properties at the same time', property);
    }
    if (value.toLowerCase() !== 'true') {
      throw invalid('dynamic schema cannot be disabled', property);
    }
    if (current.schema.enableDynamicField) return current;
    return withSchema(context, current, withDynamicField(current.schema));
  });
}

/** Appends a nullable or defaulted field. The same field again is not a success: which one was meant is unclear. */
export async function addField(
  context: CoordinatorContext,
  request: { requestId: string; databaseName: string; name: string; field: FieldSchema },
): Promise<CollectionInfo> {
  return changeCollection(context, 'addField', targetOf(request), (current) =>
    withSchema(context, current, withField(current.schema, request.field)),
  );
}

export async function alterField(
  context: CoordinatorContext,
  request: FieldAlteration,
): Promise<CollectionInfo> {
  return changeCollection(context, 'alterField', targetOf(request), (current) => {
    const field = fieldByName(current.schema, request.fieldName);
    if (field === undefined) {
      throw new ElanusError('NotFound', 'field not found', {
        subject: 'field',
        context: { collection: current.schema.name, field: request.fieldName },
      });
    }
    const altered = alteredField(field, request);
    if (sameProperties(altered.typeParams, field.typeParams)) return current;
    const fields = current.schema.fields.map((other) => (other === field ? altered : other));
    const version = current.schema.version + 1;
    return withSchema(context, current, { ...current.schema, fields, version });
  });
}

function alteredField(field: FieldSchema, request: FieldAlteration): FieldSchema {
  for (const key of request.deleteKeys) {
    if (key === 'mmap.enabled' || isWarmupKey(key)) continue;
    throw invalid(`${key} is not allowed to drop in collection field param`, { field: field.name });
  }
  let { maxLength, maxCapacity } = field;
  for (const { key, value } of request.set) {
    if (key === 'max_length') {
      const hasText = field.dataType === DataType.VarChar || field.elementType === DataType.VarChar;
      maxLength = raised(field, key, value, hasText, maxLength, LIMITS.varCharBytesMax);
    } else if (key === 'max_capacity') {
      const isArray = field.dataType === DataType.Array;
      maxCapacity = raised(field, key, value, isArray, maxCapacity, LIMITS.arrayCapacityMax);
    } else if (key !== 'mmap.enabled' && !isWarmupKey(key)) {
      throw invalid(`${key} does not allow update in collection field param`, { field: field.name, value });
    }
  }
  const typeParams = alteredProperties(field.typeParams, request.set, request.deleteKeys);
  const altered = { ...field, maxLength, maxCapacity, typeParams };
  if (!field.isDynamic) checkField(altered);
  return altered;
}

function raised(
  field: FieldSchema,
  key: string,
  value: string,
  fits: boolean,
  current: number,
  most: number,
): number {
  const context = { field: field.name, dataType: dataTypeName(field.dataType), [key]: value };
  if (!fits) throw invalid(`${key} does not fit the data type`, context);
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= current && number <= most) return number;
  throw invalid(`${key} can only be raised: it must be an integer in ${current}..${most}`, context);
}

/** The collection with a changed schema and a new update timestamp, by which clients notice it. */
async function withSchema(
  context: CoordinatorContext,
  current: CollectionInfo,
  schema: CollectionSchema,
): Promise<CollectionInfo> {
  return { ...current, schema, updateTs: await context.timestamps.allocate(1) };
}

/** Rows go by a durable record of the streaming node first; the catalogue notes its timestamp. */
export async function truncateCollection(
  context: CoordinatorContext,
  request: { requestId: string; databaseName: string; name: string },
): Promise<void> {
  await changeCollection(context, 'truncateCollection', targetOf(request), async (current) => {
    if (!context.channels.isClaimed) {
      throw new ElanusError('Unavailable', 'no streaming node has claimed channels');
    }
    const { requestId } = request;
    const { collectionId } = current;
    const truncatedTs = await context.streaming().truncateCollection({ requestId, collectionId });
    return truncatedTs > current.truncatedTs ? { ...current, truncatedTs } : current;
  });
}

function targetOf(request: { requestId: string; databaseName: string; name: string }): CollectionTarget {
  return { requestId: request.requestId, databaseName: request.databaseName, collection: request.name };
}
