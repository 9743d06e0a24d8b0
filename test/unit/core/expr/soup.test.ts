import { describe, expect, it } from 'vitest';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import { parseFilter, type TemplateValue } from '../../../../src/core/expr/parseFilter.ts';
import { Dice } from './dice.ts';
import { schema, table } from './things.ts';

describe('soup', () => {
  const TOKENS = [
    'a',
    'id',
    'f',
    'flag',
    's',
    'arr',
    'words',
    'j',
    'key',
    '$meta',
    '["k"]',
    '[0]',
    '[',
    ']',
    '(',
    ')',
    '{',
    '}',
    '{t}',
    ',',
    '+',
    '-',
    '*',
    '/',
    '%',
    '**',
    '<<',
    '&',
    '|',
    '^',
    '~',
    '!',
    '==',
    '!=',
    '<',
    '<=',
    '>',
    '>=',
    '&&',
    '||',
    'and',
    'or',
    'not',
    'in',
    'not in',
    'like',
    'is null',
    'is not null',
    'exists',
    'array_length(',
    'json_contains(',
    'array_contains_all(',
    'text_match(',
    '1',
    '0',
    '2.5',
    '9223372036854775807',
    '-1',
    '0x1F',
    '"x1"',
    "'%'",
    'true',
    'False',
    '"',
    "'",
    '\\',
    '$',
    '=',
    '\u0000',
    '😀',
    '1e999',
    '.',
  ];
  const GOOD = [
    'a == 1',
    'f > 0.5',
    's like "x%"',
    'arr[1] in [2, 4]',
    'j["list"][0] != 3',
    'flag',
    'array_length(arr)',
    'id',
    '3',
    '"x"',
  ];

  it('random tokens give a plan that runs or an ElanusError', () => {
    const dice = new Dice(42);
    const templates = new Map<string, TemplateValue>([['t', [1n, 2n]]]);
    let parsed = 0;
    for (let round = 0; round < 40_000; round++) {
      const parts = Array.from({ length: 1 + dice.below(9) }, () =>
        dice.pick(dice.chance(0.4) ? GOOD : TOKENS),
      );
      const text = parts.join(dice.chance(0.9) ? ' ' : '');
      try {
        table.matching(parseFilter(text, schema, templates));
        parsed++;
      } catch (caught) {
        expect(caught, text).toBeInstanceOf(ElanusError);
        expect(['Invalid', 'Unsupported'], `${text}: ${(caught as Error).message}`).toContain(
          (caught as ElanusError).kind,
        );
      }
    }
    expect(parsed).toBeGreaterThan(500);
  });

  it('mutated filters too', () => {
    const dice = new Dice(43);
    const filter =
      'not (a + 1 >= 3 and s like "x_%") or j["k"]["l"][0] in [1, "two", 2.5] and exists key or array_contains_any(arr, [1, 2]) and 1 < id <= 5';
    for (let round = 0; round < 20_000; round++) {
      const at = dice.below(filter.length);
      const inserted = dice.chance(0.5) ? dice.pick(TOKENS) : String.fromCharCode(dice.below(128));
      const text = filter.slice(0, at) + inserted + filter.slice(at + dice.below(4));
      try {
        table.matching(parseFilter(text, schema));
      } catch (caught) {
        expect(['Invalid', 'Unsupported'], `${text}: ${String(caught)}`).toContain(
          (caught as ElanusError).kind,
        );
      }
    }
  });
});
