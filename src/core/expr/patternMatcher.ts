import { RE2JS, RE2JSException } from 're2js';
import { failAt } from './filterError.ts';
import { LikeMatcher } from './like.ts';
import type { PatternSyntax } from './plan.ts';

/** Tells whether the UTF-8 text in [start, end) of `bytes` matches. */
export interface PatternMatcher {
  matches(bytes: Uint8Array, start: number, end: number): boolean;
}

export function patternMatcher(syntax: PatternSyntax, pattern: string): PatternMatcher {
  return syntax === 'like' ? new LikeMatcher(pattern) : new RegexMatcher(pattern);
}

/** An RE2 expression: linear in the length of the text, whatever the expression. */
class RegexMatcher implements PatternMatcher {
  readonly #regex: RE2JS;

  constructor(pattern: string) {
    this.#regex = RE2JS.compile(pattern);
  }

  matches(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#regex.test(bytes.subarray(start, end));
  }
}

/** Error: Invalid, with what is wrong. */
export function checkRegex(pattern: string, offset: number): void {
  try {
    RE2JS.compile(pattern);
  } catch (caught) {
    if (!(caught instanceof RE2JSException)) throw caught;
    failAt(offset, `invalid regular expression: ${caught.message}`);
  }
}
