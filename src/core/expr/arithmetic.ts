import type { ShiftOperator, SignOperator } from './ast.ts';
import { failAt } from './filterError.ts';
import { checkDivisor, foldArithmetic, isNumber } from './fold.ts';
import { literalValue, type Value } from './names.ts';
import type { ArithmeticOperator, NumberKind, NumberOperand } from './plan.ts';

interface NumberSide {
  readonly operand: NumberOperand;
  readonly kind: NumberKind;
}

/** `+x`, `-x`, `~x` of something that is not constant. */
export function signValue(op: SignOperator, item: Value, offset: number): Value {
  if (op === '~') return failAt(offset, `'~' is not supported on ${item.shown}`);
  return arithmeticValue(op, literalValue(0n), item, offset);
}

/** `left op right` where at least one side is not constant. A divisor must be a constant other than zero. */
export function arithmeticValue(
  op: ArithmeticOperator | ShiftOperator,
  left: Value,
  right: Value,
  offset: number,
): Value {
  if (left.is === 'literal' && right.is === 'literal') {
    return literalValue(foldArithmetic(op, left.value, right.value, offset));
  }
  if (op === '<<' || op === '>>') return failAt(offset, `'${op}' is not supported on fields`);
  const a = numberSide(left, op, offset);
  const b = numberSide(right, op, offset);
  if (op === '/' || op === '%') checkConstantDivisor(op, right, b.operand, offset);
  const kind = resultKind(op, a, b);
  if (
    (op === '%' || op === '&' || op === '|' || op === '^') &&
    kind !== 'int' &&
    !(op === '%' && kind === 'json')
  ) {
    failAt(offset, `'${op}' can only apply on integer types: ${left.shown} ${op} ${right.shown}`);
  }
  const shown = `${left.shown} ${op} ${right.shown}`.slice(0, 200);
  return {
    is: 'number',
    operand: { op: 'arithmetic', operator: op, kind, left: a.operand, right: b.operand },
    kind,
    shown,
  };
}

function checkConstantDivisor(op: string, value: Value, divisor: NumberOperand, offset: number): void {
  if (divisor.op !== 'constant')
    failAt(offset, `the right side of '${op}' must be a constant, got ${value.shown}`);
  checkDivisor(op, divisor.value, offset);
}

function numberSide(value: Value, op: string, offset: number): NumberSide {
  if (value.is === 'number') return value;
  if (value.is === 'json' && value.path.length > 0) {
    return { operand: { op: 'json', fieldId: value.fieldId, path: value.path }, kind: 'json' };
  }
  if (value.is === 'literal' && isNumber(value.value)) {
    const kind = typeof value.value === 'bigint' ? 'int' : 'double';
    return { operand: { op: 'constant', value: value.value }, kind };
  }
  return failAt(offset, `'${op}' can only apply on numbers, got ${value.shown}`);
}

/** A double makes anything double; float32 stays only beside float32 and constants; whole JSON numbers divide as integers. */
function resultKind(op: ArithmeticOperator, a: NumberSide, b: NumberSide): NumberKind {
  if (op === '**') return 'double';
  if (a.kind === 'int' && b.kind === 'int') return 'int';
  if (isWhole(a.kind) && isWhole(b.kind)) return 'json';
  return isFloat(a) && isFloat(b) ? 'float' : 'double';
}

function isWhole(kind: NumberKind): boolean {
  return kind === 'json' || kind === 'int';
}

function isFloat(side: NumberSide): boolean {
  return side.kind === 'float' || side.operand.op === 'constant';
}
