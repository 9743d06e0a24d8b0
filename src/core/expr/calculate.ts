import type { ArithmeticOperator, NumberKind } from './plan.ts';

/** into[i] = a[i] operator b[i] for i < count; `into` may be `a`. Integers must be exact doubles. */
export function calculate(
  operator: ArithmeticOperator,
  kind: NumberKind,
  a: Float64Array,
  b: Float64Array,
  count: number,
  into: Float64Array,
): void {
  switch (operator) {
    case '+':
      for (let i = 0; i < count; i++) into[i] = a[i]! + b[i]!;
      break;
    case '-':
      for (let i = 0; i < count; i++) into[i] = a[i]! - b[i]!;
      break;
    case '*':
      for (let i = 0; i < count; i++) into[i] = a[i]! * b[i]!;
      break;
    case '/':
      divide(kind, a, b, count, into);
      break;
    case '%':
      for (let i = 0; i < count; i++) into[i] = a[i]! % b[i]!;
      break;
    case '**':
      // NaN ** 0 is 1, but what is no number has no power.
      for (let i = 0; i < count; i++) into[i] = Number.isNaN(a[i]!) ? Number.NaN : a[i]! ** b[i]!;
      break;
    default:
      for (let i = 0; i < count; i++) into[i] = combineBits(operator, a[i]!, b[i]!);
  }
  if (kind === 'float') for (let i = 0; i < count; i++) into[i] = Math.fround(into[i]!);
}

function divide(kind: NumberKind, a: Float64Array, b: Float64Array, count: number, into: Float64Array): void {
  if (kind === 'int') {
    for (let i = 0; i < count; i++) into[i] = Math.trunc(a[i]! / b[i]!);
  } else if (kind === 'json') {
    for (let i = 0; i < count; i++) {
      const quotient = a[i]! / b[i]!;
      into[i] = Number.isInteger(a[i]!) && Number.isInteger(b[i]!) ? Math.trunc(quotient) : quotient;
    }
  } else {
    for (let i = 0; i < count; i++) into[i] = a[i]! / b[i]!;
  }
}

const HIGH_UNIT = 4294967296;

/** On the halves of two's complement numbers: `| 0` takes the lower one of any whole double. */
function combineBits(operator: '&' | '|' | '^', a: number, b: number): number {
  const aHigh = Math.floor(a / HIGH_UNIT) | 0;
  const bHigh = Math.floor(b / HIGH_UNIT) | 0;
  if (operator === '&') return (aHigh & bHigh) * HIGH_UNIT + ((a & b) >>> 0);
  if (operator === '|') return (aHigh | bHigh) * HIGH_UNIT + ((a | b) >>> 0);
  return (aHigh ^ bHigh) * HIGH_UNIT + ((a ^ b) >>> 0);
}
