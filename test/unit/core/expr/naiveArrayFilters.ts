import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { Dice } from './dice.ts';
import {
  asAsked,
  EQUALITIES,
  type Leaf,
  type Literal,
  literalText,
  numberConstant,
  numbers,
  OPERATORS,
  texts,
} from './naiveCompare.ts';
import { ARRAYS, randomScalar } from './naiveRows.ts';

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

export const arrayElement: Leaf = (dice) => {
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

export const arrayContains: Leaf = (dice) => {
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

export const arrayEquals: Leaf = (dice) => {
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

export const arrayLength: Leaf = (dice) => {
  const { name } = dice.pick(ARRAYS);
  const operator = dice.pick(OPERATORS);
  const length = dice.below(5);
  return {
    text: `array_length(${name}) ${operator} ${length}`,
    truth: (row) => (row[name] === null ? null : numbers(operator, (row[name] as unknown[]).length, length)),
  };
};
