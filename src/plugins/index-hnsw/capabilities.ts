import { METRICS } from '../../core/domain/metric.ts';
import type { VectorIndexCapabilities } from '../../core/ports/vectorIndex.ts';

export const HNSW_CAPABILITIES: VectorIndexCapabilities = {
  exact: false,
  filtersInWalk: true,
  appendsWhileSearched: true,
  sharedByThreads: true,
  metrics: METRICS,
};
