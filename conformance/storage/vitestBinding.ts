import { afterAll, describe, expect, test } from 'vitest';
import type { ConformanceCase } from './conformanceCase.ts';

export type { ConformanceCase } from './conformanceCase.ts';

/** Makes a vitest test of every case, prints how many ran, and fails when fewer did than the kit declares. */
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
    afterAll(() => {
      console.log(`${name}: ran ${ranCases} of ${cases.length} cases`);
      expect(ranCases, 'cases that ran').toBe(cases.length);
    });
  });
}
