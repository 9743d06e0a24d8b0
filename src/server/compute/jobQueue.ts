/** One task on its way. */
export interface Job {
  readonly name: string;
  readonly input: unknown;
  readonly priority: 'search' | 'background';
  readonly costMicros: number;
  readonly scratch: { readonly arena: number; readonly bytes: number } | undefined;
  /** Settles the promise and the count of tasks in flight; later calls do nothing. */
  readonly succeed: (result: unknown) => void;
  readonly fail: (error: unknown) => void;
  /** Given up before it began. */
  cancelled: boolean;
  /** Handed to a thread: it can no longer be given up. */
  began: boolean;
}

/** So many searches in a row may pass a waiting background task. */
const SEARCHES_IN_A_ROW = 32;

/** Jobs in order of arrival, searches first; background jobs get a small share, lest indexes never catch up. */
export class JobQueue {
  readonly #search: Fifo = new Fifo();
  readonly #background: Fifo = new Fifo();
  #searchesInARow = 0;

  get searches(): number {
    return this.#search.length;
  }

  push(job: Job): void {
    (job.priority === 'search' ? this.#search : this.#background).push(job);
  }

  /** The next job that was not cancelled. */
  next(): Job | undefined {
    for (;;) {
      const job = this.#take();
      if (job === undefined || !job.cancelled) return job;
    }
  }

  /** The next job when it is a search that costs at most so much, to go with one taken before. */
  nextSearch(costMicrosMax: number): Job | undefined {
    for (;;) {
      if (this.#backgroundIsDue()) return undefined;
      const job = this.#search.peek();
      if (job === undefined || (!job.cancelled && job.costMicros > costMicrosMax)) return undefined;
      this.#search.shift();
      if (job.cancelled) continue;
      this.#searchesInARow++;
      return job;
    }
  }

  #take(): Job | undefined {
    if (this.#search.length > 0 && !this.#backgroundIsDue()) {
      this.#searchesInARow++;
      return this.#search.shift();
    }
    this.#searchesInARow = 0;
    return this.#background.shift();
  }

  #backgroundIsDue(): boolean {
    return this.#searchesInARow >= SEARCHES_IN_A_ROW && this.#background.length > 0;
  }
}

/** Array.shift moves a long queue at each step; this one moves it rarely. */
class Fifo {
  #jobs: (Job | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#jobs.length - this.#head;
  }

  push(job: Job): void {
    this.#jobs.push(job);
  }

  peek(): Job | undefined {
    return this.#jobs[this.#head];
  }

  shift(): Job | undefined {
    const job = this.#jobs[this.#head];
    if (job === undefined) return undefined;
    this.#jobs[this.#head++] = undefined;
    if (this.#head > 1024 && this.#head * 2 > this.#jobs.length) {
      this.#jobs = this.#jobs.slice(this.#head);
      this.#head = 0;
    }
    return job;
  }
}
