import type { Dice } from './dice.ts';
import { arithmetic, twoCalculations } from './naiveArithmetic.ts';
import { arrayContains, arrayElement, arrayEquals, arrayLength } from './naiveArrayFilters.ts';
import type { Leaf, NaiveFilter } from './naiveCompare.ts';
import {
  jsonArithmetic,
  jsonContains,
  jsonIn,
  jsonLength,
  jsonLike,
  jsonNull,
  jsonRegex,
  jsonValue,
} from './naiveJsonFilters.ts';
import {
  boolField,
  compareNumber,
  compareText,
  inNumbers,
  inTexts,
  isNull,
  likeText,
  rangeOfNumber,
  regexText,
  twoFields,
} from './naiveScalarFilters.ts';

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
  regexText,
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
  jsonRegex,
  jsonContains,
  jsonNull,
  jsonArithmetic,
  jsonLength,
];
