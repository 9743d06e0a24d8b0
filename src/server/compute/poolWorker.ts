import { Worker } from 'node:worker_threads';
import { ElanusError, type PlainError } from '../../core/domain/errors.ts';
import type { Arena } from '../../core/ports/arena.ts';
import type { Job } from './jobQueue.ts';
import type { FromWorker, TaskEnd, TaskMessage, ToWorker, WorkerStart } from './messages.ts';
import { ScratchTable } from './scratchTable.ts';

export interface PoolWorkerHost {
  readonly workerUrl: URL;
  readonly arena: Arena;
  /** The pool's state for a worker that starts now; scratch is added by the worker itself. */
  startState(): Omit<WorkerStart, 'scratch'>;
  /** The worker has room for more: it answered a message, or crashed and will be started again by the next job. */
  idle(worker: PoolWorker): void;
}

/** One worker thread seen from the I/O thread: started by its first job, started again after a crash. */
export class PoolWorker {
  readonly index: number;
  readonly #host: PoolWorkerHost;
  readonly #scratch: ScratchTable;
  #thread: Worker | undefined;
  /** Sent and not answered, by their numbers. */
  readonly #jobs = new Map<number, Job>();
  #jobId = 0;
  /** Messages that are not answered. */
  #batches = 0;

  constructor(index: number, host: PoolWorkerHost) {
    this.index = index;
    this.#host = host;
    this.#scratch = new ScratchTable(host.arena);
  }

  get started(): boolean {
    return this.#thread !== undefined;
  }

  /** Messages that it works on or has waiting. */
  get batches(): number {
    return this.#batches;
  }

  get busy(): boolean {
    return this.#batches > 0;
  }

  get hasSearch(): boolean {
    for (const { priority } of this.#jobs.values()) if (priority === 'search') return true;
    return false;
  }

  get hasBackground(): boolean {
    for (const { priority } of this.#jobs.values()) if (priority === 'background') return true;
    return false;
  }

  /** Sends jobs in one message; they are answered in one. */
  run(jobs: readonly Job[]): void {
    for (const job of jobs) {
      job.began = true;
      this.#jobs.set(++this.#jobId, job);
    }
    const firstId = this.#jobId - jobs.length + 1;
    try {
      const thread = this.#thread ?? this.#start();
      thread.ref();
      for (const { scratch } of jobs)
        if (scratch !== undefined) this.#ensureScratch('task', scratch.arena, scratch.bytes);
    } catch (error) {
      this.#end(() => {
        for (let id = firstId; id <= this.#jobId; id++) this.#settle(id, (job) => job.fail(error));
      });
      return;
    }
    this.#send(jobs.map(({ name, input }, i) => ({ id: firstId + i, name, input })));
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
    thread.on('messageerror', (error) => this.#failAll(() => error));
    thread.on('error', (error) => {
      crash = error;
    });
    thread.on('exit', (code) => {
      if (this.#thread === thread) this.#crashed(crash, code);
    });
    this.#thread = thread;
    return thread;
  }

  /** One message; of jobs that cannot be cloned only these fail. */
  #send(tasks: readonly TaskMessage[]): void {
    this.#batches++;
    try {
      this.tell({ type: 'tasks', tasks });
    } catch (error) {
      this.#batches--;
      if (tasks.length > 1) for (const task of tasks) this.#send([task]);
      else this.#end(() => this.#settle(tasks[0]!.id, (job) => job.fail(error)));
    }
  }

  #receive(ends: FromWorker): void {
    this.#batches--;
    this.#end(() => {
      for (const end of ends) this.#ended(end);
    });
  }

  #ended(end: TaskEnd): void {
    if (end.type === 'done') this.#settle(end.id, (job) => job.succeed(end.result));
    else if (end.type === 'failed') this.#settle(end.id, (job) => job.fail(errorOf(end.error, end.stack)));
    else this.#sendAgain(end);
  }

  #sendAgain(wanted: Extract<TaskEnd, { type: 'scratchWanted' }>): void {
    const { name, input } = this.#jobs.get(wanted.id)!;
    try {
      this.#ensureScratch(wanted.use, wanted.arena, wanted.bytes);
    } catch (error) {
      this.#settle(wanted.id, (job) => job.fail(error));
      return;
    }
    this.#send([{ id: wanted.id, name, input }]);
  }

  #ensureScratch(use: 'task' | 'kernel', arena: number, bytes: number): void {
    const { ref, changed } = this.#scratch.ensure(use, arena, bytes);
    if (changed) this.tell({ type: 'scratch', use, ref });
  }

  #settle(id: number, settle: (job: Job) => void): void {
    const job = this.#jobs.get(id);
    this.#jobs.delete(id);
    if (job !== undefined) settle(job);
  }

  /** Settles jobs, then asks for more. */
  #end(settle: () => void): void {
    settle();
    if (!this.busy) {
      this.#scratch.freeReplaced();
      this.#thread?.unref();
    }
    this.#host.idle(this);
  }

  #failAll(errorOfJob: (job: Job) => unknown): void {
    this.#batches = 0;
    this.#end(() => {
      for (const id of [...this.#jobs.keys()]) this.#settle(id, (job) => job.fail(errorOfJob(job)));
    });
  }

  #crashed(cause: unknown, code: number): void {
    this.#thread = undefined;
    const context = { worker: this.index, code, cause: cause instanceof Error ? cause.message : undefined };
    this.#failAll(
      (job) =>
        new ElanusError('Internal', 'worker thread ended while it ran a task', {
          context: { task: job.name, ...context },
          cause,
        }),
    );
  }
}

/** The worker's error with its own stack as the cause: the stack of this thread says nothing. */
function errorOf(plain: PlainError, stack: string | undefined): ElanusError {
  const error = ElanusError.fromPlain(plain);
  if (plain.kind === 'Internal' && stack !== undefined) error.cause = stack;
  return error;
}
