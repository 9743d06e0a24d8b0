import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { Dice } from './dice.ts';
import {
  doubles,
  type Leaf,
  literalText,
  NUMERIC,
  numberConstant,
  numbers,
  OPERATORS,
} from './naiveCompare.ts';
import type { NaiveRow } from './naiveRows.ts';

interface NaiveNumber {
  readonly text: string;
  readonly kind: 'int' | 'float' | 'double' | 'constant';
  of(row: NaiveRow): bigint | number | null;
}

function randomNumber(dice: Dice, depth: number): NaiveNumber {
  if (depth === 0 || dice.chance(0.3)) {
    const { name, dataType } = dice.pick(NUMERIC);
    const kind = dataType === DataType.Float ? 'float' : dataType === DataType.Double ? 'double' : 'int';
    return { text: name, kind, of: (row) => row[name] as number | null };
  }
  const left = randomNumber(dice, depth - 1);
  const operator = dice.pick(
    left.kind === 'int' ? ['+', '-', '*', '/', '%', '&', '|', '^'] : ['+', '-', '*', '/'],
  );
  const right =
    operator === '/' || operator === '%' || dice.chance(0.6) ? divisor(dice) : randomNumber(dice, 0);
  if ('%&|^'.includes(operator) && right.kind !== 'int') return left;
  const ints = left.kind === 'int' && right.kind === 'int';
  const isConstant = right.of({}) !== undefined;
  const float = left.kind === 'float' && (right.kind === 'float' || isConstant);
  return {
    text: `(${left.text} ${operator} ${right.text})`,
    kind: ints ? 'int' : float ? 'float' : 'double',
    of: (row) => {
      const [a, b] = [left.of(row), right.of(row)];
      if (a === null || b === null) return null;
      if (ints) return BigInt.asIntN(64, wholes(operator, a as bigint, b as bigint));
      const value = doubles(operator, Number(a), Number(b));
      return float ? Math.fround(value) : value;
    },
  };
}

function divisor(dice: Dice): NaiveNumber {
  const value = dice.pick<bigint | number>([1n, 2n, 3n, -2n, 7n, 0.5, 2.0, 2n ** 40n]);
  return { text: literalText(value), kind: typeof value === 'bigint' ? 'int' : 'double', of: () => value };
}

function wholes(operator: string, a: bigint, b: bigint): bigint {
  return {
    '+': () => a + b,
    '-': () => a - b,
    '*': () => a * b,
    '/': () => a / b,
    '%': () => a % b,
    '&': () => a & b,
    '|': () => a | b,
    '^': () => a ^ b,
  }[operator]!();
}

export const arithmetic: Leaf = (dice) => {
  const number = randomNumber(dice, 2);
  const operator = dice.pick(OPERATORS);
  const constant = numberConstant(dice);
  const asked =
    number.kind === 'float'
      ? Math.fround(Number(constant))
      : number.kind === 'int'
        ? constant
        : Number(constant);
  return {
    text: `${number.text} ${operator} ${literalText(constant)}`,
    truth: (row) => {
      const value = number.of(row);
      return value === null ? null : numbers(operator, value, asked);
    },
  };
};

export const twoCalculations: Leaf = (dice) => {
  const [a, b] = [randomNumber(dice, 1), randomNumber(dice, 1)];
  const operator = dice.pick(OPERATORS);
  const exact = a.kind === 'int' && b.kind === 'int';
  return {
    text: `${a.text} ${operator} ${b.text}`,
    truth: (row) => {
      const [x, y] = [a.of(row), b.of(row)];
      if (x === null || y === null) return null;
      return exact ? numbers(operator, x, y) : numbers(operator, Number(x), Number(y));
    },
  };
};
