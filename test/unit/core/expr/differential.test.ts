import { expect, it } from 'vitest';
import { Dice } from './dice.ts';
import type { NaiveFilter } from './naiveCompare.ts';
import { LEAVES, randomFilter } from './naiveFilters.ts';
import { randomFields, randomRows } from './naiveRows.ts';
import { Table } from './table.ts';

function check(
  seed: number,
  rows: number,
  filters: (dice: Dice) => NaiveFilter[],
): { asked: number; passed: number } {
  const dice = new Dice(seed);
  const fields = randomFields(dice);
  const { naive, cells } = randomRows(dice, fields, rows);
  const table = new Table(fields, cells);
  let passed = 0;
  let asked = 0;
  for (const filter of filters(dice)) {
    const expected = [...naive.keys()].filter((row) => filter.truth(naive[row]!) === true);
    expect(table.query(filter.text), `seed ${seed}: ${filter.text}`).toEqual(expected);
    asked++;
    passed += expected.length;
  }
  return { asked, passed };
}

it.each([...LEAVES.keys()])('a test of form %i agrees with the plain interpreter', (form) => {
  let passed = 0;
  for (let seed = 0; seed < 25; seed++) {
    const leaf = LEAVES[form]!;
    passed += check(seed, 203, (dice) => Array.from({ length: 20 }, () => leaf(dice))).passed;
  }
  expect(passed, 'some rows pass').toBeGreaterThan(100);
});

it('nested filters agree with the plain interpreter', () => {
  let asked = 0;
  let passed = 0;
  for (let seed = 1_000; seed < 1_060; seed++) {
    const result = check(seed, 101, (dice) => Array.from({ length: 25 }, () => randomFilter(dice, 3)));
    asked += result.asked;
    passed += result.passed;
  }
  expect(passed).toBeGreaterThan(asked);
});

it('rows of several blocks agree with the plain interpreter', () => {
  const { passed } = check(7, 9_001, (dice) => Array.from({ length: 60 }, () => randomFilter(dice, 2)));
  expect(passed).toBeGreaterThan(9_001);
});
