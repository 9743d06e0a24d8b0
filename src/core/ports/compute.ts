import type { ArenaMemory, ArenaRef } from './arena.ts';
import type { VectorIndexKernel, VectorRows } from './vectorIndex.ts';

/**
 * Computation off the I/O thread, or on it when that is cheaper. A task is a named pure function over plain data and
 * shared memory, registered under the same name in every thread (core/query/tasks.ts lists them).
 */
export interface Compute {
  /**
   * Runs task `name` on some thread. Tasks of priority 'search' go before 'background' ones, which are therefore short
   * (≤ 5 ms) and repeated. `input` and the result are structured-cloneable. A task that is cheap (`costMicros` below
   * the configured limit) may run at once on the calling thread when no other is waiting.
   * Errors: what the task threw, as ElanusError; Closed; Timeout when `signal` fires before it began.
   */
  run<Result>(name: string, input: unknown, options: ComputeOptions): Promise<Result>;
  /** Makes `value` (plain data) known to tasks as context.published(key), in all threads, before any later task. */
  publish(key: string, value: unknown): void;
  /** Takes a published value back. */
  unpublish(key: string): void;
  /** Resolves when every task submitted before this call has ended: memory they used may then be freed. */
  afterInFlight(): Promise<void>;
  /** This thread's context, for work that the I/O thread does itself. */
  readonly local: TaskContext;
  /** Worker threads, running or not yet started. */
  readonly threads: number;
  close(): Promise<void>;
}

export interface ComputeOptions {
  readonly priority: 'search' | 'background';
  /** Rough estimate of the time on one core. */
  readonly costMicros: number;
  readonly signal?: AbortSignal;
  /** Tasks with the same key run in the thread of that key (an index that is not shared by threads). */
  readonly affinity?: number;
  /** Scratch that the task will ask for; the I/O thread makes sure of it before the task starts. */
  readonly scratch?: { readonly arena: number; readonly bytes: number };
}

/** What a task finds in its thread. */
export interface TaskContext {
  readonly memory: ArenaMemory;
  /** The thread's kernel of an index plugin, by its name. */
  kernel(plugin: string): VectorIndexKernel;
  published(key: string): unknown;
  /** `bytes` of scratch in `arena`, this thread's own, valid until the task ends; contents are arbitrary. Exhausted when
   *  the task did not announce that much in its options. */
  scratch(arena: number, bytes: number): ArenaRef;
  /** Writes 1 / |row| behind rows [fromRow, toRow) of `vectors`, as VectorRows says. */
  writeInverseNorms(vectors: VectorRows, fromRow: number, toRow: number): void;
}

export type ComputeTask<Input, Result> = (context: TaskContext, input: Input) => Result;
