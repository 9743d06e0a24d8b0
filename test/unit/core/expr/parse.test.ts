import { describe, expect, it } from 'vitest';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import { parseFilter, type TemplateValue } from '../../../../src/core/expr/parseFilter.ts';
import { schemaOf } from './table.ts';
import { FIELDS, schema, table } from './things.ts';

function errorOf(text: string, templates?: ReadonlyMap<string, TemplateValue>): ElanusError {
  try {
    parseFilter(text, schema, templates);
  } catch (caught) {
    expect(caught).toBeInstanceOf(ElanusError);
    return caught as ElanusError;
  }
  throw new Error(`no error was thrown for ${text.slice(0, 100)}`);
}

describe('size', () => {
  const NESTED: readonly (readonly [string, string, string])[] = [
    ['parentheses', '(', 'a == 1'],
    ['not', 'not ', 'a == 1'],
    ['!', '!', 'flag'],
    ['minus', 'a == -', '1'],
    ['open lists', '[', ''],
    ['lists in lists', 'a in [', '1'],
    ['sums', 'a == 1 + ', '1'],
    ['exists', 'exists ', 'j["k"]'],
  ];
  it.each(NESTED)('%s nested 10,000 and 1,000,000 deep is an error', (_name, opening, end) => {
    const [first = '', repeated = opening] = opening.startsWith('a ') ? ['a == ', opening.slice(5)] : [];
    for (const depth of [513, 10_000, 1_000_000]) {
      const error = errorOf(first + repeated.repeat(depth) + end);
      expect(error.kind).toBe('Invalid');
      expect(error.message.length).toBeLessThan(2_000);
      if (!opening.includes('in ['))
        expect(error.message).toMatch(/nested deeper than 512 levels at column \d+$/);
    }
  });

  it('500 parentheses are fine, an alternation of and and or of that depth too', () => {
    expect(table.query(`${'('.repeat(500)}id == 3${')'.repeat(500)}`)).toEqual([3]);
    let text = 'id == 3';
    for (let i = 0; i < 120; i++) text = `(${text} and id < 100) or id == ${100 + i}`;
    expect(table.query(text)).toEqual([3]);
  });

  it('a message stays short', () => {
    expect(errorOf(`${'n'.repeat(100_000)} == [1] < 3`).message.length).toBeLessThan(3_000);
  });

  it('chains and lists may be long', () => {
    const terms = Array.from({ length: 10_000 }, (_, i) => i);
    expect(table.query(terms.map((i) => `id == ${i}`).join(' or '))).toHaveLength(20);
    expect(table.query(terms.map((i) => `f != ${i}.5`).join(' and '))).toHaveLength(15);
    expect(table.query(terms.map((i) => `id == ${i} and b == ${-i}`).join(' or '))).toHaveLength(20);
    expect(table.query(terms.map((i) => `not (s == "y${i}")`).join(' && '))).toHaveLength(20);
    expect(table.query(`id in [${Array.from({ length: 200_000 }, (_, i) => i - 100_000)}]`)).toHaveLength(20);
    expect(table.query(`s in [${terms.map((i) => `"x${i}"`)},]`)).toHaveLength(20);
    expect(table.query(`s == "${'y'.repeat(5_000_000)}"`)).toEqual([]);
  });
});

describe('constants', () => {
  it.each([
    ['id == 017', [15]],
    ['id == 0b101', [5]],
    ['id == 0XF', [15]],
    ['f == .25', [1]],
    ['f == 1.', [4]],
    ['f == 25e-2', [1]],
    ['f == 0x1p-2', [1]],
    ['f == 0x.8P1', [4]],
    ['id == 2 + 3 * 2 - 10 / 4 - 7 % 4', [3]],
    ['id == -7 / 2 + 5', [2]],
    ['id == (1 << 4) >> 2', [4]],
    ['id == ~-3', [2]],
    ['id == 2 ** 3', [8]],
    ['id == (6 ^ (3 & 2) | 8)', [12]],
    ['s == "\\x78\\u0031"', [1]],
    ["s == '\\1701'", [1]],
    ['s == u8"x1"', [1]],
    ['s == r"x1"', [1]],
    ['s like r"x\\_"', []],
    ['id > -9223372036854775808 and id < 1', [0]],
    ['id >= -9223372036854775809 and id < 1', [0]],
    ['id <= 9223372036854775807 and id < 1', [0]],
    ['id < 1e400 and id < 1', [0]],
    ['id == 1 == true', [1]],
    ['id in [1 + 1, -3 + 6,]', [2, 3]],
    ['3 in [1, 2]', undefined],
  ] as const)('%s', (text, rows) => {
    if (rows === undefined) expect(errorOf(text).kind).toBe('Invalid');
    else expect(table.query(text)).toEqual(rows);
  });

  it.each([
    'id == 08',
    'id == 1x',
    'id == 1..2',
    'id == 1e',
    'id == 0x',
    's == "x',
    "s == '\\U99999999'",
    'id = 1',
    'id <> 1',
    'id == 1 ;',
    'id == 1 2',
    '== 1',
    'id ==',
    'and',
    'id == 1 or or id == 2',
    'id not 3',
    'id is 3',
    'flag > false',
    'arr == 1',
    'arr < [1]',
    'arr[0][1] == 1',
    'arr["k"] == 1',
    'id[0] == 1',
    'arr in [1]',
    'id in 3',
    's like 3',
    'exists j',
    'exists arr',
    'array_length(s) == 1',
    'array_contains(s, 1)',
    'array_contains(arr, "x")',
    'array_contains(arr)',
    'json_contains_any(j["list"], 3)',
    'j["k"] == j["l"]',
    'j["k"] < true',
    'j["k"] < [1]',
    's + 1 == 2',
    'flag + 1 == 2',
    'f % 2 == 1',
    'f & 1 == 1',
    'id / b == 1',
    'id % b == 1',
    '1 / 0 == 1',
    '1.5 / 0.0 == 1',
    'id / (1 - 1) == 0',
    'id << 1 == 2',
    '~id == 2',
    '1 < id > 2',
    '1 < id < 3 < 4',
    'id == 1 << 64',
    'id == -1.5 % 2',
    '"a" + "b" == s',
    'j',
    'arr',
    '3',
    '"x"',
    '[1]',
    '{x}',
    '{x',
    'id == 6 ^ 3 & 2 | 8',
    'f in ["a"]',
    'words in ["a"]',
    's in [1]',
    'flag in [1]',
    '(id == 1) == 1',
    'id == [1]',
    'j[1.5] == 1',
    'j[99999999999] == 1',
  ])('refused: %s', (text) => {
    const error = errorOf(text);
    expect(error.kind).toBe('Invalid');
    expect(error.subject).toBe('parameter');
    expect(error.message).toMatch(/ at column \d+$/);
  });

  it.each([
    'text_match(s, "a")',
    'PHRASE_MATCH(s, "a", 2)',
    'random_sample(0.1)',
    'st_within(s, "POINT(1 1)")',
    'a > ISO "2025-01-01T00:00:00Z"',
    'element_filter(arr, $[x] > 1)',
    'match_any(arr, $ > 1)',
    'arr[x] == 1',
    '$x',
  ])('not there yet: %s', (text) => {
    expect(errorOf(text).kind).toBe('Unsupported');
  });

  it('names the delete plan when it is one', () => {
    expect(() => parseFilter('id ==', schema, new Map(), 'delete')).toThrow(
      'failed to create delete plan: cannot parse expression: id ==, error: unexpected end of expression at column 6',
    );
  });

  it('without a dynamic field an unknown name is an error', () => {
    expect(() => parseFilter('nosuch == 1', schemaOf(FIELDS))).toThrow(
      /error: field nosuch not exist at column 1$/,
    );
    expect(() => parseFilter('$meta["x"] == 1', schemaOf(FIELDS))).toThrow(/field \$meta not exist/);
  });
});

describe('templates', () => {
  const templates = new Map<string, TemplateValue>([
    ['n', 3n],
    ['x', 0.5],
    ['word', 'x4'],
    ['yes', true],
    ['ids', [1n, 2n]],
    ['words', ['x1', 'x"2']],
    ['mixed', [1n, 'x', 0.5, true, [2n]]],
    ['none', []],
  ]);
  it.each([
    ['id == {n}', [3]],
    ['{n} == id', [3]],
    ['id == { n } + 1', [4]],
    ['f == {x}', [2]],
    ['s == {word}', [4]],
    ['s like {word}', [4]],
    ['flag == {yes} and id < 3', [0, 2]],
    ['id in {ids}', [1, 2]],
    ['id not in {ids} and id < 4', [0, 3]],
    ['s in {words}', [1]],
    ['id in {none}', []],
    ['id in [{n}, 5]', [3, 5]],
    ['array_contains_any(arr, {ids})', [1, 2]],
    ['json_contains_any(j["list"], {mixed}) and id < 3', [1, 2]],
    ['j["k"] in {mixed}', [1]],
  ] as const)('%s', (text, rows) => {
    expect(table.query(text, templates)).toEqual(rows);
  });

  it('a missing or unfitting value is an error', () => {
    expect(errorOf('id == {missing}', templates).message).toMatch(
      /the value of expression template variable name \{missing\} is not found at column 8$/,
    );
    expect(errorOf('id in {n}', templates).kind).toBe('Invalid');
    expect(errorOf('id in {words}', templates).kind).toBe('Invalid');
    expect(errorOf('id == {ids}', templates).kind).toBe('Invalid');
    let deep: TemplateValue = 1n;
    for (let i = 0; i < 600; i++) deep = [deep];
    expect(errorOf('id in {deep}', new Map([['deep', deep]])).message).toMatch(/nested deeper/);
  });
});
