import { invalid } from '../core/domain/errors.ts';
import { LIMITS } from '../core/domain/limits.ts';
import type { Metric } from '../core/domain/metric.ts';
import type { VectorRows, VectorSearchRequest, VectorSearchResult } from '../core/ports/vectorIndex.ts';
import { KernelInstances } from './kernelInstances.ts';
import type { KernelMemory } from './kernelMemory.ts';

/** src/assembly/metric.ts */
export const METRIC_NUMBERS: Readonly<Record<Metric, number>> = { L2: 0, IP: 1, COSINE: 2 };

interface FlatExports {
  prepareQuery(metric: number, query: number, bytes: number): void;
  scanTopK(
    metric: number,
    query: number,
    table: number,
    chunkRowsLog2: number,
    strideBytes: number,
    bytes: number,
    fromRow: number,
    toRow: number,
    bitset: number,
    scoreBelow: number,
    k: number,
    heap: number,
    outRows: number,
    outScores: number,
  ): number;
  scoreTopK(
    metric: number,
    query: number,
    table: number,
    chunkRowsLog2: number,
    strideBytes: number,
    bytes: number,
    rows: number,
    rowCount: number,
    k: number,
    heap: number,
    outRows: number,
    outScores: number,
  ): number;
  writeInverseNorms(
    table: number,
    chunkRowsLog2: number,
    strideBytes: number,
    bytes: number,
    fromRow: number,
    toRow: number,
  ): void;
}

/** Bytes of a float32 row, padded to whole SIMD vectors. */
export function paddedRowBytes(dim: number): number {
  return (dim * 4 + 15) & ~15;
}

/** Refuses what a kernel would read or write out of bounds. Error: Invalid. */
export function checkSearch(
  vectors: VectorRows,
  request: VectorSearchRequest,
  into: VectorSearchResult,
): void {
  const { query, k, rowsLimit } = request;
  if (query.length !== vectors.dim) {
    throw invalid('query has another dimension than the rows', { queryDim: query.length, dim: vectors.dim });
  }
  if (!Number.isInteger(k) || k < 1 || k > LIMITS.topKMax) throw invalid('k must be 1..16384', { k });
  if (into.rows.length < k || into.scores.length < k)
    throw invalid('result arrays are shorter than k', { k });
  if (!Number.isInteger(rowsLimit) || rowsLimit < 0 || rowsLimit > vectors.rows) {
    throw invalid('rowsLimit must be 0..rows', { rowsLimit, rows: vectors.rows });
  }
}

/** The exact scan in WebAssembly, for one thread. Stateless but for its instances. */
export class ExactScan {
  readonly #memory: KernelMemory;
  readonly #kernels: KernelInstances<FlatExports>;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
    this.#kernels = new KernelInstances('flat', memory);
  }

  /**
   * The best rows of [rowsFrom, request.rowsLimit) that are allowed and score below request.scoreBelow, best first, of
   * equal scores the smaller row first. Returns how many: all there are, at most k. Scores are finite.
   * Errors: Invalid; Exhausted (scratch).
   */
  search(
    metric: Metric,
    vectors: VectorRows,
    request: VectorSearchRequest,
    into: VectorSearchResult,
    rowsFrom = 0,
  ): number {
    checkSearch(vectors, request, into);
    const { arena, dim } = vectors;
    const bytes = paddedRowBytes(dim);
    const hitsMax = Math.min(request.k, request.rowsLimit - rowsFrom);
    if (hitsMax <= 0) return 0;
    const scratch = this.#memory.kernelScratch(arena, bytes + hitsMax * 16);
    const query = scratch.offset;
    const heap = query + bytes;
    const outRows = heap + hitsMax * 8;
    const outScores = outRows + hitsMax * 4;
    const kernel = this.#kernels.of(arena);
    this.#writeQuery(arena, query, bytes, request.query);
    const metricNumber = METRIC_NUMBERS[metric];
    kernel.prepareQuery(metricNumber, query, bytes);
    const found = kernel.scanTopK(
      metricNumber,
      query,
      vectors.chunkTableOffset,
      vectors.chunkRowsLog2,
      vectors.strideBytes,
      bytes,
      rowsFrom,
      request.rowsLimit,
      request.allowedOffset ?? 0,
      request.scoreBelow,
      hitsMax,
      heap,
      outRows,
      outScores,
    );
    const buffer = this.#memory.buffer(arena);
    into.rows.set(new Uint32Array(buffer, outRows, found));
    into.scores.set(new Float32Array(buffer, outScores, found));
    return found;
  }

  /**
   * The best of the listed rows, each listed once and written, as `search`. `rows` may hold more than `request.k`.
   * Errors: Exhausted (scratch).
   */
  score(
    metric: Metric,
    vectors: VectorRows,
    request: VectorSearchRequest,
    rows: Uint32Array,
    into: VectorSearchResult,
  ): number {
    const { arena, dim } = vectors;
    const bytes = paddedRowBytes(dim);
    const hitsMax = Math.min(request.k, rows.length);
    const rowsBytes = Math.ceil(rows.length / 4) * 16;
    const scratch = this.#memory.kernelScratch(arena, bytes + rowsBytes + hitsMax * 16);
    const query = scratch.offset;
    const list = query + bytes;
    const heap = list + rowsBytes;
    const outRows = heap + hitsMax * 8;
    const outScores = outRows + hitsMax * 4;
    const kernel = this.#kernels.of(arena);
    this.#writeQuery(arena, query, bytes, request.query);
    kernel.prepareQuery(METRIC_NUMBERS[metric], query, bytes);
    const buffer = this.#memory.buffer(arena);
    new Uint32Array(buffer, list, rows.length).set(rows);
    const found = kernel.scoreTopK(
      METRIC_NUMBERS[metric],
      query,
      vectors.chunkTableOffset,
      vectors.chunkRowsLog2,
      vectors.strideBytes,
      bytes,
      list,
      rows.length,
      hitsMax,
      heap,
      outRows,
      outScores,
    );
    into.rows.set(new Uint32Array(buffer, outRows, found));
    into.scores.set(new Float32Array(buffer, outScores, found));
    return found;
  }

  /** Writes 1 / |row| behind rows [fromRow, toRow), as VectorRows says. */
  writeInverseNorms(vectors: VectorRows, fromRow: number, toRow: number): void {
    const { arena, chunkTableOffset, chunkRowsLog2, strideBytes, dim } = vectors;
    const kernel = this.#kernels.of(arena);
    kernel.writeInverseNorms(
      chunkTableOffset,
      chunkRowsLog2,
      strideBytes,
      paddedRowBytes(dim),
      fromRow,
      toRow,
    );
  }

  #writeQuery(arena: number, offset: number, bytes: number, query: Float32Array): void {
    const target = new Float32Array(this.#memory.buffer(arena), offset, bytes / 4);
    target.set(query);
    target.fill(0, query.length);
  }
}
