/**
 * A number of a document. `value` is exact when it has at most 15 digits. A whole number of 16 to 19 digits is `big`:
 * its magnitude is high × 10^9 + low, so that int64 is compared exactly without BigInt. One object is used again by every
 * call of readJsonNumber.
 */
export interface JsonNumber {
  /** There is a number. */
  found: boolean;
  value: number;
  big: boolean;
  negative: boolean;
  high: number;
  low: number;
  /** `value` still has to be made from the text [start, end): see jsonNumberValue. */
  deferred: boolean;
  start: number;
  end: number;
}

const MINUS = 0x2d;
const DOT = 0x2e;
const EXACT_DIGITS = 15;
const LOW_DIGITS = 9;
const BIG_DIGITS_MAX = 19;
const POWERS_OF_TEN = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, i) => 10 ** i);

const number: JsonNumber = {
  found: false,
  value: Number.NaN,
  big: false,
  negative: false,
  high: 0,
  low: 0,
  deferred: false,
  start: 0,
  end: 0,
};

/** Reads the value at `at` if it is a number. */
export function readJsonNumber(bytes: Uint8Array, at: number, end: number): JsonNumber {
  const negative = bytes[at] === MINUS;
  const first = negative ? at + 1 : at;
  number.found = first < end && isDigit(bytes[first]!);
  number.big = false;
  number.deferred = false;
  number.value = Number.NaN;
  if (!number.found) return number;
  let p = first;
  let value = 0;
  while (p < end && isDigit(bytes[p]!)) value = value * 10 + bytes[p++]! - 0x30;
  const digits = p - first;
  number.negative = negative;
  number.start = at;
  if (p < end && (bytes[p] === DOT || (bytes[p]! | 0x20) === 0x65)) {
    readFraction(bytes, p, end, value, digits);
  } else if (digits <= EXACT_DIGITS) {
    number.value = negative ? -value : value;
  } else {
    number.end = p;
    number.deferred = true;
    if (digits <= BIG_DIGITS_MAX) splitBig(bytes, first, p);
  }
  return number;
}

/** At most 15 digits and a power of ten below 10^22: one division of exact doubles, correctly rounded. */
function readFraction(bytes: Uint8Array, dot: number, end: number, whole: number, wholeDigits: number): void {
  let p = dot;
  let value = whole;
  if (bytes[p] === DOT) p++;
  const first = p;
  while (p < end && isDigit(bytes[p]!)) value = value * 10 + bytes[p++]! - 0x30;
  const digits = bytes[dot] === DOT ? p - first : 0;
  const hasExponent = p < end && (bytes[p]! | 0x20) === 0x65;
  if (!hasExponent && digits + wholeDigits <= EXACT_DIGITS) {
    const magnitude = value / POWERS_OF_TEN[digits]!;
    number.value = number.negative ? -magnitude : magnitude;
    return;
  }
  while (p < end && isNumberByte(bytes[p]!)) p++;
  number.deferred = true;
  number.end = p;
}

function splitBig(bytes: Uint8Array, first: number, end: number): void {
  let high = 0;
  let low = 0;
  const split = end - LOW_DIGITS;
  for (let i = first; i < split; i++) high = high * 10 + bytes[i]! - 0x30;
  for (let i = split; i < end; i++) low = low * 10 + bytes[i]! - 0x30;
  number.big = true;
  number.high = high;
  number.low = low;
}

/** The number as the nearest double, NaN if there is none. Long numbers go through a string. */
export function jsonNumberValue(read: JsonNumber, bytes: Uint8Array): number {
  if (!read.deferred) return read.value;
  let text = '';
  for (let i = read.start; i < read.end; i++) text += String.fromCharCode(bytes[i]!);
  read.deferred = false;
  read.value = Number(text);
  return read.value;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Digits, sign, dot, exponent. */
function isNumberByte(byte: number): boolean {
  return isDigit(byte) || byte === 0x2b || byte === MINUS || byte === DOT || (byte | 0x20) === 0x65;
}

/** An int64 constant in the same parts as a big number. */
export interface SplitInt {
  readonly negative: boolean;
  readonly high: number;
  readonly low: number;
}

export function splitInt(value: bigint): SplitInt {
  const magnitude = value < 0n ? -value : value;
  return {
    negative: value < 0n,
    high: Number(magnitude / 1_000_000_000n),
    low: Number(magnitude % 1_000_000_000n),
  };
}

/** -1, 0 or 1: the order of a big number and an int64. */
export function compareBig(read: JsonNumber, other: SplitInt): -1 | 0 | 1 {
  if (read.negative !== other.negative) return read.negative ? -1 : 1;
  const order = read.high - other.high || read.low - other.low;
  if (order === 0) return 0;
  return order < 0 === !read.negative ? -1 : 1;
}
