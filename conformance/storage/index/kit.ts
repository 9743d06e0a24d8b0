import type { VectorIndexCapabilities } from '../../../src/core/ports/vectorIndex.ts';
import type { ConformanceCase } from '../vitestBinding.ts';
import type { BedCase } from './bedCase.ts';
import { EXACT_CASES } from './exactCases.ts';
import { GROWTH_CASES } from './growthCases.ts';
import { ODD_CASES } from './oddCases.ts';
import { realDataCases } from './realCases.ts';
import { RECALL_CASES } from './recallCases.ts';
import { IndexBed, type IndexSubject } from './subject.ts';
import { OWNED_CASES, SHARED_CASES } from './threadCases.ts';

export interface IndexKitOptions {
  readonly capabilities: VectorIndexCapabilities;
  /** Directory of the real data set (see realData.ts); without it its cases are left out. */
  readonly realDataDirectory?: URL;
  /** Recall@10 that the real data must reach with the default ef. Default 0.95. */
  readonly realRecallMin?: number;
}

/** The cases an index plugin must pass, by its capabilities. Kernels must have been built. */
export function vectorIndexConformance(subject: IndexSubject, options: IndexKitOptions): ConformanceCase[] {
  const { capabilities, realDataDirectory } = options;
  const local = [...(capabilities.exact ? EXACT_CASES : []), ...RECALL_CASES, ...ODD_CASES, ...GROWTH_CASES];
  const real =
    realDataDirectory === undefined ? [] : realDataCases(realDataDirectory, options.realRecallMin ?? 0.95);
  const threaded = capabilities.sharedByThreads
    ? capabilities.appendsWhileSearched
      ? SHARED_CASES
      : []
    : OWNED_CASES;
  return [...bind(subject, [...local, ...real], 0), ...bind(subject, threaded, 2)];
}

function bind(subject: IndexSubject, cases: readonly BedCase[], threads: number): ConformanceCase[] {
  return cases.map(([name, run]) => ({
    name,
    async run() {
      const bed = await IndexBed.open(subject, threads);
      try {
        await run(bed);
      } finally {
        await bed.close();
      }
    },
  }));
}
