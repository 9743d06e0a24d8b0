import type {
  ArithmeticOperand,
  CompareOperator,
  FilterPlan,
  FilterTest,
  JsonPath,
  Literal,
  NumberKind,
  NumberOperand,
} from '../../src/core/expr/plan.ts';
import type { RowValue } from './columnValues.ts';

/** A field's value in one row. */
export type FieldValue = (fieldId: number) => RowValue;

/** Whether a row passes a filter: one row and one test at a time, as src/core/expr/plan.ts says in words. */
export function passes(plan: FilterPlan, value: FieldValue): boolean {
  return truth(plan, value) === true;
}

/** undefined = unknown. */
function truth(plan: FilterPlan, value: FieldValue): boolean | undefined {
  switch (plan.op) {
    case 'constant':
      return plan.value;
    case 'and': {
      const results = plan.items.map((item) => truth(item, value));
      return results.includes(false) ? false : results.includes(undefined) ? undefined : true;
    }
    case 'or': {
      const results = plan.items.map((item) => truth(item, value));
      return results.includes(true) ? true : results.includes(undefined) ? undefined : false;
    }
    case 'null':
      return plan.negated !== (value(plan.fieldId) === null);
    case 'jsonNull':
      return plan.negated !== ((documentAt(value(plan.fieldId), plan.path) ?? null) === null);
    default: {
      const matched = test(plan, value);
      return matched === undefined ? undefined : plan.negated !== matched;
    }
  }
}

function test(plan: FilterTest, value: FieldValue): boolean | undefined {
  switch (plan.op) {
    case 'range': {
      const operand = numberOf(plan.operand, value);
      if (operand === undefined) return undefined;
      if (operand === null) return false;
      const given = inKind(operand, plan.kind);
      return plan.outside !== (given >= plan.low && given <= plan.high);
    }
    case 'in': {
      const operand = numberOf(plan.operand, value);
      if (operand === undefined) return undefined;
      return operand !== null && [...plan.values].some((candidate) => same(candidate, operand));
    }
    case 'compareNumbers': {
      const left = numberOf(plan.left, value);
      const right = numberOf(plan.right, value);
      if (left === undefined || right === undefined) return undefined;
      return left !== null && right !== null && compare(left, plan.operator, right);
    }
    case 'textCompare':
      return textTest(textOf(plan.operand, value), (text) => compareTexts(text, plan.operator, plan.value));
    case 'textIn':
      return textTest(textOf(plan.operand, value), (text) => plan.values.includes(text));
    case 'compareTexts': {
      const right = textOf(plan.right, value);
      if (right === undefined) return undefined;
      return textTest(
        textOf(plan.left, value),
        (text) => right !== null && compareTexts(text, plan.operator, right),
      );
    }
    case 'like':
      return textTest(textOf(plan.operand, value), (text) => likePattern(plan.pattern).test(text));
    case 'arrayContains': {
      const elements = value(plan.fieldId) as readonly (number | bigint | string)[] | null;
      if (elements === null) return undefined;
      const wanted: (number | bigint | string)[] = [...plan.values];
      const has = (item: number | bigint | string): boolean =>
        elements.some((element) => same(element, item));
      return plan.mode === 'any' ? wanted.some(has) : wanted.every(has);
    }
    default:
      return jsonTest(plan, value);
  }
}

function jsonTest(plan: FilterTest, value: FieldValue): boolean | undefined {
  if (!('path' in plan)) throw new Error(`the model has no test ${plan.op}`);
  const text = value(plan.fieldId);
  if (text === null) return undefined;
  const found = documentAt(text, plan.path);
  switch (plan.op) {
    case 'jsonCompare':
      return compareJson(found, plan.operator, plan.value);
    case 'jsonIn':
      return plan.values.some((candidate) => compareJson(found, '==', candidate));
    case 'jsonLike':
      return typeof found === 'string' && likePattern(plan.pattern).test(found);
    case 'jsonContains': {
      if (!Array.isArray(found)) return false;
      const has = (item: Literal): boolean => found.some((element) => compareJson(element, '==', item));
      return plan.mode === 'any' ? plan.values.some(has) : plan.values.every(has);
    }
    default:
      throw new Error(`the model has no test ${plan.op}`);
  }
}

function textTest(text: string | null | undefined, matches: (text: string) => boolean): boolean | undefined {
  return text === undefined ? undefined : text !== null && matches(text);
}

/** undefined = null in the row, null = there is no such element. */
function textOf(operand: NumberOperand, value: FieldValue): string | null | undefined {
  return numberOf(operand, value) as unknown as string | null | undefined;
}

function numberOf(operand: NumberOperand, value: FieldValue): number | bigint | null | undefined {
  switch (operand.op) {
    case 'constant':
      return operand.value;
    case 'column':
      return (value(operand.fieldId) as number | bigint | null) ?? undefined;
    case 'element': {
      const elements = value(operand.fieldId) as readonly (number | bigint)[] | null;
      return elements === null ? undefined : (elements[operand.index] ?? null);
    }
    case 'length':
      return (value(operand.fieldId) as readonly unknown[] | null)?.length;
    case 'json':
    case 'jsonLength': {
      const text = value(operand.fieldId);
      if (text === null) return undefined;
      const found = documentAt(text, operand.path);
      if (operand.op === 'jsonLength') return Array.isArray(found) ? found.length : Number.NaN;
      return typeof found === 'number' ? found : Number.NaN;
    }
    case 'arithmetic':
      return arithmetic(operand, value);
  }
}

function arithmetic(operand: ArithmeticOperand, value: FieldValue): number | bigint | null | undefined {
  const left = numberOf(operand.left, value);
  const right = numberOf(operand.right, value);
  if (left === undefined || right === undefined) return undefined;
  if (left === null || right === null) return null;
  if (operand.kind !== 'int')
    return plainArithmetic(Number(left), operand.operator, Number(right), operand.kind);
  const [a, b] = [BigInt(left), BigInt(right)];
  switch (operand.operator) {
    case '+':
      return BigInt.asIntN(64, a + b);
    case '-':
      return BigInt.asIntN(64, a - b);
    case '*':
      return BigInt.asIntN(64, a * b);
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '**':
      return BigInt.asIntN(64, a ** b);
  }
}

function plainArithmetic(
  a: number,
  operator: ArithmeticOperand['operator'],
  b: number,
  kind: NumberKind,
): number {
  const exact = { '+': a + b, '-': a - b, '*': a * b, '/': a / b, '%': a % b, '**': a ** b } as Record<
    string,
    number
  >;
  let result = exact[operator]!;
  if (kind === 'json' && operator === '/' && Number.isInteger(a) && Number.isInteger(b))
    result = Math.trunc(result);
  return kind === 'float' ? Math.fround(result) : result;
}

function inKind(number: number | bigint, kind: NumberKind): number | bigint {
  return kind === 'float' ? Math.fround(Number(number)) : number;
}

type Ordered = number | bigint | string;

/** Equal by value, also a bigint and a number. */
function same(left: Ordered, right: Ordered): boolean {
  return left <= right && left >= right;
}

function compare(left: Ordered, operator: CompareOperator, right: Ordered): boolean {
  switch (operator) {
    case '==':
      return same(left, right);
    case '!=':
      return !same(left, right);
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

/** By UTF-8 bytes, which is the order of code points. */
function compareTexts(left: string, operator: CompareOperator, right: string): boolean {
  return compare(Buffer.compare(Buffer.from(left), Buffer.from(right)), operator, 0);
}

function compareJson(found: unknown, operator: CompareOperator, literal: Literal): boolean {
  if (typeof literal === 'string' && typeof found === 'string') return compareTexts(found, operator, literal);
  const number = typeof literal === 'bigint' || typeof literal === 'number';
  if (number && typeof found === 'number') return compare(found, operator, literal);
  if (typeof literal === 'boolean' && typeof found === 'boolean')
    return compare(Number(found), operator, Number(literal));
  if (Array.isArray(literal) && Array.isArray(found)) {
    const equal =
      found.length === literal.length &&
      literal.every((item, i) => compareJson(found[i], '==', item as Literal));
    return operator === '==' ? equal : operator === '!=' && !equal;
  }
  return operator === '!=';
}

function documentAt(text: RowValue, path: JsonPath): unknown {
  if (text === null) return undefined;
  let at: unknown = JSON.parse(text as string);
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  return at;
}

function likePattern(pattern: string): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i]!;
    if (character === '%') source += '[^]*';
    else if (character === '_') source += '[^]';
    else
      source += (character === '\\' ? (pattern[++i] ?? '\\') : character).replace(
        /[.*+?^${}()|[\]\\/-]/g,
        '\\$&',
      );
  }
  return new RegExp(`^${source}$`, 'u');
}
