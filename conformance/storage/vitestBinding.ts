import { afterAll, describe, expect, test } from 'vitest';

/** One check of a kit. `run` rejects when the adapter breaks the contract; it opens and removes what it needs. */
export interface ConformanceCase {
  readonly name: string;
  run(): Promise<void>;
}

/** Makes a vitest test of every case, and fails when fewer ran than the kit declared. */
export function registerCases(name: string, cases: readonly ConformanceCase[]): void {
  describe(name, () => {
    let ranCases = 0;
    for (const { name: caseName, run } of cases) {
      test(caseName, async () => {
        ranCases++;
        await run();
      });
    }
    test('the kit has cases', () => expect(cases.length).toBeGreaterThan(0));
    afterAll(() => expect(ranCases, 'cases that ran').toBe(cases.length));
  });
}
