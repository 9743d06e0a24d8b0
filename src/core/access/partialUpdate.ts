import type { BytesColumn, Column, FieldColumn } from '../domain/columns.ts';
import { columnOf } from '../domain/columns.ts';
import { invalid } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { gatherColumn } from '../segment/gather.ts';
import type { IncomingFields } from './assembleBatch.ts';
import { absentColumn, checkedColumn } from './assembleBatch.ts';
import type { AccessDependencies } from './dependencies.ts';
import { mergedObjects } from './dynamicColumn.ts';
import type { StoredRows } from './keyedRows.ts';
import { readRowsByKeys } from './keyedRows.ts';
import type { OpenCollection } from './loadGate.ts';

export interface PartialUpdate {
  readonly incoming: IncomingFields;
  readonly keys: Column;
  /** Where the stored rows are looked for; undefined = in all. */
  readonly partitionIds: readonly number[] | undefined;
}

/**
 * Columns of the rows after the update: what was sent, and from the stored rows what was not. Members of `$meta` are
 * merged. Rows that are not stored must have been sent whole.
 */
export async function assemblePartial(
  deps: AccessDependencies,
  open: OpenCollection,
  update: PartialUpdate,
): Promise<FieldColumn[]> {
  const { schema } = open.collection;
  const { incoming, keys } = update;
  const sent = new Map<number, Column>();
  for (const field of schema.fields) {
    const given = incoming.get(field.fieldId);
    if (field.isPrimaryKey) sent.set(field.fieldId, keys);
    else if (given !== undefined) sent.set(field.fieldId, checkedColumn(schema, field, given, keys.rows));
  }
  const needed = schema.fields.filter((field) => !sent.has(field.fieldId) || field.isDynamic);
  const stored = await readRowsByKeys(deps, open, keys, {
    partitionIds: update.partitionIds,
    outputFieldIds: needed.map(({ fieldId }) => fieldId),
  });
  return schema.fields.map((field) => ({
    fieldId: field.fieldId,
    column: mergedColumn(field, sent.get(field.fieldId), stored, keys.rows),
  }));
}

function mergedColumn(
  field: FieldSchema,
  sent: Column | undefined,
  stored: StoredRows,
  rows: number,
): Column {
  if (sent !== undefined && !field.isDynamic) return sent;
  const before = storedColumn(field, stored, rows);
  if (sent === undefined) return before;
  return mergedObjects(before as BytesColumn, sent as BytesColumn);
}

/** The field's stored values, with its default where no row is stored. */
function storedColumn(field: FieldSchema, stored: StoredRows, rows: number): Column {
  const column = columnOf(stored.output, field.fieldId)!;
  const { rowOf } = stored;
  const missing = rowOf.indexOf(-1);
  if (missing < 0) return gatherColumn([column], { sources: undefined, rows: Uint32Array.from(rowOf) });
  const fallback = fallbackColumn(field, missing);
  const sources = new Uint32Array(rows);
  const picked = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    if (rowOf[row]! < 0) sources[row] = 1;
    else picked[row] = rowOf[row]!;
  }
  return gatherColumn([column, fallback], { sources, rows: picked });
}

function fallbackColumn(field: FieldSchema, row: number): Column {
  if (!field.isDynamic && !field.nullable && field.defaultValue === undefined) {
    throw invalid(
      `fieldSchema(${field.name}) has no corresponding fieldData pass in and its key is not stored, row number: ${row}`,
    );
  }
  return absentColumn(field, 1);
}
