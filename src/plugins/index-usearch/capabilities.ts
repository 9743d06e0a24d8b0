import { METRICS } from '../../core/domain/metric.ts';
import type { VectorIndexCapabilities } from '../../core/ports/vectorIndex.ts';

export const USEARCH_CAPABILITIES: VectorIndexCapabilities = {
  exact: false,
  filtersInWalk: false,
  appendsWhileSearched: false,
  sharedByThreads: false,
  metrics: METRICS,
};
