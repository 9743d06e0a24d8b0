import { ElanusError } from '../domain/errors.ts';
import type { MetaEvent } from './metaStore.ts';

/** Events a watcher may leave unread; more are given up for one `resync`. */
export const WATCH_EVENTS_MAX = 4_096;

/** The watchers of one store in one process. */
export class MetaWatchers {
  readonly #watches = new Set<MetaWatch>();

  /** Watches from now on, whether or not somebody reads yet, until `signal` fires. */
  watch(prefix: string, signal: AbortSignal): MetaWatch {
    const watch: MetaWatch = new MetaWatch(prefix, signal, () => this.#watches.delete(watch));
    if (!signal.aborted) this.#watches.add(watch);
    return watch;
  }

  /** Hands on events in order of revision. */
  publish(events: readonly MetaEvent[]): void {
    for (const watch of this.#watches) for (const event of events) watch.push(event);
  }

  /** Every watcher reads what it still has, then gets Closed. */
  close(): void {
    for (const watch of [...this.#watches]) watch.fail(new ElanusError('Closed', 'meta store is closed'));
  }
}

type Step = IteratorResult<MetaEvent, undefined>;

/** One watch: a queue between the writer and one reader. */
export class MetaWatch implements AsyncIterableIterator<MetaEvent, undefined> {
  readonly #prefix: string;
  readonly #signal: AbortSignal;
  readonly #onEnd: () => void;
  #queue: MetaEvent[] = [];
  #waiting: PromiseWithResolvers<Step>[] = [];
  #ended: boolean;
  #error: ElanusError | undefined;

  constructor(prefix: string, signal: AbortSignal, onEnd: () => void) {
    this.#prefix = prefix;
    this.#signal = signal;
    this.#onEnd = onEnd;
    this.#ended = signal.aborted;
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  push(event: MetaEvent): void {
    if (event.type !== 'resync' && !event.key.startsWith(this.#prefix)) return;
    const reader = this.#waiting.shift();
    if (reader !== undefined) reader.resolve({ value: event, done: false });
    else if (this.#queue.length < WATCH_EVENTS_MAX) this.#queue.push(event);
    else this.#queue = [{ type: 'resync', revision: event.revision }];
  }

  fail(error: ElanusError): void {
    this.#error = error;
    this.#end();
  }

  next(): Promise<Step> {
    const event = this.#queue.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    const reader = Promise.withResolvers<Step>();
    this.#waiting.push(reader);
    return reader.promise;
  }

  return(): Promise<Step> {
    this.#abort();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  readonly #abort = (): void => {
    this.#queue = [];
    this.#end();
  };

  #end(): void {
    this.#ended = true;
    this.#signal.removeEventListener('abort', this.#abort);
    this.#onEnd();
    for (const reader of this.#waiting.splice(0)) {
      if (this.#error === undefined) reader.resolve({ value: undefined, done: true });
      else reader.reject(this.#error);
    }
  }
}
