import type { Metric } from '../../../src/core/domain/metric.ts';
import type { ArenaRef } from '../../../src/core/ports/arena.ts';
import type { Compute } from '../../../src/core/ports/compute.ts';
import type {
  VectorIndexHandle,
  VectorIndexKernel,
  VectorSearchRequest,
} from '../../../src/core/ports/vectorIndex.ts';
import { createInlineCompute } from '../../../src/server/compute/inlineCompute.ts';
import { SharedArena } from '../../../src/server/compute/sharedArena.ts';
import type { ThreadModules } from '../../../src/server/compute/threadContext.ts';
import { createWorkerPool } from '../../../src/server/compute/workerPool.ts';
import { moduleOfKit } from '../moduleOfKit.ts';
import type { IndexSubject } from './indexSubject.ts';
import { RowStore, type RowStoreOptions } from './rowStore.ts';

export type { IndexSubject } from './indexSubject.ts';

export interface Hits {
  readonly rows: number[];
  readonly scores: number[];
}

export interface SearchOptions {
  readonly k: number;
  readonly rowsLimit?: number;
  readonly allowed?: Allowed;
  readonly params?: Readonly<Record<string, number>>;
  readonly scoreBelow?: number;
}

/** A bitset in the arena. */
export interface Allowed {
  readonly ref: ArenaRef;
  readonly count: number;
}

/** One case's arena and threads; `close` gives everything back. */
export class IndexBed {
  readonly arena: SharedArena;
  readonly compute: Compute;
  readonly subject: IndexSubject;
  #nextId = 1;

  private constructor(arena: SharedArena, compute: Compute, subject: IndexSubject) {
    this.arena = arena;
    this.compute = compute;
    this.subject = subject;
  }

  /** `threads` 0: everything on the calling thread. */
  static async open(subject: IndexSubject, threads = 0): Promise<IndexBed> {
    const arena = new SharedArena({ bytesMax: 2 ** 31 });
    const { name, config } = subject;
    const modules: ThreadModules = {
      taskModules: [moduleOfKit('index/tasks').href],
      indexes: [{ name, workerModule: subject.workerModule, config }],
    };
    const compute =
      threads === 0
        ? await createInlineCompute(arena, modules)
        : await createWorkerPool({ arena, modules, threads, inlineCostMicrosMax: 0 });
    return new IndexBed(arena, compute, subject);
  }

  get kernel(): VectorIndexKernel {
    return this.compute.local.kernel(this.subject.name);
  }

  /** A store that holds `rows`, inverse norms included. */
  store(options: RowStoreOptions, rows: Float32Array): RowStore {
    const store = new RowStore(this.arena, options);
    this.appendRows(store, rows);
    return store;
  }

  appendRows(store: RowStore, rows: Float32Array): void {
    const before = store.vectors.rows;
    store.append(rows);
    this.compute.local.writeInverseNorms(store.vectors, before, store.vectors.rows);
  }

  /** A handle with room for `rowsCapacity` rows whose index is not created yet. */
  handle(
    store: RowStore,
    metric: Metric,
    rowsCapacity: number,
    params: Readonly<Record<string, number>> = {},
  ): VectorIndexHandle {
    const spec = { metric, dim: store.dim, params };
    const bytes = this.kernel.regionBytes(spec, rowsCapacity);
    const region = bytes === 0 ? undefined : this.arena.allocate(bytes, store.vectors.arena);
    return { id: this.#nextId++, plugin: this.subject.name, spec, rowsCapacity, region };
  }

  /** Drops the index and gives its region back. */
  release(handle: VectorIndexHandle): void {
    this.kernel.drop(handle);
    if (handle.region !== undefined) this.arena.free(handle.region);
  }

  /** An index of all rows of the store. */
  build(store: RowStore, metric: Metric, params: Readonly<Record<string, number>> = {}): VectorIndexHandle {
    const { rows } = store.vectors;
    const handle = this.handle(store, metric, Math.max(1, rows), params);
    this.kernel.create(handle);
    this.append(handle, store, rows);
    return handle;
  }

  /** Appends up to `toRow` in as many steps as the kernel takes. */
  append(handle: VectorIndexHandle, store: RowStore, toRow: number): void {
    let reached = 0;
    while (reached < toRow) {
      const before = reached;
      reached = this.kernel.append(handle, store.vectors, toRow, 1_000);
      if (reached <= before) throw new Error(`append does not advance: ${reached} of ${toRow} rows`);
    }
  }

  allow(store: RowStore, rows: number, isAllowed: (row: number) => boolean): Allowed {
    const ref = this.arena.allocate(Math.max(1, Math.ceil(rows / 8)), store.vectors.arena);
    const bits = this.arena.view(ref.arena, ref.offset, ref.bytes);
    let count = 0;
    for (let row = 0; row < rows; row++) {
      if (!isAllowed(row)) continue;
      bits[row >> 3]! |= 1 << (row & 7);
      count++;
    }
    return { ref, count };
  }

  search(handle: VectorIndexHandle, store: RowStore, query: Float32Array, options: SearchOptions): Hits {
    const into = { rows: new Uint32Array(options.k), scores: new Float32Array(options.k) };
    const request = searchRequest(store, query, options);
    const found = this.kernel.search(handle, store.vectors, request, into);
    return { rows: [...into.rows.subarray(0, found)], scores: [...into.scores.subarray(0, found)] };
  }

  async close(): Promise<void> {
    await this.compute.close();
  }
}

export function searchRequest(
  store: RowStore,
  query: Float32Array,
  options: SearchOptions,
): VectorSearchRequest {
  const rowsLimit = options.rowsLimit ?? store.vectors.rows;
  return {
    query,
    k: options.k,
    params: options.params ?? {},
    rowsLimit,
    allowedOffset: options.allowed?.ref.offset,
    allowedCount: options.allowed?.count ?? rowsLimit,
    scoreBelow: options.scoreBelow ?? Number.POSITIVE_INFINITY,
  };
}
