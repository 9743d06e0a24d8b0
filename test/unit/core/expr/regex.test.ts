import { describe, expect, it } from 'vitest';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import { patternMatcher } from '../../../../src/core/expr/patternMatcher.ts';
import { Table } from './table.ts';

const TEXTS = ['libssl-dev', 'LIBSSL-DEV', 'python3', 'naïve 日本', '', 'a\nb'];
const table = new Table(
  [{ name: 's', dataType: DataType.VarChar }],
  TEXTS.map((s) => ({ s })),
);

describe('regular expressions', () => {
  it.each([
    ['s =~ "lib.*-dev"', [0]],
    ['s =~ "(?i)^LIB.*-dev$"', [0, 1]],
    ['s =~ "ssl"', [0]],
    ['s =~ "^ssl"', []],
    ['s =~ r"\\d$"', [2]],
    ['s =~ "^$"', [4]],
    ['s =~ "\\\\p{Han}{2}$"', [3]],
    ['s =~ "a.b"', []],
    ['s =~ "(?s)a.b"', [5]],
    ['s !~ "i"', [1, 2, 3, 4, 5]],
    ['not (s =~ "i")', [1, 2, 3, 4, 5]],
  ])('%s', (filter, rows) => {
    expect(table.query(filter)).toEqual(rows);
  });

  it('an expression that would make a backtracking engine wait for years takes linear time', () => {
    const text = new TextEncoder().encode('a'.repeat(100_000));
    expect(patternMatcher('re2', '^(a*)*(a*)*b$').matches(text, 0, text.length)).toBe(false);
  });

  it('reads texts in shared memory', () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(16));
    bytes.set(new TextEncoder().encode('--añb--'));
    expect(patternMatcher('re2', '^a.b$').matches(bytes, 2, 6)).toBe(true);
  });

  it.each([
    ['s =~ "a(b"', /error: invalid regular expression: .*missing closing \).* at column 6$/],
    ['s =~ "(a)\\\\1"', /invalid escape sequence/],
    ['s =~ "a(?=b)"', /invalid regular expression/],
    ['s =~ 5', /the right side of '=~' must be a string at column 6$/],
  ])('refuses %s', (filter, text) => {
    const refused = () => table.query(filter);
    expect(refused).toThrow(ElanusError);
    expect(refused).toThrow(text);
  });
});
