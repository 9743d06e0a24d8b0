import type { VectorIndexKernel } from '../../../src/core/ports/vectorIndex.ts';
import type { ConformanceCase } from '../vitestBinding.ts';
import { EXACT_CASES } from './exactCases.ts';
import { IndexBed, type IndexSubject } from './subject.ts';

/** The cases an index plugin must pass, by its capabilities. */
export function vectorIndexConformance(
  subject: IndexSubject,
  capabilities: VectorIndexKernel['capabilities'],
): ConformanceCase[] {
  const cases = [...(capabilities.exact ? EXACT_CASES : [])];
  return cases.map(([name, run]) => ({
    name,
    async run() {
      const bed = await IndexBed.open(subject);
      try {
        await run(bed);
      } finally {
        await bed.close();
      }
    },
  }));
}
