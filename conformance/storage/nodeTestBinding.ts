import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { ConformanceCase } from './conformanceCase.ts';

/** Makes a test of Node's own runner of every case, prints how many ran, and fails when fewer did than the kit declares. */
export function registerCases(name: string, cases: readonly ConformanceCase[]): void {
  describe(name, () => {
    let ranCases = 0;
    for (const { name: caseName, run } of cases) {
      test(caseName, async () => {
        ranCases++;
        await run();
      });
    }
    test('the kit has cases', () => assert.ok(cases.length > 0));
    after(() => {
      console.log(`${name}: ran ${ranCases} of ${cases.length} cases`);
      assert.equal(ranCases, cases.length, 'cases that ran');
    });
  });
}
