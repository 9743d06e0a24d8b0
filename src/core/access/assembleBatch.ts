import type { BytesColumn, Column, FieldColumn } from '../domain/columns.ts';
import { dataTypeName } from '../domain/dataTypes.ts';
import { invalid } from '../domain/errors.ts';
import type { CollectionSchema, FieldSchema } from '../domain/schema.ts';
import { DYNAMIC_FIELD_NAME, dynamicField, fieldByName } from '../domain/schema.ts';
import { checkedValues } from './checkColumn.ts';
import { checkedDynamic } from './dynamicColumn.ts';
import { firstNull, nullColumn, repeatedColumn, withNullsReplaced } from './fillColumn.ts';
import type { IncomingField } from './requests.ts';

export type IncomingFields = ReadonlyMap<number, IncomingField>;

/** The fields a client sent, by field id. Errors: Invalid for an unknown or doubled field or another type. */
export function matchFields(schema: CollectionSchema, incoming: readonly IncomingField[]): IncomingFields {
  const matched = new Map<number, IncomingField>();
  for (const given of incoming) {
    const isDynamic = given.isDynamic || given.name === DYNAMIC_FIELD_NAME;
    const field = isDynamic ? dynamicField(schema) : fieldByName(schema, given.name);
    if (field === undefined) throw invalid(`fieldName ${given.name} not exist in collection schema`);
    if (matched.has(field.fieldId)) {
      throw invalid(`the FieldDatas parameter being passed contains duplicated data for field ${field.name}`);
    }
    if (given.dataType !== field.dataType) {
      throw invalid(
        `the data type of field ${field.name} is ${dataTypeName(given.dataType)}, ` +
          `expected ${dataTypeName(field.dataType)}`,
      );
    }
    matched.set(field.fieldId, given);
  }
  return matched;
}

/** One column as it came, checked in full; null rows are still null unless the field has a default value. */
export function checkedColumn(
  schema: CollectionSchema,
  field: FieldSchema,
  incoming: IncomingField,
  rows: number,
): Column {
  const given = incoming.decode(field, rows);
  if (given.rows !== rows) {
    throw invalid(
      `the num_rows (${given.rows}) of field (${field.name}) is not equal to passed num_rows (${rows})`,
    );
  }
  const column = checkedValues(field, given);
  if (field.isDynamic) return checkedDynamic(schema, field, column as BytesColumn);
  if (field.defaultValue !== undefined) return withNullsReplaced(field, column, field.defaultValue);
  const row = firstNull(column.validity, rows);
  if (row < 0) return column.validity === undefined ? column : { ...column, validity: undefined };
  if (field.isPrimaryKey || field.isPartitionKey || !field.nullable) {
    throw invalid(`the field ${field.name} is not nullable but has no value, row number: ${row}`);
  }
  return column;
}

/** What a field holds when nothing was sent. Errors: Invalid when it must be sent. */
export function absentColumn(field: FieldSchema, rows: number): Column {
  if (field.isDynamic) return repeatedColumn(field, '{}', rows);
  if (field.defaultValue !== undefined) return repeatedColumn(field, field.defaultValue, rows);
  if (field.nullable) return nullColumn(field, rows);
  throw invalid(`fieldSchema(${field.name}) has no corresponding fieldData pass in`);
}

/** Columns of all fields but those of `except`, in schema order. */
export function assembleColumns(
  schema: CollectionSchema,
  incoming: IncomingFields,
  rows: number,
  except: (field: FieldSchema) => boolean,
): FieldColumn[] {
  const columns: FieldColumn[] = [];
  for (const field of schema.fields) {
    if (except(field)) continue;
    const given = incoming.get(field.fieldId);
    const column =
      given === undefined ? absentColumn(field, rows) : checkedColumn(schema, field, given, rows);
    columns.push({ fieldId: field.fieldId, column });
  }
  return columns;
}

export function checkRowCount(rows: number): void {
  if (!Number.isSafeInteger(rows) || rows <= 0) {
    throw invalid(`num_rows (${rows}) should be greater than 0`);
  }
}
