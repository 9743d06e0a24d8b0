import type { DataType as DataTypeCode } from '../domain/dataTypes.ts';
import { DataType, isVectorType } from '../domain/dataTypes.ts';
import { invalid } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { CollectionSchema, FieldSchema } from '../domain/schema.ts';
import { DYNAMIC_FIELD_NAME, FIELD_ID_FIRST } from '../domain/schema.ts';
import { checkField } from './fieldRules.ts';
import { checkName } from './names.ts';
import { sameProperties } from './propertyRules.ts';

/** The schema as it will be stored: checked, with field ids and, if it is dynamic, `$meta` as its last field. Error: Invalid. */
export function newSchema(given: CollectionSchema): CollectionSchema {
  checkName('collection', given.name);
  const fields = given.fields.filter((field) => !field.isDynamic);
  checkFieldCounts(given.name, fields);
  for (const field of fields) checkField(field);
  checkFieldsTogether(given.name, fields);
  const numbered = fields.map((field, i) => ({ ...field, fieldId: FIELD_ID_FIRST + i }));
  if (given.enableDynamicField) numbered.push(metaField(FIELD_ID_FIRST + fields.length));
  return {
    name: given.name,
    description: given.description,
    fields: numbered,
    enableDynamicField: given.enableDynamicField,
    version: 0,
  };
}

function checkFieldCounts(collection: string, fields: readonly FieldSchema[]): void {
  if (fields.length > LIMITS.fieldsMax) {
    throw invalid('too many fields', { collection, fields: fields.length, fieldsMax: LIMITS.fieldsMax });
  }
  const vectors = fields.filter((field) => isVectorType(field.dataType)).length;
  if (vectors > LIMITS.vectorFieldsMax) {
    throw invalid('too many vector fields', {
      collection,
      vectorFields: vectors,
      vectorFieldsMax: LIMITS.vectorFieldsMax,
    });
  }
  if (vectors === 0) throw invalid('schema does not contain a vector field', { collection });
}

function checkFieldsTogether(collection: string, fields: readonly FieldSchema[]): void {
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name)) throw invalid('duplicated field name', { collection, field: name });
    names.add(name);
  }
  const primaryKeys = namesWhere(fields, (field) => field.isPrimaryKey);
  if (primaryKeys.length === 0) throw invalid('primary key is not specified', { collection });
  atMostOne(collection, 'there are more than one primary key', primaryKeys);
  atMostOne(
    collection,
    'there are more than one partition key',
    namesWhere(fields, (field) => field.isPartitionKey),
  );
  atMostOne(
    collection,
    'there are more than one clustering key',
    namesWhere(fields, (field) => field.isClusteringKey),
  );
}

function namesWhere(fields: readonly FieldSchema[], holds: (field: FieldSchema) => boolean): string[] {
  return fields.filter(holds).map((field) => field.name);
}

function atMostOne(collection: string, message: string, names: readonly string[]): void {
  if (names.length > 1) throw invalid(message, { collection, fields: names.join(', ') });
}

/** The field of undeclared keys. Rows from before it exist only when it came later, and then they have no keys. */
export function metaField(fieldId: number): FieldSchema {
  return {
    fieldId,
    name: DYNAMIC_FIELD_NAME,
    description: 'dynamic schema',
    dataType: DataType.JSON as DataTypeCode,
    isPrimaryKey: false,
    autoId: false,
    isPartitionKey: false,
    isClusteringKey: false,
    isDynamic: true,
    nullable: false,
    defaultValue: '{}',
    elementType: undefined,
    dim: 0,
    maxLength: 0,
    maxCapacity: 0,
    typeParams: [],
  };
}

/** The schema with one more field, before `$meta`. Error: Invalid. */
export function withField(schema: CollectionSchema, given: FieldSchema): CollectionSchema {
  const context = { collection: schema.name, field: given.name };
  checkField(given);
  const refusals: readonly (readonly [boolean, string])[] = [
    [isVectorType(given.dataType), 'a vector field cannot be added'],
    [given.isPrimaryKey, 'a primary key cannot be added'],
    [given.isPartitionKey, 'a partition key cannot be added'],
    [given.isClusteringKey, 'a clustering key cannot be added'],
    [given.isDynamic, 'a dynamic field cannot be added; set dynamicfield.enabled instead'],
    [
      !given.nullable && given.defaultValue === undefined,
      'an added field must be nullable or have a default value',
    ],
    [schema.fields.some((field) => field.name === given.name), 'duplicated field name'],
  ];
  for (const [holds, message] of refusals) if (holds) throw invalid(message, context);
  const declared = schema.fields.filter((field) => !field.isDynamic);
  if (declared.length >= LIMITS.fieldsMax) {
    throw invalid('too many fields', {
      ...context,
      fields: declared.length + 1,
      fieldsMax: LIMITS.fieldsMax,
    });
  }
  const dynamic = schema.fields.filter((field) => field.isDynamic);
  const added = { ...given, fieldId: nextFieldId(schema) };
  return { ...schema, fields: [...declared, added, ...dynamic], version: schema.version + 1 };
}

/** The schema with a `$meta` field that it did not have. */
export function withDynamicField(schema: CollectionSchema): CollectionSchema {
  return {
    ...schema,
    enableDynamicField: true,
    fields: [...schema.fields, metaField(nextFieldId(schema))],
    version: schema.version + 1,
  };
}

function nextFieldId(schema: CollectionSchema): number {
  return Math.max(...schema.fields.map((field) => field.fieldId)) + 1;
}

/** Whether a collection with schema `b` is what a request for `a` wants; ids and versions do not matter. */
export function sameSchema(a: CollectionSchema, b: CollectionSchema): boolean {
  return (
    a.name === b.name &&
    a.description === b.description &&
    a.enableDynamicField === b.enableDynamicField &&
    a.fields.length === b.fields.length &&
    a.fields.every((field, i) => sameField(field, b.fields[i]!))
  );
}

export function sameField(a: FieldSchema, b: FieldSchema): boolean {
  for (const key of Object.keys(a) as (keyof FieldSchema)[]) {
    if (key === 'fieldId' || key === 'typeParams') continue;
    if (a[key] !== b[key]) return false;
  }
  return sameProperties(a.typeParams, b.typeParams);
}
