import { describe, expect, it } from 'vitest';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import { Table } from './table.ts';

/** Ten rows on which real servers were asked: Milvus 2.3.5, Milvus Lite 2.5.1 and 3.2.2. */
const table = new Table(
  [
    { name: 'id', dataType: DataType.Int64, isPrimaryKey: true },
    { name: 'a', dataType: DataType.Int64 },
    { name: 'b', dataType: DataType.Int64 },
    { name: 'flag', dataType: DataType.Bool },
    { name: 's', dataType: DataType.VarChar },
    { name: 'f', dataType: DataType.Float },
    { name: 'arr', dataType: DataType.Array, elementType: DataType.Int64 },
    { name: 'j', dataType: DataType.JSON },
    { name: '$meta', dataType: DataType.JSON, isDynamic: true },
  ],
  Array.from({ length: 10 }, (_, i) => ({
    id: i,
    a: i,
    b: 10 - i,
    flag: i % 2 === 0,
    s: `x${i}`,
    f: i / 2,
    arr: [i, i + 1],
    j: i % 3 === 0 ? { k: 'str' } : { k: i, t: 's' },
    $meta: { dyn: i % 4 === 0 ? null : i },
  })),
);

/** The rows that match, or what the error says. */
type Answer = string | RegExp;

const ANSWERS: readonly (readonly [filter: string, answer: Answer])[] = [
  // Where all servers that answer agree, or Milvus alone answers.
  ['a % 2 == 1', '1 3 5 7 9'],
  ['a / 4 == 1', '4 5 6 7'],
  ['a + 1 == 3', '2'],
  ['j["k"] == 4', '4'],
  ['flag == true', '0 2 4 6 8'],
  ['a==1 or a==2 and b==100', '1'],
  ['f == 0.1', 'none'],
  ['json_contains_any(j["k"],[1])', 'none'],
  ['f + 1 == 1.5', '1'],
  ['a / 2 == 1', '2 3'],
  ['2 * a == 4', '2'],
  ['a * 2 == 4', '2'],
  ['a == b', '5'],
  ['j["k"] + 1 == 5', '4'],
  ['"x1" == s', '1'],
  ['1 == a', '1'],
  ['flag != false', '0 2 4 6 8'],
  ['j["k"] == 4.0', '4'],
  ['j["k"] != 4', 'all but 4'],
  ['not (j["k"] == 4)', 'all but 4'],
  ['j["k"] > 2', '4 5 7 8'],
  ['j["zz"] == 1', 'none'],
  ['j["zz"] != 1', 'all'],
  ['exists j["t"]', '1 2 4 5 7 8'],
  ['dyn == 5', '5'],
  ['dyn > 2', '3 5 6 7 9'],
  ['dyn != 5', 'all but 5'],
  ['arr == [1,2]', '1'],
  ['arr[0] == 3', '3'],
  ['arr[9] == 3', 'none'],
  ['array_length(arr)==2', 'all'],
  ['1 < a < 4', '2 3'],
  ['4 > a > 1', '2 3'],
  ['4 < a < 1', 'none'],
  ['a < b', '0 1 2 3 4'],
  ['f == 0.5', '1'],
  ['f > 1', 'all but 0 1 2'],
  ['a == 0x3', '3'],
  ['a==1||a==2', '1 2'],
  ['!(a==1)', 'all but 1'],
  ['not (a == 1)', 'all but 1'],
  ['id in []', 'none'],
  [' ', 'all'],
  ['s like "x%"', 'all'],
  ['s in ["x1","x2"]', '1 2'],
  ['s not in ["x1"]', 'all but 1'],
  ['a not in [1]', 'all but 1'],
  ['json_contains(j["k"],1)', 'none'],
  ['array_contains(arr,3)', '2 3'],
  ['array_contains_any(arr,[3,9])', '2 3 8 9'],
  ['a - -1 == 3', '2'],
  ["s=='x1'", '1'],
  ['$meta["dyn"]==5', '5'],
  ['nosuch==1', 'none'],
  ['id==3', '3'],
  ['a==3', '3'],
  ['a==333', 'none'],
  ['a == 9999999999999999999', 'none'],
  ['not s like "x1%"', 'all but 1'],
  ['a + 1.5 == 3.5', '2'],

  // What Milvus refuses, or answers by halves, and what has one sensible meaning.
  ['not a == 1', 'all but 1'],
  ['NOT s == "x1"', 'all but 1'],
  ['not flag', '1 3 5 7 9'],
  ['flag', '0 2 4 6 8'],
  ['flag and a>3', '4 6 8'],
  ['a == 1.0', '1'],
  ['a > 1.5', 'all but 0 1'],
  ['a in [1,2.5]', '1'],
  ['(a & 1) == 1', '1 3 5 7 9'],
  ['not a == 1 and b == 9', 'none'],
  ['j["k"] in [4,"str"]', '0 3 4 6 9'],
  ['dyn is null', '0 4 8'],
  ['dyn is not null', 'all but 0 4 8'],
  ['j["zz"] is null', 'all'],
  ['exists dyn', 'all but 0 4 8'],
  ['j is null', 'none'],
  ['arr is not null', 'all'],
  ['a is null', 'none'],
  ['s like "%1"', '1'],
  ['s like "_1"', '1'],
  ['s not like "x1%"', 'all but 1'],
  ['-a < -3', '4 5 6 7 8 9'],
  ['(a + 1) * 2 == 4', '1'],
  ['a + 1 == b', 'none'],
  ['True', 'all'],
  ['true', 'all'],
  ['s == "x1" and true', '1'],
  ['a ** 2 == 4', '2'],
  ['1==1', 'all'],
  ['a+b>3', 'all'],
  ['"abc"=="abc"', 'all'],

  // What cannot mean anything.
  ['a & 1 == 1', /'&' can only apply on numbers, got a condition at column 3$/],
  ['s > 3', /comparison '>' between VarChar field s and Int64 3 is not supported at column 3$/],
  ['a == "1"', /comparison '==' between Int64 field a and VarChar "1" is not supported at column 3$/],
  ['flag == 1', /comparison '==' between Bool field flag and Int64 1 is not supported at column 6$/],
  ['s == 3', /comparison '==' between VarChar field s and Int64 3/],
  ['a == true', /comparison '==' between Int64 field a and Bool true/],
  ['exists a', /exists operations are only supported on a key of a JSON field, got Int64 field a/],
  ['text_match(s,"x1")', /text_match is not supported at column 1$/],
  ['a in "x"', /the right side of 'in' must be a list at column 6$/],
  ['a between 1 and 3', /unexpected 'between' at column 3$/],
  ['abs(a)==1', /unknown function abs at column 1$/],
  ['a in {1}', /expected the name of a template variable, got '1' at column 7$/],
  ['arr[-1]==3', /expected a key in quotes or an index ≥ 0, got '-' at column 5$/],
  ['a', /predicate is not a boolean expression: Int64 field a/],
  ['a like "x%"', /like operation on non-string or no-json field is unsupported: Int64 field a/],
  ['a == 1 and', /unexpected end of expression at column 11$/],
  ['(a==1', /expected '\)', got end of expression at column 6$/],
  ['j==1', /can not compare JSON field j directly/],
  ['a / 0 == 1', /division by zero at column 3$/],
  ['a % 0 == 1', /modulo by zero at column 3$/],
];

function rowsOf(answer: string): number[] {
  const all = [...table.rows.keys()];
  if (answer === 'all') return all;
  if (answer === 'none') return [];
  const listed = answer.replace('all but ', '').split(' ').map(Number);
  return answer.startsWith('all but ') ? all.filter((row) => !listed.includes(row)) : listed;
}

describe('filters that real servers were asked', () => {
  it.each(ANSWERS.filter(([, answer]) => typeof answer === 'string'))('%s → %s', (filter, answer) => {
    expect(table.query(filter)).toEqual(rowsOf(answer as string));
  });

  it.each(ANSWERS.filter(([, answer]) => typeof answer !== 'string'))('%s is refused', (filter, answer) => {
    const error = errorOf(() => table.query(filter));
    expect(error.text).toMatch(answer);
    expect(
      error.text.startsWith(`failed to create query plan: cannot parse expression: ${filter}, error: `),
    ).toBe(true);
    expect(error.kind).toBe(filter.startsWith('text_match') ? 'Unsupported' : 'Invalid');
    expect(error.subject).toBe('parameter');
  });
});

function errorOf(act: () => unknown): ElanusError {
  try {
    act();
  } catch (caught) {
    expect(caught).toBeInstanceOf(ElanusError);
    return caught as ElanusError;
  }
  throw new Error('no error was thrown');
}
