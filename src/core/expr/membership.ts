import { DataType, dataTypeName } from '../domain/dataTypes.ts';
import { LIMITS } from '../domain/limits.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { boundsOf } from './bounds.ts';
import { failAt } from './filterError.ts';
import { isList, isNumber, literalShown, literalType } from './fold.ts';
import { elementTypeOf, numberKindOf, type Value } from './names.ts';
import type { ElementOperand, FilterPlan, Literal, NumberKind } from './plan.ts';
import { andOf, orOf, sortedDoubles, sortedInts } from './simplify.ts';

/** `item in [values]`. Error: Invalid when a value cannot be of the item's type. */
export function listTest(
  item: Value,
  values: readonly Literal[],
  negated: boolean,
  offset: number,
): FilterPlan {
  switch (item.is) {
    case 'number':
      return {
        op: 'in',
        operand: item.operand,
        values: numbersOf(item.kind, values, item.shown, offset),
        negated,
      };
    case 'bool':
      return { op: 'in', operand: item.operand, values: boolsOf(values, item.shown, offset), negated };
    case 'text':
      return { op: 'textIn', operand: item.operand, values: textsOf(values, item.shown, offset), negated };
    case 'json':
      if (item.path.length === 0) break;
      return { op: 'jsonIn', fieldId: item.fieldId, path: item.path, values, negated };
    default:
  }
  return failAt(offset, `'in' is not supported on ${item.shown}`);
}

/** Whether an Array field or a JSON array contains any or all of `values`. */
export function memberTest(
  container: Value,
  mode: 'any' | 'all',
  values: readonly Literal[],
  negated: boolean,
  offset: number,
): FilterPlan {
  if (container.is === 'json') {
    const { fieldId, path } = container;
    return { op: 'jsonContains', fieldId, path, mode, values, negated };
  }
  if (container.is !== 'array') {
    return failAt(
      offset,
      `contains operation is only supported on an array or JSON field, got ${container.shown}`,
    );
  }
  const { fieldId } = container.field;
  return { op: 'arrayContains', fieldId, mode, values: elementsOf(container.field, values, offset), negated };
}

function elementsOf(
  field: FieldSchema,
  values: readonly Literal[],
  offset: number,
): BigInt64Array | Float64Array | readonly string[] {
  const type = elementTypeOf(field);
  const shown = `Array field ${field.name} of ${dataTypeName(type)}`;
  if (type === DataType.VarChar) return textsOf(values, shown, offset);
  if (type === DataType.Bool) return boolsOf(values, shown, offset);
  return numbersOf(numberKindOf(type), values, shown, offset);
}

/** An Array field that equals the list: its length and each element do. With `differs`: does not. */
export function listEqualTest(
  field: FieldSchema,
  values: readonly Literal[],
  differs: boolean,
  offset: number,
): FilterPlan {
  const dataType = elementTypeOf(field);
  const { fieldId } = field;
  const length = boundsOf('int', '==', BigInt(values.length));
  const tests: FilterPlan[] = [
    { op: 'range', operand: { op: 'length', fieldId }, kind: 'int', ...length, negated: differs },
  ];
  // No array is longer: its length alone tells.
  const compared = values.length > LIMITS.arrayCapacityMax ? [] : values;
  compared.forEach((value, index) => {
    tests.push(elementEqualTest(field, { op: 'element', fieldId, dataType, index }, value, differs, offset));
  });
  return differs ? orOf(tests) : andOf(tests);
}

function elementEqualTest(
  field: FieldSchema,
  operand: ElementOperand,
  value: Literal,
  negated: boolean,
  offset: number,
): FilterPlan {
  const { dataType } = operand;
  if (dataType === DataType.VarChar && typeof value === 'string') {
    return { op: 'textCompare', operand, operator: '==', value, negated };
  }
  if (dataType === DataType.Bool && typeof value === 'boolean') {
    return { op: 'range', operand, kind: 'int', ...boundsOf('int', '==', value ? 1n : 0n), negated };
  }
  if (dataType !== DataType.VarChar && dataType !== DataType.Bool && isNumber(value)) {
    const kind = numberKindOf(dataType);
    return { op: 'range', operand, kind, ...boundsOf(kind, '==', value), negated };
  }
  return refuseItem(value, `Array field ${field.name} of ${dataTypeName(dataType)}`, offset);
}

function refuseItem(value: Literal, shown: string, offset: number): never {
  return failAt(
    offset,
    `value ${literalShown(value)} (${literalType(value)}) in list cannot be matched with ${shown}`,
  );
}

/** A number that no integer equals is left out for integers: it matches no row. */
function numbersOf(
  kind: NumberKind,
  values: readonly Literal[],
  shown: string,
  offset: number,
): BigInt64Array | Float64Array {
  const ints: bigint[] = [];
  const doubles: number[] = [];
  for (const value of values) {
    if (isList(value) || !isNumber(value)) return refuseItem(value, shown, offset);
    if (kind === 'int') {
      const { low, high } = boundsOf('int', '==', value);
      if (low === high) ints.push(low as bigint);
    } else {
      doubles.push(kind === 'float' ? Math.fround(Number(value)) : Number(value));
    }
  }
  return kind === 'int' ? sortedInts(ints) : sortedDoubles(doubles);
}

function boolsOf(values: readonly Literal[], shown: string, offset: number): BigInt64Array {
  const ints: bigint[] = [];
  for (const value of values) {
    if (typeof value !== 'boolean') return refuseItem(value, shown, offset);
    ints.push(value ? 1n : 0n);
  }
  return sortedInts(ints);
}

function textsOf(values: readonly Literal[], shown: string, offset: number): readonly string[] {
  const texts = new Set<string>();
  for (const value of values) {
    if (typeof value !== 'string') return refuseItem(value, shown, offset);
    texts.add(value);
  }
  return [...texts];
}
