import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { Dice } from './dice.ts';
import { ARRAYS, type Json, KEYS, type NaiveRow, randomScalar, SCALARS, WORDS } from './naiveRows.ts';

/** true, false or unknown (null). */
export type Truth = boolean | null;

/** A filter as text beside its meaning, written as plainly as possible: this is what the engine is measured against. */
export interface NaiveFilter {
  readonly text: string;
  truth(row: NaiveRow): Truth;
}

type Literal = boolean | bigint | number | string | Literal[];
const OPERATORS = ['==', '!=', '<', '<=', '>', '>='] as const;
type Operator = (typeof OPERATORS)[number];
const EQUALITIES = ['==', '!='] as const;

const MIRROR: Record<Operator, Operator> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

function accepts(operator: Operator, sign: number): boolean {
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
function numbers(operator: Operator, a: number | bigint, b: number | bigint): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return operator === '!=';
  return accepts(operator, a < b ? -1 : a > b ? 1 : 0);
}

function texts(operator: Operator, a: string, b: string): boolean {
  return accepts(operator, Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

export function literalText(value: Literal): string {
  if (Array.isArray(value)) return `[${value.map(literalText).join(', ')}]`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e21) return `${value}.0`;
  return String(value);
}

/** A filter of `depth` levels. */
export function randomFilter(dice: Dice, depth: number): NaiveFilter {
  if (depth === 0 || dice.chance(0.2)) return dice.pick(LEAVES)(dice);
  if (dice.chance(0.25)) {
    const inner = randomFilter(dice, depth - 1);
    return {
      text: `${dice.pick(['not', 'NOT', '!'])} (${inner.text})`,
      truth: (row) => {
        const truth = inner.truth(row);
        return truth === null ? null : !truth;
      },
    };
  }
  const items = [randomFilter(dice, depth - 1), ...dice.list(2, () => randomFilter(dice, depth - 1))];
  const and = dice.chance(0.5);
  const word = dice.pick(and ? ['and', 'AND', '&&'] : ['or', 'OR', '||']);
  return {
    text: items.map((item) => `(${item.text})`).join(` ${word} `),
    truth: (row) => {
      const truths = items.map((item) => item.truth(row));
      if (truths.includes(!and)) return !and;
      return truths.includes(null) ? null : and;
    },
  };
}

type Leaf = (dice: Dice) => NaiveFilter;
const NUMERIC = SCALARS.filter(({ dataType }) => dataType !== DataType.Bool && dataType !== DataType.VarChar);

/** A constant to ask a number with; float32 fields are asked with float32. */
function numberConstant(dice: Dice): bigint | number {
  const value = randomScalar(dice, dice.pick([DataType.Int8, DataType.Int64, DataType.Double])) as
    | bigint
    | number;
  return value === 1e300 ? 7.25 : value;
}

function asAsked(dataType: DataType, constant: bigint | number): bigint | number {
  return dataType === DataType.Float ? Math.fround(Number(constant)) : constant;
}

const compareNumber: Leaf = (dice) => {
  const { name, dataType } = dice.pick(NUMERIC);
  const operator = dice.pick(OPERATORS);
  const constant = numberConstant(dice);
  const asked = asAsked(dataType, constant);
  const swapped = dice.chance(0.2);
  return {
    text: swapped
      ? `${literalText(constant)} ${MIRROR[operator]} ${name}`
      : `${name} ${operator} ${literalText(constant)}`,
    truth: (row) => (row[name] === null ? null : numbers(operator, row[name] as number, asked)),
  };
};

const rangeOfNumber: Leaf = (dice) => {
  const { name, dataType } = dice.pick(NUMERIC);
  const [low, high] = [numberConstant(dice), numberConstant(dice)];
  const [first, second] = [dice.pick(['<', '<='] as const), dice.pick(['<', '<='] as const)];
  return {
    text: `${literalText(low)} ${first} ${name} ${second} ${literalText(high)}`,
    truth: (row) => {
      if (row[name] === null) return null;
      const value = row[name] as number;
      return numbers(first, asAsked(dataType, low), value) && numbers(second, value, asAsked(dataType, high));
    },
  };
};

const inNumbers: Leaf = (dice) => {
  const { name, dataType } = dice.pick(NUMERIC);
  const list = dice.list(6, () => numberConstant(dice));
  const not = dice.chance(0.4);
  return {
    text: `${name} ${not ? 'not in' : 'in'} ${literalText(list)}`,
    truth: (row) => {
      if (row[name] === null) return null;
      return list.some((item) => numbers('==', row[name] as number, asAsked(dataType, item))) !== not;
    },
  };
};

const boolField: Leaf = (dice) => {
  const name = dice.pick(['flag', 'flag2']);
  const wanted = dice.chance(0.5);
  const operator = dice.pick(EQUALITIES);
  if (dice.chance(0.3)) return { text: name, truth: (row) => row[name] as Truth };
  return {
    text: `${name} ${operator} ${dice.pick(wanted ? ['true', 'True', 'TRUE'] : ['false', 'False', 'FALSE'])}`,
    truth: (row) => (row[name] === null ? null : (row[name] === wanted) === (operator === '==')),
  };
};

const twoFields: Leaf = (dice) => {
  const kind = dice.below(3);
  const operator = dice.pick(kind === 2 ? EQUALITIES : OPERATORS);
  const [a, b] =
    kind === 0
      ? ['s', 's2']
      : kind === 2
        ? ['flag', 'flag2']
        : [dice.pick(NUMERIC).name, dice.pick(NUMERIC).name];
  return {
    text: `${a} ${operator} ${b}`,
    truth: (row) => {
      const [x, y] = [row[a!], row[b!]];
      if (x === null || y === null) return null;
      if (typeof x === 'string') return texts(operator, x, y as string);
      if (typeof x === 'boolean') return (x === y) === (operator === '==');
      if (typeof x === 'bigint' && typeof y === 'bigint') return numbers(operator, x, y);
      return numbers(operator, Number(x), Number(y));
    },
  };
};

const compareText: Leaf = (dice) => {
  const operator = dice.pick(OPERATORS);
  const word = dice.pick(WORDS);
  return {
    text: `s ${operator} ${literalText(word)}`,
    truth: (row) => (row.s === null ? null : texts(operator, row.s as string, word)),
  };
};

const inTexts: Leaf = (dice) => {
  const list = dice.list(5, () => dice.pick(WORDS));
  return {
    text: `s in ${literalText(list)}`,
    truth: (row) => (row.s === null ? null : list.includes(row.s as string)),
  };
};

const PATTERNS = [
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

function like(pattern: string, text: string): boolean {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i]!;
    if (character === '%') source += '.*';
    else if (character === '_') source += '.';
    else source += (character === '\\' ? pattern[++i]! : character).replace(/[\\^$.*+?()[\]{}|]/gu, '\\$&');
  }
  return new RegExp(`^${source}$`, 'su').test(text);
}

const likeText: Leaf = (dice) => {
  const pattern = dice.pick(PATTERNS);
  const not = dice.chance(0.3);
  return {
    text: `s ${not ? 'not like' : 'like'} ${literalText(pattern)}`,
    truth: (row) => (row.s === null ? null : like(pattern, row.s as string) !== not),
  };
};

const isNull: Leaf = (dice) => {
  const name = dice.pick([...SCALARS, ...ARRAYS, { name: 'j' }]).name;
  const not = dice.chance(0.5);
  return { text: `${name} is ${not ? 'not null' : 'null'}`, truth: (row) => (row[name] === null) !== not };
};

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

function doubles(operator: string, a: number, b: number): number {
  return { '+': a + b, '-': a - b, '*': a * b, '/': a / b }[operator]!;
}

const arithmetic: Leaf = (dice) => {
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

const twoCalculations: Leaf = (dice) => {
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

/** A constant that an element of the type may be asked with. */
function elementConstant(dice: Dice, type: DataType): Literal {
  return type === DataType.Bool || type === DataType.VarChar
    ? (randomScalar(dice, type) as Literal)
    : numberConstant(dice);
}

function sameElement(type: DataType, element: unknown, constant: Literal): boolean {
  if (typeof element === 'string' || typeof element === 'boolean') return element === constant;
  return numbers('==', element as number, asAsked(type, constant as number));
}

const arrayElement: Leaf = (dice) => {
  const { name, elementType } = dice.pick(ARRAYS);
  const type = elementType!;
  const index = dice.below(4);
  const constant = elementConstant(dice, type);
  const operator = dice.pick(type === DataType.Bool ? EQUALITIES : OPERATORS);
  return {
    text: `${name}[${index}] ${operator} ${literalText(constant)}`,
    truth: (row) => {
      const list = row[name] as unknown[] | null;
      if (list === null) return null;
      if (index >= list.length) return false;
      if (type === DataType.Bool) return (list[index] === constant) === (operator === '==');
      if (type === DataType.VarChar) return texts(operator, list[index] as string, constant as string);
      return numbers(operator, list[index] as number, asAsked(type, constant as number));
    },
  };
};

const arrayContains: Leaf = (dice) => {
  const { name, elementType } = dice.pick(ARRAYS);
  const type = elementType!;
  const all = dice.chance(0.5);
  const list = dice.list(3, () => elementConstant(dice, type));
  // A number that no integer equals is left out of a list for integers.
  const integer = type >= DataType.Int8 && type <= DataType.Int64;
  const wanted = integer ? list.filter((item) => typeof item === 'bigint' || Number.isInteger(item)) : list;
  return {
    text: `${dice.pick(['array', 'json', 'ARRAY'])}_contains_${all ? 'all' : 'any'}(${name}, ${literalText(list)})`.replace(
      'ARRAY_contains',
      'array_contains',
    ),
    truth: (row) => {
      const elements = row[name] as unknown[] | null;
      if (elements === null) return null;
      const has = (item: Literal): boolean => elements.some((element) => sameElement(type, element, item));
      return all ? wanted.every(has) : wanted.some(has);
    },
  };
};

const arrayEquals: Leaf = (dice) => {
  const { name, elementType } = dice.pick(ARRAYS);
  const list = dice.list(2, () => elementConstant(dice, elementType!));
  const operator = dice.pick(EQUALITIES);
  return {
    text: `${name} ${operator} ${literalText(list)}`,
    truth: (row) => {
      const elements = row[name] as unknown[] | null;
      if (elements === null) return null;
      const same =
        elements.length === list.length &&
        elements.every((element, i) => sameElement(elementType!, element, list[i]!));
      return same === (operator === '==');
    },
  };
};

const arrayLength: Leaf = (dice) => {
  const { name } = dice.pick(ARRAYS);
  const operator = dice.pick(OPERATORS);
  const length = dice.below(5);
  return {
    text: `array_length(${name}) ${operator} ${length}`,
    truth: (row) => (row[name] === null ? null : numbers(operator, (row[name] as unknown[]).length, length)),
  };
};

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

const jsonValue: Leaf = (dice) => {
  const path = randomPath(dice);
  const list = dice.chance(0.15);
  const constant = list ? dice.list(2, () => jsonConstant(dice)) : jsonConstant(dice);
  const operator = dice.pick(list || typeof constant === 'boolean' ? EQUALITIES : OPERATORS);
  return {
    text: `${path.text} ${operator} ${literalText(constant)}`,
    truth: (row) => (row[path.column] === null ? null : jsonCompare(operator, path.of(row), constant)),
  };
};

const jsonIn: Leaf = (dice) => {
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

const jsonLike: Leaf = (dice) => {
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

const jsonContains: Leaf = (dice) => {
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

const jsonNull: Leaf = (dice) => {
  const path = randomPath(dice);
  const form = dice.pick(['is null', 'is not null', 'exists']);
  return {
    text: form === 'exists' ? `exists ${path.text}` : `${path.text} ${form}`,
    truth: (row) => (row[path.column] === null || (path.of(row) ?? null) === null) === (form === 'is null'),
  };
};

const jsonArithmetic: Leaf = (dice) => {
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

const jsonLength: Leaf = (dice) => {
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

export const LEAVES: readonly Leaf[] = [
  compareNumber,
  compareNumber,
  rangeOfNumber,
  inNumbers,
  boolField,
  twoFields,
  compareText,
  inTexts,
  likeText,
  isNull,
  arithmetic,
  twoCalculations,
  arrayElement,
  arrayContains,
  arrayEquals,
  arrayLength,
  jsonValue,
  jsonIn,
  jsonLike,
  jsonContains,
  jsonNull,
  jsonArithmetic,
  jsonLength,
];
