import { LIMITS } from '../domain/limits.ts';
import { failAt } from './filterError.ts';
import type { ArithmeticOperator, CompareOperator, JsonPath, Literal, PatternSyntax } from './plan.ts';

/** A parsed filter before names are looked up. `offset` is where a node starts, `depth` the nodes on its longest way down. */
export type Ast = AstBody & { readonly offset: number; readonly depth: number };

export type AstBody =
  /** A literal, a list of literals or the value of a template. */
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'name'; readonly name: string; readonly path: JsonPath }
  | { readonly kind: 'logic'; readonly op: 'and' | 'or'; readonly items: readonly Ast[] }
  | { readonly kind: 'not'; readonly item: Ast }
  | { readonly kind: 'sign'; readonly op: SignOperator; readonly item: Ast }
  | {
      readonly kind: 'arithmetic';
      readonly op: ArithmeticOperator | ShiftOperator;
      readonly left: Ast;
      readonly right: Ast;
    }
  | { readonly kind: 'compare'; readonly op: CompareOperator; readonly left: Ast; readonly right: Ast }
  | { readonly kind: 'in'; readonly negated: boolean; readonly item: Ast; readonly list: Ast }
  | {
      readonly kind: 'like';
      readonly syntax: PatternSyntax;
      readonly negated: boolean;
      readonly item: Ast;
      readonly pattern: Ast;
    }
  | { readonly kind: 'null'; readonly negated: boolean; readonly item: Ast }
  | { readonly kind: 'exists'; readonly item: Ast }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Ast[] };

export type SignOperator = '+' | '-' | '~';
export type ShiftOperator = '<<' | '>>';

/** The node with its depth, which is 1 more than its deepest part's and at most LIMITS.filterDepthMax. */
export function node(offset: number, body: AstBody, ...parts: readonly Ast[]): Ast {
  let depth = 0;
  for (const part of parts) if (part.depth > depth) depth = part.depth;
  return { ...body, offset, depth: checkDepth(depth + 1, offset) };
}

export function checkDepth(depth: number, offset: number): number {
  if (depth > LIMITS.filterDepthMax)
    failAt(offset, `filter is nested deeper than ${LIMITS.filterDepthMax} levels`);
  return depth;
}
