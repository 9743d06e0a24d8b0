import type { Column } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';
import type { CollectionSchema } from '../domain/schema.ts';
import { primaryKeyField } from '../domain/schema.ts';
import type { ColumnOperand, FilterPlan } from '../expr/plan.ts';

/** The filter `primary key in keys`, made without text. */
export function keyFilter(keys: Column, schema: CollectionSchema): FilterPlan {
  const { fieldId, dataType } = primaryKeyField(schema);
  const operand: ColumnOperand = { op: 'column', fieldId, dataType };
  if (keys.kind === 'bytes') return { op: 'textIn', operand, values: distinctTexts(keys), negated: false };
  assert(keys.kind === 'fixed' && keys.values instanceof BigInt64Array, 'a key column is Int64 or VarChar');
  return { op: 'in', operand, values: distinctNumbers(keys.values.slice(0, keys.rows)), negated: false };
}

function distinctTexts(keys: Column & { kind: 'bytes' }): string[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const texts = new Set<string>();
  for (let row = 0; row < keys.rows; row++) {
    texts.add(decoder.decode(keys.bytes.subarray(keys.offsets[row]!, keys.offsets[row + 1]!)));
  }
  return [...texts];
}

function distinctNumbers(values: BigInt64Array): BigInt64Array {
  values.sort();
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (i === 0 || values[i] !== values[i - 1]) values[count++] = values[i]!;
  }
  return values.slice(0, count);
}
