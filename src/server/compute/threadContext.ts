import { ElanusError } from '../../core/domain/errors.ts';
import type { ArenaRef } from '../../core/ports/arena.ts';
import type { ComputeTask, TaskContext } from '../../core/ports/compute.ts';
import type { VectorIndexKernel, VectorIndexWorkerModule, VectorRows } from '../../core/ports/vectorIndex.ts';
import { ExactScan } from '../../kernels/exactScan.ts';
import type { ThreadMemory } from './threadMemory.ts';

/** What every thread loads, as plain data for workerData. */
export interface ThreadModules {
  /** Modules that export `tasks: Record<string, ComputeTask>`. */
  readonly taskModules: readonly string[];
  readonly indexes: readonly IndexModule[];
}

export interface IndexModule {
  /** Its name in the configuration, which handles carry. */
  readonly name: string;
  readonly workerModule: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface LoadedModules {
  readonly tasks: ReadonlyMap<string, ComputeTask<unknown, unknown>>;
  readonly indexes: ReadonlyMap<string, LoadedIndex>;
}

interface LoadedIndex {
  readonly module: VectorIndexWorkerModule;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Imports what a thread needs. A task name that occurs twice is an error of kind Internal. */
export async function loadModules(modules: ThreadModules): Promise<LoadedModules> {
  const tasks = new Map<string, ComputeTask<unknown, unknown>>();
  for (const url of modules.taskModules) {
    const loaded = (await import(url)) as { tasks: Record<string, ComputeTask<never, unknown>> };
    for (const [name, task] of Object.entries(loaded.tasks)) {
      if (tasks.has(name))
        throw new ElanusError('Internal', 'two tasks have one name', { context: { name, url } });
      tasks.set(name, task as ComputeTask<unknown, unknown>);
    }
  }
  const indexes = new Map<string, LoadedIndex>();
  for (const { name, workerModule, config } of modules.indexes) {
    indexes.set(name, { module: (await import(workerModule)) as VectorIndexWorkerModule, config });
  }
  return { tasks, indexes };
}

/** What tasks find in one thread, the I/O thread or a worker. */
export class ThreadContext implements TaskContext {
  readonly memory: ThreadMemory;
  readonly #modules: LoadedModules;
  readonly #kernels = new Map<string, VectorIndexKernel>();
  readonly #published = new Map<string, unknown>();
  readonly #exactScan: ExactScan;

  constructor(memory: ThreadMemory, modules: LoadedModules) {
    this.memory = memory;
    this.#modules = modules;
    this.#exactScan = new ExactScan(memory);
  }

  kernel(plugin: string): VectorIndexKernel {
    return this.#kernels.get(plugin) ?? this.#createKernel(plugin);
  }

  published(key: string): unknown {
    return this.#published.get(key);
  }

  scratch(arena: number, bytes: number): ArenaRef {
    return this.memory.taskScratch(arena, bytes);
  }

  writeInverseNorms(vectors: VectorRows, fromRow: number, toRow: number): void {
    this.#exactScan.writeInverseNorms(vectors, fromRow, toRow);
  }

  publish(key: string, value: unknown): void {
    this.#published.set(key, value);
  }

  unpublish(key: string): void {
    this.#published.delete(key);
  }

  publishedEntries(): [string, unknown][] {
    return [...this.#published];
  }

  /** Runs a task by name in this thread. Errors: what it throws; Internal when there is no such task. */
  runTask(name: string, input: unknown): unknown {
    const task = this.#modules.tasks.get(name);
    if (task === undefined)
      throw new ElanusError('Internal', 'no such compute task', { context: { task: name } });
    this.memory.resetTaskScratch();
    return task(this, input);
  }

  #createKernel(plugin: string): VectorIndexKernel {
    const loaded = this.#modules.indexes.get(plugin);
    if (loaded === undefined) {
      throw new ElanusError('Internal', 'no such index plugin in this thread', { context: { plugin } });
    }
    const kernel = loaded.module.createInWorker(loaded.config, this.memory);
    this.#kernels.set(plugin, kernel);
    return kernel;
  }
}
