import { type Ast, checkDepth, node, type SignOperator } from './ast.ts';
import { failAt, unsupportedAt } from './filterError.ts';
import { literalOf } from './fold.ts';
import { Lexer } from './lexer.ts';
import {
  ARGUMENTS_MAX,
  type Infix,
  infixAt,
  NOT_POWER,
  POWER,
  SIGN_POWER,
  UNSUPPORTED_CALLS,
} from './operators.ts';
import type { CompareOperator, Literal, PatternSyntax } from './plan.ts';
import { type TemplateValue, templateLiteral } from './templates.ts';

/**
 * Parses a filter (not an empty one). `and` and `or` of any length become one node; everything that nests is bounded by
 * LIMITS.filterDepthMax. Errors: Invalid or Unsupported with the column; see filterError.ts.
 */
export function parseAst(text: string, templates: ReadonlyMap<string, TemplateValue>): Ast {
  const parser = new Parser(new Lexer(text), templates);
  return parser.parseAll();
}

class Parser {
  readonly #lexer: Lexer;
  readonly #templates: ReadonlyMap<string, TemplateValue>;
  #nesting = 0;

  constructor(lexer: Lexer, templates: ReadonlyMap<string, TemplateValue>) {
    this.#lexer = lexer;
    this.#templates = templates;
  }

  parseAll(): Ast {
    const ast = this.#parse(0);
    if (this.#lexer.kind !== 'end') failAt(this.#lexer.offset, `unexpected ${this.#lexer.shown}`);
    return ast;
  }

  /** An expression of operators that bind tighter than `power`. */
  #parse(power: number): Ast {
    this.#nesting = checkDepth(this.#nesting + 1, this.#lexer.offset);
    const ast = this.#parseInfixes(this.#parsePrefix(), power);
    this.#nesting--;
    return ast;
  }

  #parseInfixes(first: Ast, power: number): Ast {
    let left = first;
    for (;;) {
      const infix = infixAt(this.#lexer);
      if (infix === undefined || POWER[infix] <= power) return left;
      left = this.#parseInfix(left, infix);
    }
  }

  #parseInfix(left: Ast, infix: Infix): Ast {
    const at = this.#lexer.offset;
    switch (infix) {
      case 'and':
      case 'or':
        return this.#parseLogic(left, infix);
      case 'in':
        return this.#parseIn(left, false);
      case 'not':
        return this.#parseNegatedInfix(left);
      case 'like':
        return this.#parsePattern(left, 'like', false);
      case 'is':
        return this.#parseIsNull(left);
      case '=~':
      case '!~':
        return this.#parsePattern(left, 're2', infix === '!~');
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.#parseRelation(left, infix);
      case '==':
      case '!=': {
        this.#lexer.advance();
        const right = this.#parse(POWER[infix]);
        return node(at, { kind: 'compare', op: infix, left, right }, left, right);
      }
      default: {
        this.#lexer.advance();
        const right = this.#parse(POWER[infix]);
        return node(at, { kind: 'arithmetic', op: infix, left, right }, left, right);
      }
    }
  }

  #parseLogic(first: Ast, op: 'and' | 'or'): Ast {
    const items = [first];
    let depth = first.depth;
    while (infixAt(this.#lexer) === op) {
      this.#lexer.advance();
      const item = this.#parse(POWER[op]);
      if (item.depth > depth) depth = item.depth;
      items.push(item);
    }
    return { kind: 'logic', op, items, offset: first.offset, depth: checkDepth(depth + 1, first.offset) };
  }

  /** `a < b`, or a range `a < b <= c`, which is `a < b and b <= c`. */
  #parseRelation(low: Ast, op: CompareOperator): Ast {
    const at = this.#lexer.offset;
    this.#lexer.advance();
    const middle = this.#parse(POWER[op]);
    const first = node(at, { kind: 'compare', op, left: low, right: middle }, low, middle);
    const next = infixAt(this.#lexer);
    if (next === undefined || POWER[next] !== POWER['<']) return first;
    if (next[0] !== op[0]) failAt(this.#lexer.offset, `'${op}' and '${next}' make no range`);
    const nextAt = this.#lexer.offset;
    this.#lexer.advance();
    const high = this.#parse(POWER['<']);
    const second = node(
      nextAt,
      { kind: 'compare', op: next as CompareOperator, left: middle, right: high },
      middle,
      high,
    );
    return node(at, { kind: 'logic', op: 'and', items: [first, second] }, first, second);
  }

  #parseNegatedInfix(left: Ast): Ast {
    this.#lexer.advance();
    const infix = infixAt(this.#lexer);
    if (infix === 'in') return this.#parseIn(left, true);
    if (infix === 'like') return this.#parsePattern(left, 'like', true);
    return failAt(this.#lexer.offset, `expected 'in' or 'like' after 'not', got ${this.#lexer.shown}`);
  }

  #parseIn(item: Ast, negated: boolean): Ast {
    const at = this.#lexer.offset;
    this.#lexer.advance();
    const list = this.#parse(POWER.in);
    return node(at, { kind: 'in', negated, item, list }, item, list);
  }

  #parsePattern(item: Ast, syntax: PatternSyntax, negated: boolean): Ast {
    const at = this.#lexer.offset;
    this.#lexer.advance();
    const pattern = this.#parse(POWER.like);
    return node(at, { kind: 'like', syntax, negated, item, pattern }, item, pattern);
  }

  #parseIsNull(item: Ast): Ast {
    const at = this.#lexer.offset;
    this.#lexer.advance();
    const negated = this.#isWord('not');
    if (negated) this.#lexer.advance();
    if (!this.#isWord('null')) failAt(this.#lexer.offset, `expected 'null', got ${this.#lexer.shown}`);
    this.#lexer.advance();
    return node(at, { kind: 'null', negated, item }, item);
  }

  #isWord(word: string): boolean {
    return this.#lexer.kind === 'name' && this.#lexer.text.toLowerCase() === word;
  }

  #parsePrefix(): Ast {
    const { kind, offset } = this.#lexer;
    if (kind === 'number' || kind === 'text') {
      const value = this.#lexer.value;
      this.#lexer.advance();
      return node(offset, { kind: 'literal', value });
    }
    if (kind === 'name') return this.#parseWord();
    if (kind === 'end') failAt(offset, 'unexpected end of expression');
    return this.#parseSign();
  }

  #parseSign(): Ast {
    const { text, offset } = this.#lexer;
    switch (text) {
      case '(': {
        this.#lexer.advance();
        const inner = this.#parse(0);
        this.#lexer.expect(')');
        return inner;
      }
      case '[':
        return node(offset, { kind: 'literal', value: this.#parseList() });
      case '{':
        return node(offset, { kind: 'literal', value: this.#parseTemplate() });
      case '!':
        return this.#parseNot();
      case '+':
      case '-':
      case '~': {
        this.#lexer.advance();
        const item = this.#parse(SIGN_POWER);
        return node(offset, { kind: 'sign', op: text as SignOperator, item }, item);
      }
      case '$':
        return unsupportedAt(offset, 'an element of a struct array ($)');
      default:
        return failAt(offset, `unexpected ${this.#lexer.shown}`);
    }
  }

  #parseNot(): Ast {
    const { offset } = this.#lexer;
    this.#lexer.advance();
    const item = this.#parse(NOT_POWER);
    return node(offset, { kind: 'not', item }, item);
  }

  /** A keyword in one of its two spellings, a boolean, a call, or a name with its path. */
  #parseWord(): Ast {
    const { text, offset } = this.#lexer;
    if (text === 'not' || text === 'NOT') return this.#parseNot();
    this.#lexer.advance();
    if (text === 'exists' || text === 'EXISTS') {
      const item = this.#parse(SIGN_POWER);
      return node(offset, { kind: 'exists', item }, item);
    }
    if (/^(?:true|True|TRUE)$/.test(text)) return node(offset, { kind: 'literal', value: true });
    if (/^(?:false|False|FALSE)$/.test(text)) return node(offset, { kind: 'literal', value: false });
    if (/^(?:and|or|in|like|AND|OR|IN|LIKE)$/.test(text)) failAt(offset, `unexpected '${text}'`);
    if (this.#lexer.isSign('(')) return this.#parseCall(text, offset);
    if (this.#lexer.kind === 'text' && /^(?:iso|interval)$/i.test(text)) unsupportedAt(offset, `${text} '…'`);
    return node(offset, { kind: 'name', name: text, path: this.#parsePath(text) });
  }

  #parsePath(name: string): (string | number)[] {
    const path: (string | number)[] = [];
    while (this.#lexer.isSign('[')) {
      this.#lexer.advance();
      const { kind, value, offset } = this.#lexer;
      if (kind === 'name') unsupportedAt(offset, `the struct field ${name}[${this.#lexer.text}]`);
      if (kind === 'number' && (typeof value !== 'bigint' || value >= 2n ** 31n)) {
        failAt(offset, `index ${value} of ${name} is not an integer in 0..2147483647,`);
      }
      if (kind !== 'number' && kind !== 'text') {
        failAt(offset, `expected a key in quotes or an index ≥ 0, got ${this.#lexer.shown}`);
      }
      path.push(typeof value === 'string' ? value : Number(value));
      this.#lexer.advance();
      this.#lexer.expect(']');
    }
    checkDepth(path.length, this.#lexer.offset);
    return path;
  }

  #parseCall(name: string, offset: number): Ast {
    const lower = name.toLowerCase();
    if (UNSUPPORTED_CALLS.test(lower)) unsupportedAt(offset, lower);
    this.#lexer.advance();
    const args: Ast[] = [];
    while (!this.#lexer.isSign(')')) {
      if (args.length === ARGUMENTS_MAX) failAt(this.#lexer.offset, `more than ${ARGUMENTS_MAX} arguments`);
      args.push(this.#parse(0));
      if (!this.#lexer.isSign(',')) break;
      this.#lexer.advance();
    }
    this.#lexer.expect(')');
    return node(offset, { kind: 'call', name: lower, args }, ...args);
  }

  /** The constants of `[...]`; the current token is the bracket. */
  #parseList(): Literal[] {
    this.#nesting = checkDepth(this.#nesting + 1, this.#lexer.offset);
    this.#lexer.advance();
    const values: Literal[] = [];
    while (!this.#lexer.isSign(']')) {
      values.push(this.#parseListItem());
      if (!this.#lexer.isSign(',')) break;
      this.#lexer.advance();
    }
    this.#lexer.expect(']');
    this.#nesting--;
    return values;
  }

  #parseListItem(): Literal {
    const { offset } = this.#lexer;
    const item = this.#parse(0);
    return literalOf(item) ?? failAt(offset, 'a list holds constants only:');
  }

  #parseTemplate(): Literal {
    this.#lexer.advance();
    const { kind, text, offset } = this.#lexer;
    if (kind !== 'name') failAt(offset, `expected the name of a template variable, got ${this.#lexer.shown}`);
    const value = this.#templates.get(text);
    if (value === undefined)
      failAt(offset, `the value of expression template variable name {${text}} is not found`);
    this.#lexer.advance();
    this.#lexer.expect('}');
    return templateLiteral(value, offset, 0);
  }
}
