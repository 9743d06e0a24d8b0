import { Worker } from 'node:worker_threads';
import { ElanusError, type PlainError } from '../../core/domain/errors.ts';
import type { Arena } from '../../core/ports/arena.ts';
import type { Job } from './jobQueue.ts';
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts';
import { ScratchTable } from './scratchTable.ts';

export interface PoolWorkerHost {
  readonly workerUrl: URL;
  readonly arena: Arena;
  /** The pool's state for a worker that starts now; scratch is added by the worker itself. */
  startState(): Omit<WorkerStart, 'scratch'>;
  /** The worker has nothing to do: it finished a job, or crashed and will be started again by the next one. */
  idle(worker: PoolWorker): void;
}

/** One worker thread seen from the I/O thread: started by its first job, one job at a time, started again after a crash. */
export class PoolWorker {
  readonly index: number;
  readonly #host: PoolWorkerHost;
  readonly #scratch: ScratchTable;
  #thread: Worker | undefined;
  #job: Job | undefined;
  #jobId = 0;

  constructor(index: number, host: PoolWorkerHost) {
    this.index = index;
    this.#host = host;
    this.#scratch = new ScratchTable(host.arena);
  }

  get started(): boolean {
    return this.#thread !== undefined;
  }

  get busy(): boolean {
    return this.#job !== undefined;
  }

  run(job: Job): void {
    this.#job = job;
    job.began = true;
    try {
      const thread = this.#thread ?? this.#start();
      thread.ref();
      if (job.scratch !== undefined) this.#ensureScratch('task', job.scratch.arena, job.scratch.bytes);
      this.#sendJob(job);
    } catch (error) {
      this.#finish((ended) => ended.fail(error));
    }
  }

  /** Tells the thread something, if there is one: a thread that starts later learns it from startState. */
  tell(message: ToWorker): void {
    this.#thread?.postMessage(message);
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread !== undefined) await thread.terminate();
    this.#scratch.freeAll();
  }

  #start(): Worker {
    const workerData: WorkerStart = { ...this.#host.startState(), scratch: this.#scratch.entries() };
    const thread = new Worker(this.#host.workerUrl, { workerData, name: `compute ${this.index}` });
    let crash: unknown;
    thread.on('message', (message: FromWorker) => this.#receive(message));
    thread.on('messageerror', (error) => this.#finish((job) => job.fail(error)));
    thread.on('error', (error) => {
      crash = error;
    });
    thread.on('exit', (code) => {
      if (this.#thread === thread) this.#crashed(crash, code);
    });
    this.#thread = thread;
    return thread;
  }

  #sendJob(job: Job): void {
    this.tell({ type: 'task', id: ++this.#jobId, name: job.name, input: job.input });
  }

  #receive(message: FromWorker): void {
    if (message.id !== this.#jobId) return;
    if (message.type === 'done') this.#finish((job) => job.succeed(message.result));
    else if (message.type === 'failed')
      this.#finish((job) => job.fail(errorOf(message.error, message.stack)));
    else this.#sendAgain(message);
  }

  #sendAgain(message: Extract<FromWorker, { type: 'scratchWanted' }>): void {
    try {
      this.#ensureScratch(message.use, message.arena, message.bytes);
      this.#sendJob(this.#job!);
    } catch (error) {
      this.#finish((job) => job.fail(error));
    }
  }

  #ensureScratch(use: 'task' | 'kernel', arena: number, bytes: number): void {
    const { ref, changed } = this.#scratch.ensure(use, arena, bytes);
    if (changed) this.tell({ type: 'scratch', use, ref });
  }

  #finish(settle: (job: Job) => void): void {
    const job = this.#job;
    if (job === undefined) return;
    this.#job = undefined;
    this.#thread?.unref();
    settle(job);
    this.#host.idle(this);
  }

  #crashed(cause: unknown, code: number): void {
    this.#thread = undefined;
    const context = { worker: this.index, code, cause: cause instanceof Error ? cause.message : undefined };
    this.#finish((job) =>
      job.fail(
        new ElanusError('Internal', 'worker thread ended while it ran a task', {
          context: { task: job.name, ...context },
          cause,
        }),
      ),
    );
  }
}

/** The worker's error with its own stack as the cause: the stack of this thread says nothing. */
function errorOf(plain: PlainError, stack: string | undefined): ElanusError {
  const error = ElanusError.fromPlain(plain);
  if (plain.kind === 'Internal' && stack !== undefined) error.cause = stack;
  return error;
}
