import { expect, test } from 'vitest';
import { SeededRandom } from '../../../../src/plugins/memory/seededRandom.ts';

const draw = (random: SeededRandom, count: number): number[] =>
  Array.from({ length: count }, () => random.next());

test('SeededRandom: one seed → one sequence; other seeds → other sequences', () => {
  const first = draw(new SeededRandom(7), 100);
  expect(draw(new SeededRandom(7), 100)).toEqual(first);
  for (const seed of [0, 1, 8, 2 ** 32, 2 ** 40 + 7])
    expect(draw(new SeededRandom(seed), 100)).not.toEqual(first);
});

test('SeededRandom: next → even over [0, 1)', () => {
  const counts = new Array<number>(10).fill(0);
  for (const value of draw(new SeededRandom(1), 100_000)) counts[Math.floor(value * 10)]!++;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test('SeededRandom: integer → every value below the bound and no other', () => {
  const random = new SeededRandom(2);
  const seen = new Set(Array.from({ length: 1_000 }, () => random.integer(5)));
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
});

test('SeededRandom: uuid → version 4 and different each time', () => {
  const random = new SeededRandom(3);
  const uuids = Array.from({ length: 1_000 }, () => random.uuid());
  for (const uuid of uuids)
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(uuids).size).toBe(1_000);
});
