import type { CompareOperator, NumberKind } from './plan.ts';

/** Comparisons of a number with a constant become closed intervals, so that evaluation has one loop a type. */
export interface Bounds {
  readonly low: bigint | number;
  readonly high: bigint | number;
  /** The rows outside the interval match. */
  readonly outside: boolean;
}

export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

/** The values v of `kind` with `v operator constant`. */
export function boundsOf(kind: NumberKind, operator: CompareOperator, constant: bigint | number): Bounds {
  if (operator === '!=') return { ...boundsOf(kind, '==', constant), outside: true };
  return kind === 'int' ? intBounds(operator, constant) : doubleBounds(kind, operator, Number(constant));
}

function intBounds(operator: CompareOperator, constant: bigint | number): Bounds {
  const below = integerAtMost(constant);
  const whole = typeof constant === 'bigint' || Number.isInteger(constant);
  const above = whole ? below : below + 1n;
  switch (operator) {
    case '==':
      return whole ? clamped(below, below) : clamped(1n, 0n);
    case '<':
      return clamped(INT64_MIN, above - 1n);
    case '<=':
      return clamped(INT64_MIN, below);
    case '>':
      return clamped(below + 1n, INT64_MAX);
    default:
      return clamped(above, INT64_MAX);
  }
}

function integerAtMost(constant: bigint | number): bigint {
  if (typeof constant === 'bigint') return constant;
  if (constant >= 2 ** 64) return 2n ** 64n;
  if (constant <= -(2 ** 64)) return -(2n ** 64n);
  return BigInt(Math.floor(constant));
}

/** Within int64; an empty interval is always [1, 0]. */
function clamped(low: bigint, high: bigint): Bounds {
  const from = low < INT64_MIN ? INT64_MIN : low;
  const to = high > INT64_MAX ? INT64_MAX : high;
  return from > to ? { low: 1n, high: 0n, outside: false } : { low: from, high: to, outside: false };
}

function doubleBounds(kind: NumberKind, operator: CompareOperator, constant: number): Bounds {
  const value = kind === 'float' ? Math.fround(constant) : constant;
  switch (operator) {
    case '==':
      return { low: value, high: value, outside: false };
    case '<':
      return { low: -Infinity, high: neighbour(kind, value, -1), outside: false };
    case '<=':
      return { low: -Infinity, high: value, outside: false };
    case '>':
      return { low: neighbour(kind, value, 1), high: Infinity, outside: false };
    default:
      return { low: value, high: Infinity, outside: false };
  }
}

const doubles = new Float64Array(1);
const doubleBits = new BigInt64Array(doubles.buffer);
const floats = new Float32Array(1);
const floatBits = new Int32Array(floats.buffer);

/** The next float32 or double above (direction 1) or below (-1). Beyond an infinity it is NaN: nothing lies there. */
function neighbour(kind: NumberKind, value: number, direction: 1 | -1): number {
  if (value === direction * Infinity) return Number.NaN;
  if (value === 0) return direction * (kind === 'float' ? 2 ** -149 : Number.MIN_VALUE);
  const away = value > 0 === direction > 0;
  if (kind === 'float') {
    floats[0] = value;
    floatBits[0] = floatBits[0]! + (away ? 1 : -1);
    return floats[0];
  }
  doubles[0] = value;
  doubleBits[0] = doubleBits[0]! + (away ? 1n : -1n);
  return doubles[0];
}
