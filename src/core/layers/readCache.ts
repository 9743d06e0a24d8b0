import type { Metrics } from '../ports/metrics.ts';
import type { ObjectStore, ObjectVersion } from '../ports/objectStore.ts';
import { RecentEntries } from './recentEntries.ts';

/** Ranges of objects on a local disk. What is damaged or cannot be read is as if it were not there. */
export interface RangeFiles {
  /** Fills `into`, whose length is the range's; false when the range is not there. */
  read(key: string, offset: number, into: Uint8Array): Promise<boolean>;
  /** Begins to keep a range; `bytes` do not change any more. */
  add(key: string, offset: number, bytes: Uint8Array): void;
  /** Gives up all ranges of an object. */
  delete(key: string): void;
  /** Waits for what has begun. */
  close(): Promise<void>;
}

export interface ReadCacheOptions {
  /** Ranges in memory, in all; 0 = none. */
  readonly memoryBytesMax: number;
  readonly files: RangeFiles | undefined;
  /** Whether objects of this key are written once, by whatever process: only their ranges are kept. */
  readonly isImmutable: (key: string) => boolean;
  readonly metrics: Metrics;
}

/** An ObjectStore whose ranges of immutable objects come from memory or a local disk when they were read before. */
export function cachedReads(store: ObjectStore, options: ReadCacheOptions): ObjectStore {
  return new ReadCache(store, options);
}

type Ranges = Map<string, Uint8Array>;

class ReadCache implements ObjectStore {
  readonly #store: ObjectStore;
  readonly #isImmutable: (key: string) => boolean;
  readonly #files: RangeFiles | undefined;
  /** By key. */
  readonly #memory: RecentEntries<Ranges>;
  /** Reads from the store by key; those that a write of this process overtook keep nothing. */
  readonly #reading = new Map<string, Set<{ isStale: boolean }>>();
  readonly #count: (from: 'memory' | 'disk' | 'store') => void;
  #isClosed = false;

  constructor(store: ObjectStore, { memoryBytesMax, files, isImmutable, metrics }: ReadCacheOptions) {
    this.#store = store;
    this.#isImmutable = isImmutable;
    this.#files = files;
    this.#memory = new RecentEntries(memoryBytesMax);
    const reads = metrics.counter(
      'elanus_cached_reads_total',
      'Ranges of immutable objects, by where they came from.',
    );
    this.#count = (from) => reads.add(1, { from });
  }

  async getRange(key: string, offset: number, length: number, into: Uint8Array): Promise<void> {
    const isKept = !this.#isClosed && length > 0 && length <= into.length && this.#isImmutable(key);
    if (!isKept) return this.#store.getRange(key, offset, length, into);
    const range = `${offset}+${length}`;
    const kept = this.#memory.get(key)?.get(range);
    if (kept !== undefined) {
      into.set(kept);
      this.#count('memory');
      return;
    }
    const target = into.subarray(0, length);
    const isOnDisk = (await this.#files?.read(key, offset, target)) ?? false;
    if (isOnDisk) this.#remember(key, range, new Uint8Array(target));
    else await this.#fetch(key, offset, range, target);
    this.#count(isOnDisk ? 'disk' : 'store');
  }

  put(key: string, bytes: Uint8Array): Promise<ObjectVersion> {
    return this.#changing(key, () => this.#store.put(key, bytes));
  }

  putIfAbsent(key: string, bytes: Uint8Array): Promise<ObjectVersion> {
    return this.#changing(key, () => this.#store.putIfAbsent(key, bytes));
  }

  putIfMatch(key: string, bytes: Uint8Array, version: ObjectVersion): Promise<ObjectVersion> {
    return this.#changing(key, () => this.#store.putIfMatch(key, bytes, version));
  }

  delete(key: string): Promise<void> {
    return this.#changing(key, () => this.#store.delete(key));
  }

  get: ObjectStore['get'] = (key) => this.#store.get(key);
  head: ObjectStore['head'] = (key) => this.#store.head(key);
  list: ObjectStore['list'] = (prefix, options) => this.#store.list(prefix, options);

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#store.close();
    await this.#files?.close();
  }

  async #fetch(key: string, offset: number, range: string, target: Uint8Array): Promise<void> {
    const read = { isStale: false };
    const reads = this.#reading.get(key) ?? new Set();
    this.#reading.set(key, reads.add(read));
    try {
      await this.#store.getRange(key, offset, target.length, target);
    } finally {
      reads.delete(read);
      if (reads.size === 0) this.#reading.delete(key);
    }
    if (read.isStale) return;
    const own = new Uint8Array(target);
    this.#remember(key, range, own);
    this.#files?.add(key, offset, own);
  }

  #remember(key: string, range: string, bytes: Uint8Array): void {
    const ranges: Ranges = this.#memory.get(key) ?? new Map();
    ranges.set(range, bytes);
    let total = 0;
    for (const { length } of ranges.values()) total += length;
    this.#memory.set(key, ranges, total);
  }

  /** A read may begin or end while the object changes, so what is kept goes before and after. */
  async #changing<Result>(key: string, change: () => Promise<Result>): Promise<Result> {
    if (!this.#isImmutable(key)) return change();
    this.#forget(key);
    try {
      return await change();
    } finally {
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    for (const read of this.#reading.get(key) ?? []) read.isStale = true;
    this.#memory.delete(key);
    this.#files?.delete(key);
  }
}
