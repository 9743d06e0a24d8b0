import type { ComputeTask } from '../../../src/core/ports/compute.ts';
import type {
  VectorIndexHandle,
  VectorRows,
  VectorSearchRequest,
} from '../../../src/core/ports/vectorIndex.ts';
import type { Hits } from './subject.ts';

/** What the kit runs in worker threads. */
export interface AppendInput {
  readonly handle: VectorIndexHandle;
  readonly vectors: VectorRows;
  readonly toRow: number;
  readonly budgetMs: number;
}

export interface SearchInput {
  readonly handle: VectorIndexHandle;
  readonly vectors: VectorRows;
  readonly request: VectorSearchRequest;
}

const append: ComputeTask<AppendInput, number> = (context, input) => {
  const kernel = context.kernel(input.handle.plugin);
  return kernel.append(input.handle, input.vectors, input.toRow, input.budgetMs);
};

const create: ComputeTask<VectorIndexHandle, void> = (context, handle) =>
  context.kernel(handle.plugin).create(handle);

const search: ComputeTask<SearchInput, Hits> = (context, { handle, vectors, request }) => {
  const into = { rows: new Uint32Array(request.k), scores: new Float32Array(request.k) };
  const found = context.kernel(handle.plugin).search(handle, vectors, request, into);
  return { rows: [...into.rows.subarray(0, found)], scores: [...into.scores.subarray(0, found)] };
};

export const tasks = { append, create, search };
