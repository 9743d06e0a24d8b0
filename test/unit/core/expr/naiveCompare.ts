import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { Dice } from './dice.ts';
import { type NaiveRow, randomScalar, SCALARS } from './naiveRows.ts';

/** true, false or unknown (null). */
export type Truth = boolean | null;

/** A filter as text beside its meaning, written as plainly as possible: this is what the engine is measured against. */
export interface NaiveFilter {
  readonly text: string;
  truth(row: NaiveRow): Truth;
}

export type Literal = boolean | bigint | number | string | Literal[];
export const OPERATORS = ['==', '!=', '<', '<=', '>', '>='] as const;
export type Operator = (typeof OPERATORS)[number];
export const EQUALITIES = ['==', '!='] as const;

export const MIRROR: Record<Operator, Operator> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

export function accepts(operator: Operator, sign: number): boolean {
  return {
    '==': sign === 0,
    '!=': sign !== 0,
    '<': sign < 0,
    '<=': sign <= 0,
    '>': sign > 0,
    '>=': sign >= 0,
  }[operator];
}

/** NaN compares as different and not ordered. */
export function numbers(operator: Operator, a: number | bigint, b: number | bigint): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return operator === '!=';
  return accepts(operator, a < b ? -1 : a > b ? 1 : 0);
}

export function texts(operator: Operator, a: string, b: string): boolean {
  return accepts(operator, Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

export function literalText(value: Literal): string {
  if (Array.isArray(value)) return `[${value.map(literalText).join(', ')}]`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e21) return `${value}.0`;
  return String(value);
}

export type Leaf = (dice: Dice) => NaiveFilter;
export const NUMERIC = SCALARS.filter(
  ({ dataType }) => dataType !== DataType.Bool && dataType !== DataType.VarChar,
);

/** A constant to ask a number with; float32 fields are asked with float32. */
export function numberConstant(dice: Dice): bigint | number {
  const value = randomScalar(dice, dice.pick([DataType.Int8, DataType.Int64, DataType.Double])) as
    | bigint
    | number;
  return value === 1e300 ? 7.25 : value;
}

export function asAsked(dataType: DataType, constant: bigint | number): bigint | number {
  return dataType === DataType.Float ? Math.fround(Number(constant)) : constant;
}

/** RE2 and JavaScript read them alike. */
export const REGEXES = [
  'a',
  '^a',
  'b$',
  '^$',
  '',
  '.',
  '^.$',
  'a+b?',
  '[^a]',
  'é|日',
  '(ab|ba)+',
  '^[%_]',
  'x{2,}',
  '\\.',
  '\\n',
  '\\x61',
];

export const PATTERNS = [
  '%',
  'a%',
  '%b',
  '%a%',
  '_',
  '__',
  'a_',
  '_b%',
  '%_b',
  'x1%',
  'a%b',
  'a\\_b',
  '\\%',
  '%é',
  '_é',
  '',
  '%%',
  'a%b%',
  '日_',
  '%\\\\',
];

export function like(pattern: string, text: string): boolean {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i]!;
    if (character === '%') source += '.*';
    else if (character === '_') source += '.';
    else source += (character === '\\' ? pattern[++i]! : character).replace(/[\\^$.*+?()[\]{}|]/gu, '\\$&');
  }
  return new RegExp(`^${source}$`, 'su').test(text);
}

export function doubles(operator: string, a: number, b: number): number {
  return { '+': a + b, '-': a - b, '*': a * b, '/': a / b }[operator]!;
}
