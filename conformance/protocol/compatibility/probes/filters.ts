import { expect } from 'vitest';
import { SHELF } from '../shelf.ts';
import { type Probe, type Probes, queried, refused } from './probe.ts';

/** By the form as the table names it: a filter with it, and the rows of the shelf that it lets through. */
const FILTERS: Readonly<Record<string, readonly [filter: string, rows: number[]]>> = {
  '==': ['n == 3', [3]],
  '!=': ['n != 3 and n < 5', [0, 1, 2, 4]],
  '<': ['n < 2', [0, 1]],
  '<=': ['n <= 2', [0, 1, 2]],
  '>': ['n > 17', [18, 19]],
  '>=': ['n >= 17', [17, 18, 19]],
  range: ['2 < n <= 4', [3, 4]],
  in: ['name in ["r1", "r5"]', [1, 5]],
  'not in': ['n not in [0, 1] and n < 4', [2, 3]],
  like: ['name like "r1_"', [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]],
  '=~': ['name =~ "^R?r1[2-4]$"', [12, 13, 14]],
  '!~': ['name !~ "r1" and n < 4', [0, 2, 3]],
  and: ['n > 3 and n < 6', [4, 5]],
  or: ['n == 3 or n == 9', [3, 9]],
  not: ['not n > 1', [0, 1]],
  '+': ['n + 2 == 5', [3]],
  '-': ['n - 2 == 5', [7]],
  '*': ['n * 2 == 6', [3]],
  '/': ['n / 5 == 3', [15, 16, 17, 18, 19]],
  '%': ['n % 10 == 3', [3, 13]],
  '**': ['n ** 2 == 16', [4]],
  '&': ['(n & 15) == 3', [3, 19]],
  '^': ['(n ^ 1) == 5', [4]],
  'bitwise or': ['(n | 1) == 5', [4, 5]],
  'is null': ['maybe is null and n < 4', [1, 3]],
  'is not null': ['maybe is not null and n < 4', [0, 2]],
  exists: ['exists j["k"] and n < 2', [0, 1]],
  json_contains: ['json_contains(tags, 5)', [4, 5]],
  json_contains_all: ['json_contains_all(tags, [5, 6])', [5]],
  json_contains_any: ['json_contains_any(tags, [0, 19])', [0, 18, 19]],
  array_contains: ['array_contains(tags, 5)', [4, 5]],
  array_contains_all: ['array_contains_all(tags, [5, 6])', [5]],
  array_contains_any: ['array_contains_any(tags, [0, 19])', [0, 18, 19]],
  array_length: ['array_length(tags) == 2 and n < 2', [0, 1]],
  'JSON path': ['j["k"] == 7', [7]],
  'dynamic key': ['d == 8 or $meta["d"] == 9', [8, 9]],
  'array element': ['tags[1] == 7', [6]],
  'field to field': ['n == maybe and n < 3', [0, 2]],
};

/** A filter with each form that is not built. */
const REFUSED: Readonly<Record<string, string>> = {
  text_match: 'text_match(name, "r1")',
  text_match_fuzzy: 'text_match_fuzzy(name, "r1")',
  phrase_match: 'phrase_match(name, "r1")',
  random_sample: 'random_sample(0.5)',
  element_filter: 'element_filter(tags, $[x] > 1)',
  match_any: 'match_any(tags, $[x] > 1)',
  match_all: 'match_all(tags, $[x] > 1)',
  match_least: 'match_least(tags, $[x] > 1, threshold=1)',
  match_most: 'match_most(tags, $[x] > 1, threshold=1)',
  match_exact: 'match_exact(tags, $[x] > 1, threshold=1)',
  st_dwithin: 'st_dwithin(j, "POINT(1 1)", 5)',
  st_isvalid: 'st_isvalid(j)',
  ISO: 'n > ISO "2025-01-01T00:00:00Z"',
  INTERVAL: 'n + INTERVAL "P1D" > ISO "2025-01-01T00:00:00Z"',
  mol_contains: 'mol_contains(name, "CCO")',
  an_unknown_function: 'an_unknown_function(n)',
};
const GEOMETRIES = ['equals', 'touches', 'overlaps', 'crosses', 'contains', 'intersects', 'within'];

function lets(filter: string, rows: number[]): Probe {
  return async (world) => expect(await queried(world, filter)).toEqual(rows);
}

function refuses(expr: string, name: string): Probe {
  return (world) => refused(world, 'Query', { collectionName: SHELF, expr }, 1100, name);
}

export const FILTER_PROBES: Probes = {
  ...Object.fromEntries(
    Object.entries(FILTERS).map(([form, [filter, rows]]) => [`filter ${form}`, lets(filter, rows)]),
  ),
  'filter template': async (world) => {
    expect(await queried(world, 'n == {x}', { exprTemplateValues: { x: { int64Val: 4n } } })).toEqual([4]);
    await refused(world, 'Query', { collectionName: SHELF, expr: 'n == {x}' }, 1100, 'x');
  },
};

export const FILTER_REFUSALS: Probes = {
  ...Object.fromEntries(
    Object.entries(REFUSED).map(([form, filter]) => [`filter ${form}`, refuses(filter, form)]),
  ),
  ...Object.fromEntries(
    GEOMETRIES.map((name) => [`filter st_${name}`, refuses(`st_${name}(j, "POINT(1 1)")`, `st_${name}`)]),
  ),
};
