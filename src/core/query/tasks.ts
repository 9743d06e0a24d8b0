import type { ComputeTask, TaskContext } from '../ports/compute.ts';
import type { VectorIndexHandle } from '../ports/vectorIndex.ts';
import { matchTask } from './matchTask.ts';
import type { IndexTaskInput } from './reads.ts';
import { searchTask } from './searchTask.ts';
import { readerOf } from './segmentAccess.ts';
import { TASK } from './taskNames.ts';

function appendToIndex(context: TaskContext, input: IndexTaskInput): number {
  const kernel = context.kernel(input.handle.plugin);
  const vectors = readerOf(context, input.layoutKey).vectorRows(input.fieldId, input.toRow);
  return kernel.append(input.handle, vectors, input.toRow, input.budgetMs);
}

/** Every task of the core by name; each thread registers this table. */
export const tasks: Readonly<Record<string, ComputeTask<never, unknown>>> = {
  [TASK.search]: searchTask,
  [TASK.match]: matchTask,
  [TASK.indexCreate]: (context, handle: VectorIndexHandle) => context.kernel(handle.plugin).create(handle),
  [TASK.indexAppend]: appendToIndex,
  [TASK.indexResize]: (context, { from, to }: { from: VectorIndexHandle; to: VectorIndexHandle }) =>
    context.kernel(from.plugin).resize(from, to),
  [TASK.indexSave]: (context, handle: VectorIndexHandle) => context.kernel(handle.plugin).save(handle),
  [TASK.indexLoad]: (context, { handle, bytes }: { handle: VectorIndexHandle; bytes: Uint8Array }) =>
    context.kernel(handle.plugin).load(handle, bytes),
  [TASK.indexDrop]: (context, handle: VectorIndexHandle) => context.kernel(handle.plugin).drop(handle),
};
