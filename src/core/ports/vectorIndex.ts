import type { Metric } from '../domain/metric.ts';
import type { ArenaMemory, ArenaRef } from './arena.ts';

/**
 * Vectors of one segment, as plain data: row r of chunk c = r >> chunkRowsLog2 lies at
 * chunkOffsets[c] + (r & (2^chunkRowsLog2 - 1)) * strideBytes of the arena: `dim` float32, zero padding up to strideBytes.
 * Behind the rows of a chunk, at chunk + 2^chunkRowsLog2 * strideBytes, lies one float32 a row: 1 / |row| (0 for a zero row).
 */
export interface VectorRows {
  readonly arena: number;
  readonly chunkOffsets: readonly number[];
  readonly chunkRowsLog2: number;
  /** Where the same chunk offsets lie in the arena, as u32, for kernels. */
  readonly chunkTableOffset: number;
  readonly dim: number;
  /** A multiple of 16. */
  readonly strideBytes: number;
  /** Rows that are written and may be read. */
  readonly rows: number;
}

export interface VectorIndexSpec {
  readonly metric: Metric;
  readonly dim: number;
  /** Build parameters, e.g. { M: 16, efConstruction: 200 }; unknown ones are ignored. */
  readonly params: Readonly<Record<string, number>>;
}

export interface VectorIndexCapabilities {
  /** Answers are exact, nothing is built, memory use is nil. */
  readonly exact: boolean;
  /** `allowed` is honoured inside the walk; otherwise the caller over-fetches. */
  readonly filtersInWalk: boolean;
  /** append and search may run at once in different threads. */
  readonly appendsWhileSearched: boolean;
  /** State lies in the arena and every thread can search it; otherwise one thread owns the index. */
  readonly sharedByThreads: boolean;
  readonly metrics: readonly Metric[];
}

/** An index as plain data; the I/O thread makes it, any thread may use it. */
export interface VectorIndexHandle {
  /** Unique in the process. */
  readonly id: number;
  /** Which index plugin: its name in the configuration. */
  readonly plugin: string;
  readonly spec: VectorIndexSpec;
  /** Rows it has room for; the host makes a larger one with `resize` before appending beyond. */
  readonly rowsCapacity: number;
  /** Memory of an index that lives in the arena; position-independent: copied or saved it stays valid. */
  readonly region: ArenaRef | undefined;
}

export interface VectorSearchRequest {
  /** dim float32. */
  readonly query: Float32Array;
  /** Hits wanted, 1..16384. */
  readonly k: number;
  /** Search parameters, e.g. { ef: 64 }; unknown ones are ignored. */
  readonly params: Readonly<Record<string, number>>;
  /** Only rows below are answers, although more may be written. */
  readonly rowsLimit: number;
  /** LSB-first bitset in the same arena, offset in bytes, ceil(rowsLimit / 8) bytes; undefined = all rows allowed. */
  readonly allowedOffset: number | undefined;
  /** How many rows `allowed` allows; rowsLimit when it is undefined. */
  readonly allowedCount: number;
  /** Exact indexes only: hits with an inner score ≥ this are left out. Infinity = no bound. */
  readonly scoreBelow: number;
}

/** Where hits go: caller's arrays of at least k, best first. Scores are inner ones: larger is better, L2 negated. */
export interface VectorSearchResult {
  readonly rows: Uint32Array;
  readonly scores: Float32Array;
}

/**
 * One thread's side of an index plugin. Calls are synchronous and never block; at most one append or resize of an index
 * runs at a time (the host sees to it), searches may run beside it if the capabilities say so.
 * Errors: Invalid (parameters), Exhausted (scratch or memory), Corrupt (load), Internal.
 */
export interface VectorIndexKernel {
  readonly capabilities: VectorIndexCapabilities;
  /** Bytes of the region for `rowsCapacity` rows; 0 when nothing lies in the arena. */
  regionBytes(spec: VectorIndexSpec, rowsCapacity: number): number;
  /** Lays out an empty index in handle.region. */
  create(handle: VectorIndexHandle): void;
  /** Appends rows [indexedRows, toRow), stopping early after about `budgetMs`; returns indexedRows, published atomically. */
  append(handle: VectorIndexHandle, vectors: VectorRows, toRow: number, budgetMs: number): number;
  /** Rows that searches see. The caller scans the others itself. */
  indexedRows(handle: VectorIndexHandle): number;
  /** Copies `from` into the larger `to`. `from` stays valid for searches that still use it. */
  resize(from: VectorIndexHandle, to: VectorIndexHandle): void;
  /** Returns the number of hits written to `into`: min(k, what it found); exact indexes find all there are. */
  search(
    handle: VectorIndexHandle,
    vectors: VectorRows,
    request: VectorSearchRequest,
    into: VectorSearchResult,
  ): number;
  /** The index as bytes, with a format version and what `load` needs to verify it. */
  save(handle: VectorIndexHandle): Uint8Array;
  /** Fills `handle` from saved bytes; Corrupt or Invalid when they do not fit it. */
  load(handle: VectorIndexHandle, bytes: Uint8Array): void;
  /** Rows that `load` of these bytes would give, so that the host can size the region. */
  savedRows(bytes: Uint8Array): number;
  /** Forgets what this thread holds of the index. The region is the host's. */
  drop(handle: VectorIndexHandle): void;
}

/** What a plugin's `workerModule` exports: makes the kernel of one thread. Loaded again in every worker. */
export interface VectorIndexWorkerModule {
  createInWorker(config: Readonly<Record<string, unknown>>, memory: ArenaMemory): VectorIndexKernel;
}
