import { describe, expect, it } from 'vitest';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { parseFilter } from '../../../../src/core/expr/parseFilter.ts';
import type { FilterPlan } from '../../../../src/core/expr/plan.ts';
import {
  conjunction,
  filterFieldIds,
  matchesAll,
  primaryKeyPoints,
} from '../../../../src/core/expr/planFacts.ts';
import { schema, table } from './things.ts';

describe('plans', () => {
  const plan = (text: string): FilterPlan => parseFilter(text, schema);
  const keys = (text: string): unknown => {
    const points = primaryKeyPoints(plan(text), 100);
    return points?.kind === 'fixed' ? [...points.values] : points;
  };

  it('knows the points of a primary key', () => {
    expect(keys('id == 5')).toEqual([5n]);
    expect(keys('5 == id')).toEqual([5n]);
    expect(keys('id in [7, 5, 7]')).toEqual([5n, 7n]);
    expect(keys('id == 1 or id in [2] or id == 1')).toEqual([1n, 2n]);
    expect(keys('id in []')).toEqual([]);
    expect(keys('not (id != 5)')).toBeUndefined();
    for (const text of [
      'id > 5',
      'id != 5',
      'not id == 5',
      'id not in [5]',
      'a == 5',
      'id == 5 and a == 1',
      'id + 1 == 5',
      '',
    ]) {
      expect(keys(text), text).toBeUndefined();
    }
    const text = primaryKeyPoints(plan('s in ["é", "b"]'), 105);
    expect(text).toMatchObject({ kind: 'bytes', dataType: DataType.VarChar, rows: 2 });
    expect(text?.kind === 'bytes' && [...text.offsets, ...text.bytes]).toEqual([0, 2, 3, 0xc3, 0xa9, 0x62]);
    expect(primaryKeyPoints(plan('s == "b"'), 105)).toMatchObject({ rows: 1 });
  });

  it('names the fields it reads', () => {
    expect(filterFieldIds(plan('f + id * 2 > 3 and (s == "x" or not exists j["k"]) and key == 1'))).toEqual([
      100, 103, 105, 108, 109,
    ]);
    expect(filterFieldIds(plan('a == id or array_contains(arr, 1) or a is null or words[0] == s'))).toEqual([
      100, 101, 105, 106, 107,
    ]);
    expect(filterFieldIds(plan(''))).toEqual([]);
  });

  it('joins and folds', () => {
    expect(matchesAll(plan(''))).toBe(true);
    expect(matchesAll(plan('true or a == 1'))).toBe(true);
    expect(matchesAll(plan('1 < 2 and "a" != "b"'))).toBe(true);
    expect(matchesAll(plan('id == 1'))).toBe(false);
    expect(plan('a == 1 and false')).toEqual({ op: 'constant', value: false });
    expect(plan('s == "x1" or s in ["x2", "x1"] or a == 4')).toMatchObject({
      items: [{ op: 'range' }, { op: 'textIn', values: ['x1', 'x2'] }],
    });
    expect(table.query('s == "x1" or s in ["x2", "x1"] or a == 4 or a == 6')).toEqual([1, 2, 4, 6]);
    expect(table.query('f > 1e999 or f > 4.5')).toEqual([19]);
    expect(table.query('f <= 1e999 and f > 4.5')).toEqual([19]);
    expect(plan('id > 5 and id < 100')).toMatchObject({ op: 'range', low: 6n, high: 99n });
    expect(conjunction(plan('id == 1'), plan(''))).toEqual(plan('id == 1'));
    expect(table.matching(conjunction(plan('id < 5'), plan('id > 2 or flag')))).toEqual([0, 2, 3, 4]);
  });

  it('of a null column neither a test nor its negation is true', () => {
    const nulls = [0, 5, 10, 15];
    const valid = [...table.rows.keys()].filter((row) => !nulls.includes(row));
    const both = (text: string): number[] =>
      [...table.query(text), ...table.query(`not (${text})`)].sort((x, y) => x - y);
    for (const text of [
      'a > 7',
      'a == 3',
      'a in [1, 2]',
      'a + 1 > 5',
      'a == id',
      'a in []',
      'a == 1.5',
      '(a > 3 and a != 5)',
    ]) {
      expect(both(text), text).toEqual(valid);
    }
    expect(table.query('a is null')).toEqual(nulls);
    expect(table.query('a is null or a > 17')).toEqual([0, 5, 10, 15, 18, 19]);
    expect(table.query('a > 7 or true')).toHaveLength(20);
    expect(table.query('j["k"] != 3 and id < 9')).toEqual([1, 2, 4, 5, 6, 8]);
    expect(table.query('j["k"] is null and id < 9')).toEqual([0, 7]);
  });
});
