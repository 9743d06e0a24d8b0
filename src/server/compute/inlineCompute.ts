import { ElanusError } from '../../core/domain/errors.ts';
import type { Compute, ComputeOptions, TaskContext } from '../../core/ports/compute.ts';
import { LocalThread } from './localThread.ts';
import type { SharedArena } from './sharedArena.ts';
import { loadModules, type ThreadModules } from './threadContext.ts';

/** Runs every task at once on the calling thread: for tests and for tools that have nothing else to do. */
class InlineCompute implements Compute {
  readonly threads = 0;
  readonly #thread: LocalThread;
  #closed = false;

  constructor(thread: LocalThread) {
    this.#thread = thread;
  }

  get local(): TaskContext {
    return this.#thread.context;
  }

  async run<Result>(name: string, input: unknown, options: ComputeOptions): Promise<Result> {
    if (this.#closed) throw new ElanusError('Closed', 'compute is closed');
    if (options.signal?.aborted) {
      throw new ElanusError('Timeout', 'task was given up before it began', { context: { task: name } });
    }
    try {
      return this.#thread.context.runTask(name, input) as Result;
    } catch (error) {
      throw ElanusError.from(error);
    }
  }

  publish(key: string, value: unknown): void {
    this.#thread.context.publish(key, value);
  }

  unpublish(key: string): void {
    this.#thread.context.unpublish(key);
  }

  async afterInFlight(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#thread.close();
  }
}

export async function createInlineCompute(arena: SharedArena, modules: ThreadModules): Promise<Compute> {
  return new InlineCompute(new LocalThread(arena, await loadModules(modules)));
}
