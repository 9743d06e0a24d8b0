import { METRICS, type Metric } from '../../../src/core/domain/metric.ts';
import type { VectorIndexCapabilities } from '../../../src/core/ports/vectorIndex.ts';
import type { ConformanceCase } from '../conformanceCase.ts';
import type { BedCase } from './bedCase.ts';
import { EXACT_CASES } from './exactCases.ts';
import { GROWTH_CASES } from './growthCases.ts';
import type { IndexSubject } from './indexSubject.ts';
import { equalRowsCase, ODD_CASES } from './oddCases.ts';
import { realDataCases } from './realCases.ts';
import { recallCases } from './recallCases.ts';
import { IndexBed } from './subject.ts';
import { OWNED_CASES, SHARED_CASES } from './threadCases.ts';

/** Recall@10 the plugin must reach where graphs have it hard. Defaults: 0.95. */
export interface RecallBars {
  /** 5,000 gaussian rows of 128 dimensions, ef 128: no row is near another. */
  readonly gaussian?: number;
  /** 10,000 equal rows among 2,000 others. */
  readonly equalRows?: number;
}

export interface IndexKitOptions {
  readonly capabilities: VectorIndexCapabilities;
  /** Directory of the real data set (see realData.ts); without it its cases are left out. */
  readonly realDataDirectory?: URL;
  /** Metrics asked of the real data; default: all. */
  readonly realMetrics?: readonly Metric[];
  /** Recall@10 that the real data must reach with the default ef. Default 0.95. */
  readonly realRecallMin?: number;
  readonly recallBars?: RecallBars;
}

/** The cases an index plugin must pass, by its capabilities. Kernels must have been built. */
export function vectorIndexConformance(subject: IndexSubject, options: IndexKitOptions): ConformanceCase[] {
  const { capabilities, realDataDirectory } = options;
  const bars = { gaussian: 0.95, equalRows: 0.95, ...options.recallBars };
  const local = [
    ...(capabilities.exact ? EXACT_CASES : []),
    ...recallCases(bars.gaussian),
    ...ODD_CASES,
    equalRowsCase(bars.equalRows),
    ...GROWTH_CASES,
  ];
  const { realMetrics = METRICS, realRecallMin = 0.95 } = options;
  const real =
    realDataDirectory === undefined ? [] : realDataCases(realDataDirectory, realMetrics, realRecallMin);
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
