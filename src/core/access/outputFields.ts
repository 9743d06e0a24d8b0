import type { Column, ColumnBatch } from '../domain/columns.ts';
import { columnOf } from '../domain/columns.ts';
import { invalid } from '../domain/errors.ts';
import type { CollectionSchema, FieldSchema } from '../domain/schema.ts';
import { DYNAMIC_FIELD_NAME, dynamicField, fieldByName, primaryKeyField } from '../domain/schema.ts';
import type { OutputColumn } from './requests.ts';

/** What a read returns of each row. */
export interface OutputPlan {
  /** In the order of the reply; the primary key only if it was asked for. */
  readonly fields: readonly FieldSchema[];
  /** The ids of `fields` but the primary key, which comes with the rows anyway. */
  readonly fieldIds: readonly number[];
  /**
   * For the reply's `output_fields`: names as asked for, dynamic keys among them; for `*` the real columns, since
   * clients take every name that is no column for a dynamic key, and without one take all keys.
   */
  readonly names: readonly string[];
}

const AGGREGATE = /^\s*(count|sum|avg|min|max)\s*\(/i;

/** Errors: Invalid for a name that is neither a field nor, with a dynamic field, a possible key. */
export function planOutput(schema: CollectionSchema, asked: readonly string[]): OutputPlan {
  const fields = new Set<FieldSchema>();
  const names = new Set<string>();
  for (const name of asked.map((text) => text.trim())) {
    if (name === '*') {
      for (const field of schema.fields) {
        fields.add(field);
        names.add(field.name);
      }
      continue;
    }
    fields.add(fieldBehind(schema, name));
    names.add(name);
  }
  return outputPlan(schema, [...fields], [...names]);
}

/** As `planOutput`, with the primary key in any case. */
export function planQueryOutput(schema: CollectionSchema, asked: readonly string[]): OutputPlan {
  const plan = planOutput(schema, asked);
  const key = primaryKeyField(schema);
  if (plan.fields.includes(key)) return plan;
  return outputPlan(schema, [...plan.fields, key], [...plan.names, key.name]);
}

function outputPlan(
  schema: CollectionSchema,
  fields: readonly FieldSchema[],
  names: readonly string[],
): OutputPlan {
  const key = primaryKeyField(schema);
  return { fields, names, fieldIds: fields.filter((field) => field !== key).map(({ fieldId }) => fieldId) };
}

function fieldBehind(schema: CollectionSchema, name: string): FieldSchema {
  if (AGGREGATE.test(name))
    throw invalid(`output field ${name}: aggregates other than count(*) are not supported`);
  const field = name === DYNAMIC_FIELD_NAME ? dynamicField(schema) : fieldByName(schema, name);
  const found = field ?? dynamicField(schema);
  if (found === undefined || name === '') throw invalid(`field ${name} not exist`);
  return found;
}

/** The columns of a reply. */
export function outputColumns(plan: OutputPlan, keys: Column, output: ColumnBatch): OutputColumn[] {
  return plan.fields.map((field) => ({
    field,
    column: field.isPrimaryKey ? keys : columnOf(output, field.fieldId)!,
  }));
}
