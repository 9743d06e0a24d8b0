import { checkDepth } from './ast.ts';
import { intLiteral } from './literalText.ts';
import type { Literal } from './plan.ts';

/** The value of a `{name}` of a filter: int64 as bigint, floating point as number. */
export type TemplateValue = boolean | bigint | number | string | readonly TemplateValue[];

/** A template's value as a literal. */
export function templateLiteral(value: TemplateValue, offset: number, depth: number): Literal {
  if (typeof value === 'bigint') return intLiteral(value);
  if (typeof value !== 'object') return value;
  checkDepth(depth + 1, offset);
  return value.map((item) => templateLiteral(item, offset, depth + 1));
}
