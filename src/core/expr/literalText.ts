import { failAt } from './filterError.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** An integer as a literal: bigint within int64, the nearest double beyond it. */
export function intLiteral(value: bigint): bigint | number {
  return value >= INT64_MIN && value <= INT64_MAX ? value : Number(value);
}

const DECIMAL_INT = /^(?:0|[1-9]\d*)$/;
const PREFIXED_INT = /^0(?:[xX][\da-fA-F]+|[bB][01]+)$/;
const OCTAL_INT = /^0[0-7]+$/;
const DECIMAL_FLOAT = /^(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?$/;
const HEX_FLOAT = /^0[xX]([\da-fA-F]*)(?:\.([\da-fA-F]*))?[pP]([+-]?\d+)$/;
/** Longer runs of digits would cost more than they say. */
const DIGITS_MAX = 400;

/** The value of a number as it stands in a filter, by C's rules: decimal, 0x, 0b, octal 0…, and floats. */
export function numberLiteral(text: string, offset: number): bigint | number {
  if (text.length > DIGITS_MAX) failAt(offset, `number of ${text.length} characters, limit ${DIGITS_MAX},`);
  if (DECIMAL_INT.test(text)) return intLiteral(BigInt(text));
  if (PREFIXED_INT.test(text)) return intLiteral(BigInt(text.toLowerCase()));
  if (OCTAL_INT.test(text)) return intLiteral(BigInt(`0o${text.slice(1)}`));
  if (DECIMAL_FLOAT.test(text)) return Number(text);
  const hex = HEX_FLOAT.exec(text);
  if (hex !== null && (hex[1] !== '' || (hex[2] ?? '') !== '')) {
    const fraction = hex[2] ?? '';
    const digits = Number(BigInt(`0x${hex[1]}${fraction}`));
    return digits * 2 ** (Number(hex[3]) - 4 * fraction.length);
  }
  return failAt(offset, `${text} is no number`);
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '?': '?',
  '\n': '',
};

const ESCAPE_FORMS = /\\(?:([0-7]{1,3})|x([\da-fA-F]+)|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(\r\n)|(.))/gsu;

/** What a string between its quotes means. A backslash before any other character stays, as `\%` does for LIKE. */
export function unescapeText(inner: string, offset: number): string {
  if (!inner.includes('\\')) return inner;
  return inner.replace(ESCAPE_FORMS, (whole, octal, hex, short, long, newline, other) => {
    if (newline !== undefined) return '';
    if (other !== undefined) return ESCAPES[other] ?? whole;
    const code = octal !== undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex ?? short ?? long, 16);
    if (code > 0x10ffff) failAt(offset, `${whole} is no character,`);
    return String.fromCodePoint(code);
  });
}
