import { failAt } from './filterError.ts';
import { numberLiteral, unescapeText } from './literalText.ts';

export type TokenKind = 'end' | 'number' | 'text' | 'name' | 'sign';

const SIGNS_BY_LENGTH = [
  ['==', '!=', '<=', '>=', '&&', '||', '**', '<<', '>>', '=~', '!~'],
  ['<', '>', '+', '-', '*', '/', '%', '&', '|', '^', '~', '!', '(', ')', '[', ']', '{', '}', ',', '=', '$'],
] as const;
const SPACE = /[ \t\r\n]+/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*|\$meta(?![A-Za-z0-9_])/y;
/** Greedy: what it takes too much is refused by numberLiteral. */
const NUMBER = /(?:0[xX][\da-fA-F.]*(?:[pP][+-]?\d+)?|(?:\d|\.\d)[\d.]*(?:[eE][+-]?\d+)?)\w*/y;
const TEXT_START = /(?:u8|u|U|L|r|R)?["']/y;
const BACKSLASH = 0x5c;

/** The tokens of a filter, one at a time: the fields describe the current one. */
export class Lexer {
  kind: TokenKind = 'end';
  /** Of a name or sign: its characters. */
  text = '';
  /** Of a number or text. */
  value: bigint | number | string = '';
  /** Where it starts, in UTF-16 units. */
  offset = 0;
  readonly #source: string;
  #next = 0;

  constructor(source: string) {
    this.#source = source;
    this.advance();
  }

  advance(): void {
    this.#match(SPACE);
    this.offset = this.#next;
    if (this.#next >= this.#source.length) {
      this.kind = 'end';
      this.text = '';
    } else if (!this.#readText() && !this.#readName() && !this.#readNumber()) {
      this.#readSign();
    }
  }

  /** The current token as an error shows it. */
  get shown(): string {
    if (this.kind === 'end') return 'end of expression';
    const end = Math.min(this.#next, this.offset + 40);
    return `'${this.#source.slice(this.offset, end)}'`;
  }

  isSign(sign: string): boolean {
    return this.kind === 'sign' && this.text === sign;
  }

  /** Steps over the sign or fails. */
  expect(sign: string): void {
    if (!this.isSign(sign)) failAt(this.offset, `expected '${sign}', got ${this.shown}`);
    this.advance();
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#next;
    if (!pattern.test(this.#source)) return undefined;
    const start = this.#next;
    this.#next = pattern.lastIndex;
    return this.#source.slice(start, this.#next);
  }

  #readText(): boolean {
    const start = this.#match(TEXT_START);
    if (start === undefined) return false;
    const inner = this.#readUntilQuote(start.charCodeAt(start.length - 1));
    const raw = start.length === 2 && (start[0] === 'r' || start[0] === 'R');
    this.kind = 'text';
    this.value = raw ? inner : unescapeText(inner, this.offset);
    return true;
  }

  /** A string ends at the first quote that no backslash precedes, a raw one too (it keeps its backslashes). */
  #readUntilQuote(quote: number): string {
    const start = this.#next;
    for (let i = start; i < this.#source.length; i++) {
      const code = this.#source.charCodeAt(i);
      if (code === quote) {
        this.#next = i + 1;
        return this.#source.slice(start, i);
      }
      if (code === BACKSLASH) i++;
    }
    return failAt(this.offset, 'string without its closing quote');
  }

  #readName(): boolean {
    const name = this.#match(NAME);
    if (name === undefined) return false;
    this.kind = 'name';
    this.text = name;
    return true;
  }

  #readNumber(): boolean {
    const number = this.#match(NUMBER);
    if (number === undefined) return false;
    this.kind = 'number';
    this.value = numberLiteral(number, this.offset);
    return true;
  }

  #readSign(): void {
    for (const signs of SIGNS_BY_LENGTH) {
      const text = this.#source.slice(this.#next, this.#next + signs[0].length);
      if ((signs as readonly string[]).includes(text)) {
        this.kind = 'sign';
        this.text = text;
        this.#next += text.length;
        return;
      }
    }
    const character = String.fromCodePoint(this.#source.codePointAt(this.#next)!);
    failAt(this.offset, `unexpected character '${character}'`);
  }
}
