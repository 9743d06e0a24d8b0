import { boundsOf } from './bounds.ts';
import { failAt } from './filterError.ts';
import { foldCompare, isList, isNumber } from './fold.ts';
import { listEqualTest } from './membership.ts';
import type { Value } from './names.ts';
import {
  type CompareOperator,
  type FilterPlan,
  type Literal,
  MATCH_ALL,
  MATCH_NONE,
  type NumberKind,
  type NumberOperand,
} from './plan.ts';

const MIRRORED: Readonly<Record<CompareOperator, CompareOperator>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** The plan of `left operator right`. Error: Invalid when the types cannot match. */
export function compareValues(
  operator: CompareOperator,
  left: Value,
  right: Value,
  negated: boolean,
  offset: number,
): FilterPlan {
  const refuse = (): never =>
    failAt(offset, `comparison '${operator}' between ${left.shown} and ${right.shown} is not supported`);
  if (left.is === 'literal' && right.is === 'literal') {
    const result = foldCompare(operator, left.value, right.value);
    if (result === undefined) return refuse();
    return result !== negated ? MATCH_ALL : MATCH_NONE;
  }
  const plan =
    left.is === 'literal'
      ? compareLiteral(MIRRORED[operator], right, left.value, negated, offset)
      : right.is === 'literal'
        ? compareLiteral(operator, left, right.value, negated, offset)
        : compareOperands(operator, left, right, negated);
  return plan ?? refuse();
}

function compareLiteral(
  operator: CompareOperator,
  item: Value,
  value: Literal,
  negated: boolean,
  offset: number,
): FilterPlan | undefined {
  const equality = operator === '==' || operator === '!=';
  switch (item.is) {
    case 'number':
      if (!isNumber(value)) return undefined;
      return {
        op: 'range',
        operand: item.operand,
        kind: item.kind,
        ...boundsOf(item.kind, operator, value),
        negated,
      };
    case 'bool': {
      if (typeof value !== 'boolean' || !equality) return undefined;
      const bounds = boundsOf('int', operator, value ? 1n : 0n);
      return { op: 'range', operand: item.operand, kind: 'int', ...bounds, negated };
    }
    case 'text':
      if (typeof value !== 'string') return undefined;
      return { op: 'textCompare', operand: item.operand, operator, value, negated };
    case 'json':
      if (item.path.length === 0) failAt(offset, `can not compare ${item.shown} directly, name a key of it:`);
      if ((isList(value) || typeof value === 'boolean') && !equality) return undefined;
      return { op: 'jsonCompare', fieldId: item.fieldId, path: item.path, operator, value, negated };
    case 'array':
      if (!isList(value) || !equality) return undefined;
      return listEqualTest(item.field, value, (operator === '!=') !== negated, offset);
    case 'condition':
      if (typeof value !== 'boolean' || !equality) return undefined;
      return item.plan(((operator === '==') !== value) !== negated);
    default:
      return undefined;
  }
}

function compareOperands(
  operator: CompareOperator,
  left: Value,
  right: Value,
  negated: boolean,
): FilterPlan | undefined {
  if (left.is === 'text' && right.is === 'text') {
    return { op: 'compareTexts', operator, left: left.operand, right: right.operand, negated };
  }
  if (left.is === 'bool' && right.is === 'bool' && (operator === '==' || operator === '!=')) {
    return { op: 'compareNumbers', operator, kind: 'int', left: left.operand, right: right.operand, negated };
  }
  const a = numberOf(left);
  const b = numberOf(right);
  if (a === undefined || b === undefined || (left.is === 'json' && right.is === 'json')) return undefined;
  const kind = a.kind === 'int' && b.kind === 'int' ? 'int' : 'double';
  return { op: 'compareNumbers', operator, kind, left: a.operand, right: b.operand, negated };
}

function numberOf(value: Value): { readonly operand: NumberOperand; readonly kind: NumberKind } | undefined {
  if (value.is === 'number') return value;
  if (value.is !== 'json' || value.path.length === 0) return undefined;
  return { operand: { op: 'json', fieldId: value.fieldId, path: value.path }, kind: 'json' };
}
