import type { BytesColumn, FixedColumn } from '../domain/columns.ts';
import { DataType } from '../domain/dataTypes.ts';
import type { FilterPlan, NumberOperand } from './plan.ts';
import { andOf } from './simplify.ts';

/** True if the filter lets every row pass. */
export function matchesAll(plan: FilterPlan): boolean {
  return plan.op === 'constant' && plan.value;
}

/** The rows that pass both. */
export function conjunction(a: FilterPlan, b: FilterPlan): FilterPlan {
  return andOf([a, b]);
}

/** Ids of the fields whose columns `evaluateFilter` asks for, ascending. */
export function filterFieldIds(plan: FilterPlan): readonly number[] {
  const ids = new Set<number>();
  collect(plan, ids);
  return [...ids].sort((a, b) => a - b);
}

function collect(plan: FilterPlan, ids: Set<number>): void {
  switch (plan.op) {
    case 'constant':
      return;
    case 'and':
    case 'or':
      for (const item of plan.items) collect(item, ids);
      return;
    case 'compareNumbers':
    case 'compareTexts':
      collectOperand(plan.left, ids);
      collectOperand(plan.right, ids);
      return;
    case 'range':
    case 'in':
    case 'textCompare':
    case 'textIn':
    case 'like':
      collectOperand(plan.operand, ids);
      return;
    default:
      ids.add(plan.fieldId);
  }
}

function collectOperand(operand: NumberOperand, ids: Set<number>): void {
  if (operand.op === 'constant') return;
  if (operand.op === 'arithmetic') {
    collectOperand(operand.left, ids);
    collectOperand(operand.right, ids);
    return;
  }
  ids.add(operand.fieldId);
}

/** Keys without duplicates, as a column: Int64 sorted, VarChar in the order of the filter. */
export type PrimaryKeyValues = FixedColumn | BytesColumn;

/** The keys when the filter is exactly `pk == v` or `pk in [...]` (the list may be empty); else undefined. */
export function primaryKeyPoints(plan: FilterPlan, pkFieldId: number): PrimaryKeyValues | undefined {
  switch (plan.op) {
    case 'range':
      if (plan.negated || plan.outside || plan.low !== plan.high || !isKey(plan.operand, pkFieldId)) return;
      return typeof plan.low === 'bigint' ? intKeys(BigInt64Array.of(plan.low)) : undefined;
    case 'in':
      if (plan.negated || !isKey(plan.operand, pkFieldId)) return;
      return plan.values instanceof BigInt64Array ? intKeys(plan.values) : undefined;
    case 'textCompare':
      if (plan.negated || plan.operator !== '==' || !isKey(plan.operand, pkFieldId)) return;
      return textKeys([plan.value]);
    case 'textIn':
      return plan.negated || !isKey(plan.operand, pkFieldId) ? undefined : textKeys(plan.values);
    default:
      return undefined;
  }
}

function isKey(operand: NumberOperand, pkFieldId: number): boolean {
  return operand.op === 'column' && operand.fieldId === pkFieldId;
}

function intKeys(values: BigInt64Array): FixedColumn {
  return { kind: 'fixed', dataType: DataType.Int64, rows: values.length, values, validity: undefined };
}

function textKeys(texts: readonly string[]): BytesColumn {
  const encoder = new TextEncoder();
  const encoded = texts.map((text) => encoder.encode(text));
  const offsets = new Uint32Array(texts.length + 1);
  encoded.forEach((text, i) => {
    offsets[i + 1] = offsets[i]! + text.length;
  });
  const bytes = new Uint8Array(offsets[texts.length]!);
  encoded.forEach((text, i) => {
    bytes.set(text, offsets[i]);
  });
  return {
    kind: 'bytes',
    dataType: DataType.VarChar,
    rows: texts.length,
    offsets,
    bytes,
    validity: undefined,
  };
}
