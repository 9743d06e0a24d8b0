import { Index, MetricKind, ScalarKind } from 'usearch';
import { ElanusError, invalid } from '../../core/domain/errors.ts';
import { METRICS, type Metric } from '../../core/domain/metric.ts';
import type { ArenaMemory } from '../../core/ports/arena.ts';
import type {
  VectorIndexHandle,
  VectorIndexKernel,
  VectorIndexSpec,
  VectorRows,
  VectorSearchRequest,
  VectorSearchResult,
} from '../../core/ports/vectorIndex.ts';
import { checkSearch, ExactScan } from '../../kernels/exactScan.ts';
import { type KernelMemory, kernelMemory } from '../../kernels/kernelMemory.ts';
import { USEARCH_CAPABILITIES } from './capabilities.ts';
import { type UsearchConfig, usearchConfigSchema } from './config.ts';
import { callLibrary } from './errors.ts';
import { loadIndex, savedHead, saveIndex } from './saved.ts';

const METRIC_KINDS: Readonly<Record<Metric, MetricKind>> = {
  L2: MetricKind.L2sq,
  IP: MetricKind.IP,
  COSINE: MetricKind.Cos,
};
const QUANTIZATIONS = ['f32', 'bf16', 'f16', 'i8'] as const;
const SCALAR_KINDS: Readonly<Record<UsearchConfig['quantization'], ScalarKind>> = {
  f32: ScalarKind.F32,
  bf16: ScalarKind.BF16,
  f16: ScalarKind.F16,
  i8: ScalarKind.I8,
};

/** Rows handed to the library at a time, between looks at the clock. */
const ROWS_A_CALL = 32;
/** A row fetched from the graph costs as much as so many scored in a scan. */
const FETCHED_ROW_COST = 20;
const LINKS_DEFAULT = 16;
const EF_CONSTRUCTION_DEFAULT = 200;
const EF_DEFAULT = 64;

/** An index of this thread; a handle and the one it was resized to share it, since the library's index grows by itself. */
interface OwnIndex {
  readonly index: Index;
  rows: number;
}

/** One thread's side of usearch. Its indexes live in this thread alone and hold copies of the rows. */
class UsearchKernel implements VectorIndexKernel {
  readonly capabilities = USEARCH_CAPABILITIES;
  readonly #memory: KernelMemory;
  readonly #scan: ExactScan;
  readonly #config: UsearchConfig;
  readonly #indexes = new Map<number, OwnIndex>();

  constructor(config: UsearchConfig, memory: KernelMemory) {
    this.#config = config;
    this.#memory = memory;
    this.#scan = new ExactScan(memory);
  }

  regionBytes(): number {
    return 0;
  }

  create(handle: VectorIndexHandle): void {
    this.#indexes.set(handle.id, { index: this.#newIndex(handle.spec), rows: 0 });
  }

  append(handle: VectorIndexHandle, vectors: VectorRows, toRow: number, budgetMs: number): number {
    const own = this.#own(handle);
    if (toRow > handle.rowsCapacity || toRow > vectors.rows) {
      throw invalid('toRow is beyond the rows', {
        toRow,
        rowsCapacity: handle.rowsCapacity,
        rows: vectors.rows,
      });
    }
    const deadlineMs = performance.now() + budgetMs;
    while (own.rows < toRow) {
      const end = Math.min(toRow, own.rows + ROWS_A_CALL);
      const keys = BigUint64Array.from({ length: end - own.rows }, (_, i) => BigInt(own.rows + i));
      const rows = this.#copyRows(vectors, own.rows, end);
      callLibrary('append', () => own.index.add(keys, rows, 1));
      own.rows = end;
      if (performance.now() >= deadlineMs) break;
    }
    return own.rows;
  }

  indexedRows(handle: VectorIndexHandle): number {
    return Math.min(this.#own(handle).rows, handle.rowsCapacity);
  }

  resize(from: VectorIndexHandle, to: VectorIndexHandle): void {
    this.#indexes.set(to.id, this.#own(from));
  }

  search(
    handle: VectorIndexHandle,
    vectors: VectorRows,
    request: VectorSearchRequest,
    into: VectorSearchResult,
  ): number {
    checkSearch(vectors, request, into);
    const rowsLimit = Math.min(request.rowsLimit, this.indexedRows(handle));
    const limited = { ...request, rowsLimit };
    const allowed = Math.min(request.allowedCount, rowsLimit);
    const wanted = Math.min(request.k, allowed);
    if (wanted === 0) return 0;
    const candidates = this.#candidates(this.#own(handle), vectors.arena, limited, wanted, allowed);
    if (candidates === undefined) return this.#scan.search(handle.spec.metric, vectors, limited, into);
    return this.#scan.score(handle.spec.metric, vectors, limited, candidates, into);
  }

  save(handle: VectorIndexHandle): Uint8Array {
    const own = this.#own(handle);
    return saveIndex(own.index, { rows: own.rows, ...this.#identity(handle.spec) });
  }

  load(handle: VectorIndexHandle, bytes: Uint8Array): void {
    const { rows, ...identity } = savedHead(bytes);
    const expected = this.#identity(handle.spec);
    for (const name of ['dim', 'metric', 'quantization'] as const) {
      if (identity[name] !== expected[name]) {
        throw invalid(`usearch index was saved with another ${name}`, {
          saved: identity[name],
          asked: expected[name],
        });
      }
    }
    if (rows > handle.rowsCapacity) {
      throw invalid('usearch index does not fit', { rows, rowsCapacity: handle.rowsCapacity });
    }
    const index = this.#newIndex(handle.spec);
    loadIndex(index, bytes);
    this.#indexes.set(handle.id, { index, rows });
  }

  savedRows(bytes: Uint8Array): number {
    return savedHead(bytes).rows;
  }

  drop(handle: VectorIndexHandle): void {
    this.#indexes.delete(handle.id);
  }

  /**
   * At least `wanted` rows that the request allows, or undefined when a scan is the better way. The library knows no filter: as many
   * more are fetched as the filter is expected to take away, and twice as many when that was too few.
   */
  #candidates(
    own: OwnIndex,
    arena: number,
    request: VectorSearchRequest,
    wanted: number,
    allowed: number,
  ): Uint32Array | undefined {
    const ef = Math.max(wanted, request.params.ef ?? EF_DEFAULT);
    for (let fetch = Math.ceil((ef * own.rows) / allowed); ; fetch *= 2) {
      if (fetch * FETCHED_ROW_COST > allowed) return undefined;
      const { keys } = callLibrary('search', () => own.index.search(request.query, fetch, 1));
      const rows = this.#allowedRows(arena, request, keys);
      if (rows.length >= wanted) return rows;
    }
  }

  #allowedRows(arena: number, request: VectorSearchRequest, keys: BigUint64Array): Uint32Array {
    const { rowsLimit, allowedOffset } = request;
    const bits =
      allowedOffset === undefined
        ? undefined
        : this.#memory.view(arena, allowedOffset, Math.ceil(rowsLimit / 8));
    // Keys are rows, so their low halves say all.
    const halves = new Uint32Array(keys.buffer, keys.byteOffset, keys.length * 2);
    const rows = new Uint32Array(keys.length);
    let count = 0;
    for (let i = 0; i < halves.length; i += 2) {
      const row = halves[i]!;
      if (row >= rowsLimit) continue;
      if (bits !== undefined && ((bits[row >> 3]! >> (row & 7)) & 1) === 0) continue;
      rows[count++] = row;
    }
    return rows.subarray(0, count);
  }

  #copyRows(vectors: VectorRows, from: number, to: number): Float32Array {
    const { dim, arena, chunkOffsets, chunkRowsLog2, strideBytes } = vectors;
    const buffer = this.#memory.buffer(arena);
    const rows = new Float32Array((to - from) * dim);
    for (let row = from; row < to; row++) {
      const inChunk = row & (2 ** chunkRowsLog2 - 1);
      const offset = chunkOffsets[row >> chunkRowsLog2]! + inChunk * strideBytes;
      rows.set(new Float32Array(buffer, offset, dim), (row - from) * dim);
    }
    return rows;
  }

  #newIndex(spec: VectorIndexSpec): Index {
    return callLibrary(
      'create an index',
      () =>
        new Index({
          metric: METRIC_KINDS[spec.metric],
          dimensions: spec.dim,
          quantization: SCALAR_KINDS[this.#config.quantization],
          connectivity: spec.params.M ?? LINKS_DEFAULT,
          expansion_add: spec.params.efConstruction ?? EF_CONSTRUCTION_DEFAULT,
          // The least: a search raises it to what it fetches.
          expansion_search: 1,
          multi: false,
        }),
    );
  }

  #identity(spec: VectorIndexSpec): { dim: number; metric: number; quantization: number } {
    const quantization = QUANTIZATIONS.indexOf(this.#config.quantization);
    return { dim: spec.dim, metric: METRICS.indexOf(spec.metric), quantization };
  }

  #own(handle: VectorIndexHandle): OwnIndex {
    const own = this.#indexes.get(handle.id);
    if (own === undefined) {
      throw new ElanusError('Internal', 'usearch index is not in this thread', {
        context: { index: handle.id },
      });
    }
    return own;
  }
}

export function createInWorker(
  config: Readonly<Record<string, unknown>>,
  memory: ArenaMemory,
): VectorIndexKernel {
  return new UsearchKernel(usearchConfigSchema.parse(config), kernelMemory(memory));
}
