import type { Dice } from './dice.ts';
import {
  doubles,
  EQUALITIES,
  type Leaf,
  type Literal,
  like,
  literalText,
  numberConstant,
  numbers,
  OPERATORS,
  type Operator,
  PATTERNS,
  REGEXES,
  texts,
} from './naiveCompare.ts';
import { type Json, KEYS, type NaiveRow, WORDS } from './naiveRows.ts';

interface NaivePath {
  readonly text: string;
  readonly column: string;
  /** undefined: there is no such value. */
  of(row: NaiveRow): Json | undefined;
}

function randomPath(dice: Dice): NaivePath {
  const column = dice.pick(['j', '$meta']);
  const steps = [
    dice.pick(KEYS),
    ...dice.list(2, () => (dice.chance(0.5) ? dice.below(3) : dice.pick(KEYS))),
  ];
  const plain = column === '$meta' && /^k2?$|^t$/.test(steps[0] as string) && dice.chance(0.5);
  const path = (plain ? steps.slice(1) : steps).map((step) => `[${JSON.stringify(step)}]`).join('');
  return {
    text: (plain ? steps[0] : column) + path,
    column,
    of: (row) => {
      let value = row[column] as Json | undefined;
      for (const step of steps) {
        if (
          typeof value !== 'object' ||
          value === null ||
          Array.isArray(value) !== (typeof step === 'number')
        )
          return undefined;
        value = Object.hasOwn(value, step) ? (value as Record<string, Json>)[step] : undefined;
      }
      return value;
    },
  };
}

function jsonConstant(dice: Dice): Literal {
  return dice.pick<() => Literal>([
    () => numberConstant(dice),
    () => numberConstant(dice),
    () => dice.pick(WORDS),
    () => dice.chance(0.5),
  ])();
}

function jsonEquals(value: Json | undefined, constant: Literal): boolean {
  if (Array.isArray(value) && Array.isArray(constant)) {
    return value.length === constant.length && value.every((item, i) => jsonEquals(item, constant[i]!));
  }
  if (isNumber(value) && isNumber(constant)) {
    return typeof value === typeof constant ? value === constant : Number(value) === Number(constant);
  }
  return value === constant;
}

function isNumber(value: unknown): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

function jsonCompare(operator: Operator, value: Json | undefined, constant: Literal): boolean {
  if (operator === '==' || operator === '!=') return jsonEquals(value, constant) === (operator === '==');
  if (typeof value === 'string' && typeof constant === 'string') return texts(operator, value, constant);
  if (!isNumber(value) || !isNumber(constant)) return false;
  if (typeof value === 'bigint' && typeof constant === 'bigint') return numbers(operator, value, constant);
  return numbers(operator, Number(value), Number(constant));
}

export const jsonValue: Leaf = (dice) => {
  const path = randomPath(dice);
  const list = dice.chance(0.15);
  const constant = list ? dice.list(2, () => jsonConstant(dice)) : jsonConstant(dice);
  const operator = dice.pick(list || typeof constant === 'boolean' ? EQUALITIES : OPERATORS);
  return {
    text: `${path.text} ${operator} ${literalText(constant)}`,
    truth: (row) => (row[path.column] === null ? null : jsonCompare(operator, path.of(row), constant)),
  };
};

export const jsonIn: Leaf = (dice) => {
  const path = randomPath(dice);
  const list = dice.list(4, () => jsonConstant(dice));
  const not = dice.chance(0.3);
  return {
    text: `${path.text} ${not ? 'not in' : 'in'} ${literalText(list)}`,
    truth: (row) => {
      if (row[path.column] === null) return null;
      return list.some((item) => jsonEquals(path.of(row), item)) !== not;
    },
  };
};

export const jsonLike: Leaf = (dice) => {
  const path = randomPath(dice);
  const pattern = dice.pick(PATTERNS);
  return {
    text: `${path.text} like ${literalText(pattern)}`,
    truth: (row) => {
      const value = path.of(row);
      return row[path.column] === null ? null : typeof value === 'string' && like(pattern, value);
    },
  };
};

export const jsonRegex: Leaf = (dice) => {
  const path = randomPath(dice);
  const pattern = dice.pick(REGEXES);
  const not = dice.chance(0.3);
  return {
    text: `${path.text} ${not ? '!~' : '=~'} ${literalText(pattern)}`,
    truth: (row) => {
      const value = path.of(row);
      if (row[path.column] === null) return null;
      return (typeof value === 'string' && new RegExp(pattern, 'u').test(value)) !== not;
    },
  };
};

export const jsonContains: Leaf = (dice) => {
  const path = randomPath(dice);
  const all = dice.chance(0.5);
  const list = dice.list(3, () => (dice.chance(0.1) ? [jsonConstant(dice)] : jsonConstant(dice)));
  return {
    text: `json_contains_${all ? 'all' : 'any'}(${path.text}, ${literalText(list)})`,
    truth: (row) => {
      const value = path.of(row);
      if (row[path.column] === null) return null;
      if (!Array.isArray(value)) return false;
      const has = (item: Literal): boolean => value.some((element) => jsonEquals(element, item));
      return all ? list.every(has) : list.some(has);
    },
  };
};

export const jsonNull: Leaf = (dice) => {
  const path = randomPath(dice);
  const form = dice.pick(['is null', 'is not null', 'exists']);
  return {
    text: form === 'exists' ? `exists ${path.text}` : `${path.text} ${form}`,
    truth: (row) => (row[path.column] === null || (path.of(row) ?? null) === null) === (form === 'is null'),
  };
};

export const jsonArithmetic: Leaf = (dice) => {
  const path = randomPath(dice);
  const operator = dice.pick(['+', '-', '*', '/']);
  const constant = dice.pick<bigint | number>([1n, 2n, 3n, 0.5, 2]);
  const compare = dice.pick(OPERATORS);
  const result = dice.pick([1, 2, 3, 1.5]);
  return {
    text: `${path.text} ${operator} ${literalText(constant)} ${compare} ${result}`,
    truth: (row) => {
      if (row[path.column] === null) return null;
      const value = path.of(row);
      if (!isNumber(value)) return compare === '!=';
      const whole = operator === '/' && typeof constant === 'bigint' && Number.isInteger(Number(value));
      const calculated = doubles(operator, Number(value), Number(constant));
      return numbers(compare, whole ? Math.trunc(calculated) : calculated, result);
    },
  };
};

export const jsonLength: Leaf = (dice) => {
  const path = randomPath(dice);
  const operator = dice.pick(OPERATORS);
  const length = dice.below(4);
  return {
    text: `array_length(${path.text}) ${operator} ${length}`,
    truth: (row) => {
      if (row[path.column] === null) return null;
      const value = path.of(row);
      return Array.isArray(value) ? numbers(operator, value.length, length) : operator === '!=';
    },
  };
};
