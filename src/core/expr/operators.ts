import type { Lexer } from './lexer.ts';
import type { ArithmeticOperator, CompareOperator } from './plan.ts';

export type Infix =
  | 'or'
  | 'and'
  | 'in'
  | 'not'
  | 'like'
  | 'is'
  | '=~'
  | '!~'
  | CompareOperator
  | ArithmeticOperator
  | '<<'
  | '>>';

/** How tightly an operator binds, as in Plan.g4 (C's order): higher is tighter. `not` stands between `and` and these. */
export const POWER: Readonly<Record<Infix, number>> = {
  or: 1,
  and: 2,
  '|': 4,
  '^': 5,
  '&': 6,
  '==': 7,
  '!=': 7,
  '<': 8,
  '<=': 8,
  '>': 8,
  '>=': 8,
  in: 9,
  not: 9,
  '<<': 10,
  '>>': 10,
  '+': 11,
  '-': 11,
  '*': 12,
  '/': 12,
  '%': 12,
  '**': 14,
  '=~': 15,
  '!~': 15,
  like: 15,
  is: 15,
};
/** `not a == 1` negates the comparison: looser than all comparisons, tighter than `and`. */
export const NOT_POWER = 3;
export const SIGN_POWER = 13;
export const ARGUMENTS_MAX = 8;

export const UNSUPPORTED_CALLS =
  /^(?:text_match|phrase_match|text_match_fuzzy|random_sample|element_filter|match_(?:any|all|least|most|exact)|st_\w+|mol_contains)$/;

/** The operator at the current token, if it is one. Keywords are taken in any case here, since no name can stand here. */
export function infixAt(lexer: Lexer): Infix | undefined {
  const { kind, text } = lexer;
  if (kind === 'name') {
    const word = text.toLowerCase();
    return /^(?:or|and|in|not|like|is)$/.test(word) ? (word as Infix) : undefined;
  }
  if (kind !== 'sign') return undefined;
  if (text === '&&') return 'and';
  if (text === '||') return 'or';
  return Object.hasOwn(POWER, text) ? (text as Infix) : undefined;
}
