import {
  asAsked,
  EQUALITIES,
  type Leaf,
  like,
  literalText,
  MIRROR,
  NUMERIC,
  numberConstant,
  numbers,
  OPERATORS,
  PATTERNS,
  REGEXES,
  type Truth,
  texts,
} from './naiveCompare.ts';
import { ARRAYS, SCALARS, WORDS } from './naiveRows.ts';

export const compareNumber: Leaf = (dice) => {
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

export const rangeOfNumber: Leaf = (dice) => {
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

export const inNumbers: Leaf = (dice) => {
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

export const boolField: Leaf = (dice) => {
  const name = dice.pick(['flag', 'flag2']);
  const wanted = dice.chance(0.5);
  const operator = dice.pick(EQUALITIES);
  if (dice.chance(0.3)) return { text: name, truth: (row) => row[name] as Truth };
  return {
    text: `${name} ${operator} ${dice.pick(wanted ? ['true', 'True', 'TRUE'] : ['false', 'False', 'FALSE'])}`,
    truth: (row) => (row[name] === null ? null : (row[name] === wanted) === (operator === '==')),
  };
};

export const twoFields: Leaf = (dice) => {
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

export const compareText: Leaf = (dice) => {
  const operator = dice.pick(OPERATORS);
  const word = dice.pick(WORDS);
  return {
    text: `s ${operator} ${literalText(word)}`,
    truth: (row) => (row.s === null ? null : texts(operator, row.s as string, word)),
  };
};

export const inTexts: Leaf = (dice) => {
  const list = dice.list(5, () => dice.pick(WORDS));
  return {
    text: `s in ${literalText(list)}`,
    truth: (row) => (row.s === null ? null : list.includes(row.s as string)),
  };
};

export const likeText: Leaf = (dice) => {
  const pattern = dice.pick(PATTERNS);
  const not = dice.chance(0.3);
  return {
    text: `s ${not ? 'not like' : 'like'} ${literalText(pattern)}`,
    truth: (row) => (row.s === null ? null : like(pattern, row.s as string) !== not),
  };
};

export const regexText: Leaf = (dice) => {
  const pattern = dice.pick(REGEXES);
  const not = dice.chance(0.3);
  return {
    text: `s ${not ? '!~' : '=~'} ${literalText(pattern)}`,
    truth: (row) => (row.s === null ? null : new RegExp(pattern, 'u').test(row.s as string) !== not),
  };
};

export const isNull: Leaf = (dice) => {
  const name = dice.pick([...SCALARS, ...ARRAYS, { name: 'j' }]).name;
  const not = dice.chance(0.5);
  return { text: `${name} is ${not ? 'not null' : 'null'}`, truth: (row) => (row[name] === null) !== not };
};
