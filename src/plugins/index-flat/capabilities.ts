import { METRICS } from '../../core/domain/metric.ts';
import type { VectorIndexCapabilities } from '../../core/ports/vectorIndex.ts';

export const FLAT_CAPABILITIES: VectorIndexCapabilities = {
  exact: true,
  filtersInWalk: true,
  appendsWhileSearched: true,
  sharedByThreads: true,
  metrics: METRICS,
};
