import type { PlainError } from '../../core/domain/errors.ts';
import type { ArenaRef } from '../../core/ports/arena.ts';
import type { ThreadModules } from './threadContext.ts';
import type { ScratchUse } from './threadMemory.ts';

/** Messages between the pool and its workers. They arrive in order, so what a task needs is sent before it. */
export type ToWorker =
  | { readonly type: 'tasks'; readonly tasks: readonly TaskMessage[] }
  | { readonly type: 'memory'; readonly arena: number; readonly memory: WebAssembly.Memory }
  | { readonly type: 'grown'; readonly arena: number; readonly bytes: number }
  | { readonly type: 'scratch'; readonly use: ScratchUse; readonly ref: ArenaRef }
  | { readonly type: 'publish'; readonly key: string; readonly value: unknown }
  | { readonly type: 'unpublish'; readonly key: string };

export interface TaskMessage {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

/** The ends of all tasks of one message. */
export type FromWorker = readonly TaskEnd[];

export type TaskEnd =
  | { readonly type: 'done'; readonly id: number; readonly result: unknown }
  | {
      readonly type: 'failed';
      readonly id: number;
      readonly error: PlainError;
      readonly stack: string | undefined;
    }
  /** The task needs this much scratch; it has to be sent again. */
  | {
      readonly type: 'scratchWanted';
      readonly id: number;
      readonly use: ScratchUse;
      readonly arena: number;
      readonly bytes: number;
    };

/** workerData: the state of the pool when the worker is started. */
export interface WorkerStart {
  readonly modules: ThreadModules;
  readonly memories: readonly WebAssembly.Memory[];
  readonly scratch: readonly { readonly use: ScratchUse; readonly ref: ArenaRef }[];
  readonly published: readonly (readonly [string, unknown])[];
}
