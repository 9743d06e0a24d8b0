import type { Ast, ShiftOperator, SignOperator } from './ast.ts';
import { failAt } from './filterError.ts';
import { intLiteral } from './literalText.ts';
import type { ArithmeticOperator, CompareOperator, Literal } from './plan.ts';

/** Constants are folded here: integers exactly (beyond int64 they become doubles), division truncates as in C. */

export function isNumber(value: Literal): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

export function isList(value: Literal): value is readonly Literal[] {
  return typeof value === 'object';
}

/** What a literal is called in messages. */
export function literalType(value: Literal): string {
  if (isList(value)) return 'Array';
  return { bigint: 'Int64', number: 'Double', boolean: 'Bool', string: 'VarChar' }[typeof value as 'bigint'];
}

/** A literal as messages show it. */
export function literalShown(value: Literal): string {
  const text = isList(value)
    ? `list of ${value.length}`
    : typeof value === 'string'
      ? `"${value}"`
      : String(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}

/** The value of a node that is made of constants only; undefined when it reads a column. */
export function literalOf(ast: Ast): Literal | undefined {
  if (ast.kind === 'literal') return ast.value;
  if (ast.kind === 'sign') {
    const value = literalOf(ast.item);
    return value === undefined ? undefined : foldSign(ast.op, value, ast.offset);
  }
  if (ast.kind !== 'arithmetic') return undefined;
  const left = literalOf(ast.left);
  const right = left === undefined ? undefined : literalOf(ast.right);
  return right === undefined ? undefined : foldArithmetic(ast.op, left!, right, ast.offset);
}

const BEYOND_INT64 = 2 ** 63;

export function foldSign(op: SignOperator, value: Literal, offset: number): bigint | number {
  if (!isNumber(value)) return failAt(offset, `'${op}' needs a number, got ${literalType(value)}`);
  if (op === '+') return value;
  if (op === '~') return typeof value === 'bigint' ? ~value : failAt(offset, "'~' needs an integer");
  // 9223372036854775808 alone is no int64, with a minus it is.
  return value === BEYOND_INT64 ? -(2n ** 63n) : typeof value === 'bigint' ? intLiteral(-value) : -value;
}

export function foldArithmetic(
  op: ArithmeticOperator | ShiftOperator,
  left: Literal,
  right: Literal,
  offset: number,
): bigint | number {
  if (!isNumber(left) || !isNumber(right)) {
    return failAt(offset, `'${op}' between ${literalType(left)} and ${literalType(right)}`);
  }
  checkDivisor(op, right, offset);
  if (typeof left === 'bigint' && typeof right === 'bigint') return foldInts(op, left, right, offset);
  return foldDoubles(op, Number(left), Number(right), offset);
}

/** Division and modulo by zero are errors, of integers and of floating-point numbers alike. */
export function checkDivisor(op: string, divisor: bigint | number, offset: number): void {
  if ((op === '/' || op === '%') && Number(divisor) === 0)
    failAt(offset, `${op === '/' ? 'division' : 'modulo'} by zero`);
}

function foldInts(
  op: ArithmeticOperator | ShiftOperator,
  left: bigint,
  right: bigint,
  offset: number,
): bigint | number {
  switch (op) {
    case '+':
      return intLiteral(left + right);
    case '-':
      return intLiteral(left - right);
    case '*':
      return intLiteral(left * right);
    case '/':
      return intLiteral(left / right);
    case '%':
      return left % right;
    case '&':
      return left & right;
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '**': {
      const power = Number(left) ** Number(right);
      return Number.isSafeInteger(power) ? BigInt(power) : power;
    }
    default:
      if (right < 0n || right > 63n) return failAt(offset, `'${op}' by ${right}, allowed are 0..63,`);
      return op === '<<' ? BigInt.asIntN(64, left << right) : left >> right;
  }
}

function foldDoubles(op: string, left: number, right: number, offset: number): number {
  switch (op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '**':
      return left ** right;
    default:
      return failAt(offset, `'${op}' needs integers`);
  }
}

/** Compares two literals; undefined when their types cannot be compared. */
export function foldCompare(op: CompareOperator, left: Literal, right: Literal): boolean | undefined {
  const equality = op === '==' || op === '!=';
  if (isList(left) && isList(right)) return equality ? listsEqual(left, right) === (op === '==') : undefined;
  if (isList(left) || isList(right)) return undefined;
  if (typeof left !== typeof right && !(isNumber(left) && isNumber(right))) return undefined;
  if (typeof left === 'boolean' && !equality) return undefined;
  // bigint and number compare by value.
  const sign = left < right ? -1 : left > right ? 1 : 0;
  switch (op) {
    case '==':
      return sign === 0;
    case '!=':
      return sign !== 0;
    case '<':
      return sign < 0;
    case '<=':
      return sign <= 0;
    case '>':
      return sign > 0;
    default:
      return sign >= 0;
  }
}

function listsEqual(left: readonly Literal[], right: readonly Literal[]): boolean {
  return left.length === right.length && left.every((item, i) => foldCompare('==', item, right[i]!) === true);
}
