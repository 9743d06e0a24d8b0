import { assert, invalid } from '../../core/domain/errors.ts';
import type { ArenaMemory, ArenaRef } from '../../core/ports/arena.ts';
import type {
  VectorIndexHandle,
  VectorIndexKernel,
  VectorIndexSpec,
  VectorRows,
  VectorSearchRequest,
  VectorSearchResult,
} from '../../core/ports/vectorIndex.ts';
import { checkSearch, ExactScan, paddedRowBytes } from '../../kernels/exactScan.ts';
import { KernelInstances } from '../../kernels/kernelInstances.ts';
import { type KernelMemory, kernelMemory } from '../../kernels/kernelMemory.ts';
import { HNSW_CAPABILITIES } from './capabilities.ts';
import { differences, GraphRegion, graphLayout } from './layout.ts';
import { searchEf } from './params.ts';
import { cheapestWay } from './plan.ts';
import { savedGraph, saveGraph } from './saved.ts';

interface HnswExports {
  scratchBytes(region: number, ef: number): number;
  train(region: number, table: number, chunkRowsLog2: number, strideBytes: number, rows: number): void;
  insert(region: number, scratch: number, table: number, chunkRowsLog2: number, strideBytes: number): void;
  search(
    region: number,
    scratch: number,
    query: number,
    table: number,
    chunkRowsLog2: number,
    strideBytes: number,
    bytes: number,
    k: number,
    ef: number,
    rowsLimit: number,
    bitset: number,
    all: boolean,
    outRows: number,
    outScores: number,
  ): number;
}

/** One thread's side of the graph index; all state lies in regions of the arena. */
class HnswKernel implements VectorIndexKernel {
  readonly capabilities = HNSW_CAPABILITIES;
  readonly #memory: KernelMemory;
  readonly #kernels: KernelInstances<HnswExports>;
  readonly #scan: ExactScan;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
    this.#kernels = new KernelInstances('hnsw', memory);
    this.#scan = new ExactScan(memory);
  }

  regionBytes(spec: VectorIndexSpec, rowsCapacity: number): number {
    return graphLayout(spec, rowsCapacity).bytes;
  }

  create(handle: VectorIndexHandle): void {
    this.#graph(handle).writeEmpty(graphLayout(handle.spec, handle.rowsCapacity));
  }

  append(handle: VectorIndexHandle, vectors: VectorRows, toRow: number, budgetMs: number): number {
    const region = regionOf(handle, vectors);
    const graph = this.#graph(handle);
    if (toRow > handle.rowsCapacity || toRow > vectors.rows) {
      throw invalid('toRow is beyond the rows', {
        toRow,
        rowsCapacity: handle.rowsCapacity,
        rows: vectors.rows,
      });
    }
    const { chunkTableOffset: table, chunkRowsLog2, strideBytes } = vectors;
    const kernel = this.#kernels.of(region.arena);
    const ef = graph.field('efConstruction');
    const bytes = kernel.scratchBytes(region.offset, ef);
    const scratch = this.#memory.kernelScratch(region.arena, bytes).offset;
    let row = graph.rows;
    if (row < toRow && graph.field('trained') === 0) {
      kernel.train(region.offset, table, chunkRowsLog2, strideBytes, toRow);
    }
    const deadlineMs = performance.now() + budgetMs;
    while (row < toRow) {
      kernel.insert(region.offset, scratch, table, chunkRowsLog2, strideBytes);
      row++;
      if (performance.now() >= deadlineMs) break;
    }
    return row;
  }

  indexedRows(handle: VectorIndexHandle): number {
    return this.#graph(handle).rows;
  }

  resize(from: VectorIndexHandle, to: VectorIndexHandle): void {
    const source = this.#graph(from);
    this.create(to);
    this.#fill(to, source);
  }

  search(
    handle: VectorIndexHandle,
    vectors: VectorRows,
    request: VectorSearchRequest,
    into: VectorSearchResult,
  ): number {
    checkSearch(vectors, request, into);
    const graph = this.#graph(handle);
    const limited = { ...request, rowsLimit: Math.min(request.rowsLimit, graph.rows) };
    const wanted = Math.min(request.k, request.allowedCount, limited.rowsLimit);
    if (wanted === 0) return 0;
    const ef = searchEf(request.params, wanted);
    const way = cheapestWay(limited.rowsLimit, Math.min(request.allowedCount, limited.rowsLimit), ef);
    if (way !== 'exact') {
      const found = this.#searchGraph(handle, vectors, limited, wanted, ef, way === 'codes', into);
      if (found >= wanted) return found;
    }
    return this.#scan.search(handle.spec.metric, vectors, limited, into);
  }

  save(handle: VectorIndexHandle): Uint8Array {
    return saveGraph(handle.spec, this.#graph(handle));
  }

  load(handle: VectorIndexHandle, bytes: Uint8Array): void {
    const source = savedGraph(bytes);
    this.create(handle);
    this.#fill(handle, source);
  }

  savedRows(bytes: Uint8Array): number {
    return savedGraph(bytes).rows;
  }

  drop(): void {}

  #searchGraph(
    handle: VectorIndexHandle,
    vectors: VectorRows,
    request: VectorSearchRequest,
    k: number,
    ef: number,
    all: boolean,
    into: VectorSearchResult,
  ): number {
    const region = regionOf(handle, vectors);
    const kernel = this.#kernels.of(region.arena);
    const bytes = paddedRowBytes(vectors.dim);
    const outBytes = Math.ceil(k / 4) * 16;
    const walkBytes = kernel.scratchBytes(region.offset, ef);
    const query = this.#memory.kernelScratch(region.arena, bytes + 2 * outBytes + walkBytes).offset;
    const outRows = query + bytes;
    const outScores = outRows + outBytes;
    const buffer = this.#memory.buffer(region.arena);
    const target = new Float32Array(buffer, query, bytes / 4);
    target.set(request.query);
    target.fill(0, vectors.dim);
    const found = kernel.search(
      region.offset,
      outScores + outBytes,
      query,
      vectors.chunkTableOffset,
      vectors.chunkRowsLog2,
      vectors.strideBytes,
      bytes,
      k,
      ef,
      request.rowsLimit,
      request.allowedOffset ?? 0,
      all,
      outRows,
      outScores,
    );
    into.rows.set(new Uint32Array(buffer, outRows, found));
    into.scores.set(new Float32Array(buffer, outScores, found));
    return found;
  }

  #graph(handle: VectorIndexHandle): GraphRegion {
    assert(handle.region !== undefined, 'an hnsw index has a region');
    const { arena, offset, bytes } = handle.region;
    return new GraphRegion(this.#memory.view(arena, offset, bytes));
  }

  #fill(handle: VectorIndexHandle, source: GraphRegion): void {
    const target = this.#graph(handle);
    const different = differences(source, target);
    if (different.length > 0) {
      throw invalid(`hnsw index was made with other ${different.join(', ')}`, { index: handle.id });
    }
    const lists = source.field('upperUsed');
    if (source.rows > handle.rowsCapacity || lists > target.field('upperCapacity')) {
      throw invalid('hnsw index does not fit', {
        rows: source.rows,
        rowsCapacity: handle.rowsCapacity,
        lists,
      });
    }
    target.copyFrom(source);
  }
}

/** The region, which lies in the arena of the rows since the kernel sees one memory only. */
function regionOf(handle: VectorIndexHandle, vectors: VectorRows): ArenaRef {
  const { region } = handle;
  assert(
    region !== undefined && region.arena === vectors.arena,
    'an hnsw index lies in the arena of its rows',
  );
  return region;
}

export function createInWorker(
  _config: Readonly<Record<string, unknown>>,
  memory: ArenaMemory,
): VectorIndexKernel {
  return new HnswKernel(kernelMemory(memory));
}
