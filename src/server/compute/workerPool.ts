import { availableParallelism } from 'node:os';
import { ElanusError } from '../../core/domain/errors.ts';
import type { Compute, ComputeOptions, TaskContext } from '../../core/ports/compute.ts';
import { moduleUrl } from '../../kernels/location.ts';
import { InFlight } from './inFlight.ts';
import { type Job, JobQueue } from './jobQueue.ts';
import { LocalThread } from './localThread.ts';
import type { ToWorker, WorkerStart } from './messages.ts';
import { PoolWorker, type PoolWorkerHost } from './poolWorker.ts';
import type { SharedArena } from './sharedArena.ts';
import { loadModules, type ThreadModules } from './threadContext.ts';

export interface WorkerPoolOptions {
  readonly arena: SharedArena;
  readonly modules: ThreadModules;
  /** Worker threads; default: cores − 1, at least 1. */
  readonly threads?: number;
  /** A search estimated below this runs on the calling thread when no search waits; 0 = never. Default 300. */
  readonly inlineCostMicrosMax?: number;
  /** So much may run on the calling thread in one turn of its event loop. Default 500. */
  readonly inlineTurnMicrosMax?: number;
}

/** What one message to a worker may hold: its answers come together, so the first one waits for the last. */
const BATCH_MICROS_MAX = 600;

/** Compute over worker threads; the thread that made it is the I/O thread. */
class WorkerPool implements Compute, PoolWorkerHost {
  readonly arena: SharedArena;
  readonly workerUrl = moduleUrl('server/compute/worker');
  readonly threads: number;
  readonly #modules: ThreadModules;
  readonly #thread: LocalThread;
  readonly #workers: readonly PoolWorker[];
  /** Jobs of any worker, and those that only one may run. */
  readonly #queue = new JobQueue();
  readonly #ownQueues: readonly JobQueue[];
  readonly #inFlight = new InFlight();
  readonly #inlineCostMicrosMax: number;
  readonly #inlineTurnMicrosMax: number;
  readonly #forgetArena: () => void;
  #inlineTurnMicros = 0;
  #sendingAhead = false;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerPoolOptions, thread: LocalThread) {
    this.arena = options.arena;
    this.threads = options.threads ?? Math.max(1, availableParallelism() - 1);
    this.#modules = options.modules;
    this.#thread = thread;
    this.#inlineCostMicrosMax = options.inlineCostMicrosMax ?? 300;
    this.#inlineTurnMicrosMax = options.inlineTurnMicrosMax ?? 500;
    this.#workers = Array.from({ length: this.threads }, (_, index) => new PoolWorker(index, this));
    this.#ownQueues = this.#workers.map(() => new JobQueue());
    this.#forgetArena = options.arena.listen({
      added: (arena, memory) => this.#tellAll({ type: 'memory', arena, memory }),
      grown: (arena, bytes) => this.#tellAll({ type: 'grown', arena, bytes }),
    });
  }

  get local(): TaskContext {
    return this.#thread.context;
  }

  run<Result>(name: string, input: unknown, options: ComputeOptions): Promise<Result> {
    if (this.#closing !== undefined) return Promise.reject(new ElanusError('Closed', 'compute is closed'));
    if (options.signal?.aborted) return Promise.reject(gaveUp(name));
    if (this.#runsInline(options)) return this.#runInline(name, input, options);
    return new Promise<unknown>((resolve, reject) => {
      this.#submit(this.#newJob(name, input, options, resolve, reject), options.affinity);
    }) as Promise<Result>;
  }

  publish(key: string, value: unknown): void {
    this.#tellAll({ type: 'publish', key, value });
    this.#thread.context.publish(key, value);
  }

  unpublish(key: string): void {
    this.#tellAll({ type: 'unpublish', key });
    this.#thread.context.unpublish(key);
  }

  afterInFlight(): Promise<void> {
    return this.#inFlight.ended();
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  startState(): Omit<WorkerStart, 'scratch'> {
    return {
      modules: this.#modules,
      memories: this.arena.memories(),
      published: this.#thread.context.publishedEntries(),
    };
  }

  idle(worker: PoolWorker): void {
    if (worker.busy) {
      this.#sendAhead(worker);
      return;
    }
    const own = this.#ownQueues[worker.index]!;
    const job = own.searches > 0 ? own.next() : this.#queue.searches > 0 ? this.#queue.next() : undefined;
    const next = job ?? own.next() ?? this.#queue.next();
    if (next !== undefined) worker.run(this.#withMore(next));
  }

  #submit(job: Job, affinity: number | undefined): void {
    if (affinity !== undefined) {
      const worker = this.#workers[affinity % this.threads]!;
      if (worker.busy) this.#ownQueues[worker.index]!.push(job);
      else worker.run([job]);
      return;
    }
    const worker = this.#freeWorker();
    if (worker !== undefined) {
      worker.run([job]);
      return;
    }
    this.#queue.push(job);
    if (this.#sendingAhead || job.costMicros > BATCH_MICROS_MAX) return;
    this.#sendingAhead = true;
    setImmediate(() => {
      this.#sendingAhead = false;
      for (const each of this.#workers) this.#sendAhead(each);
    });
  }

  /** Gives a worker its next message while it works on one, so that it need not wait for this thread's turn to end. */
  #sendAhead(worker: PoolWorker): void {
    if (worker.batches !== 1 || worker.hasBackground) return;
    const job = this.#queue.nextSearch(BATCH_MICROS_MAX);
    if (job !== undefined) worker.run(this.#withMore(job));
  }

  /** Cheap searches travel together: a message costs as much as a small search. */
  #withMore(first: Job): Job[] {
    const jobs = [first];
    let micros = first.costMicros;
    while (first.priority === 'search' && micros < BATCH_MICROS_MAX) {
      const job = this.#queue.nextSearch(BATCH_MICROS_MAX - micros);
      if (job === undefined) break;
      micros += job.costMicros;
      jobs.push(job);
    }
    return jobs;
  }

  /** A started idle worker before one that would have to be started. */
  #freeWorker(): PoolWorker | undefined {
    let unstarted: PoolWorker | undefined;
    for (const worker of this.#workers) {
      if (worker.busy) continue;
      if (worker.started) return worker;
      unstarted ??= worker;
    }
    return unstarted;
  }

  #newJob(
    name: string,
    input: unknown,
    options: ComputeOptions,
    resolve: (result: unknown) => void,
    reject: (error: unknown) => void,
  ): Job {
    const { signal } = options;
    const ended = this.#inFlight.begin();
    const settle = (act: () => void): void => {
      signal?.removeEventListener('abort', cancel);
      act();
      ended();
    };
    const job: Job = {
      name,
      input,
      priority: options.priority,
      costMicros: options.costMicros,
      scratch: options.scratch,
      succeed: (result) => settle(() => resolve(result)),
      fail: (error) => settle(() => reject(ElanusError.from(error))),
      cancelled: false,
      began: false,
    };
    const cancel = (): void => {
      if (job.began) return;
      job.cancelled = true;
      job.fail(gaveUp(name));
    };
    signal?.addEventListener('abort', cancel, { once: true });
    return job;
  }

  #runsInline(options: ComputeOptions): boolean {
    const { costMicros } = options;
    if (options.priority !== 'search' || options.affinity !== undefined) return false;
    if (costMicros >= this.#inlineCostMicrosMax || this.#queue.searches > 0) return false;
    if (this.#inlineTurnMicros === 0) return this.#workers.every((worker) => !worker.hasSearch);
    // A worker that is not started yet is no help to the second search of a turn.
    const isHelped = this.#workers.some((worker) => worker.started);
    return !isHelped && this.#inlineTurnMicros + costMicros <= this.#inlineTurnMicrosMax;
  }

  async #runInline<Result>(name: string, input: unknown, options: ComputeOptions): Promise<Result> {
    if (this.#inlineTurnMicros === 0) {
      setImmediate(() => {
        this.#inlineTurnMicros = 0;
      });
    }
    this.#inlineTurnMicros += options.costMicros;
    try {
      return this.#thread.context.runTask(name, input) as Result;
    } catch (error) {
      throw ElanusError.from(error);
    }
  }

  #tellAll(message: ToWorker): void {
    for (const worker of this.#workers) worker.tell(message);
  }

  async #drain(): Promise<void> {
    await this.#inFlight.ended();
    this.#forgetArena();
    await Promise.all(this.#workers.map((worker) => worker.close()));
    this.#thread.close();
  }
}

function gaveUp(task: string): ElanusError {
  return new ElanusError('Timeout', 'task was given up before it began', { context: { task } });
}

/** Loads tasks and kernels in this thread; workers start with their first task. Error: what the modules throw. */
export async function createWorkerPool(options: WorkerPoolOptions): Promise<Compute> {
  return new WorkerPool(options, new LocalThread(options.arena, await loadModules(options.modules)));
}
