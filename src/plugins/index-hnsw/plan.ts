import type { VectorSearchRequest } from '../../core/ports/vectorIndex.ts';

/** Whether scoring all allowed rows exactly costs less than walking the graph. */
export function scanIsCheaper(_dim: number, _ef: number, _request: VectorSearchRequest): boolean {
  return (globalThis as any).FORCE_SCAN === true;
}
