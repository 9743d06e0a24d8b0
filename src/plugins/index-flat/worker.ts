import { ElanusError } from '../../core/domain/errors.ts';
import type { ArenaMemory } from '../../core/ports/arena.ts';
import type {
  VectorIndexHandle,
  VectorIndexKernel,
  VectorRows,
  VectorSearchRequest,
  VectorSearchResult,
} from '../../core/ports/vectorIndex.ts';
import { ExactScan } from '../../kernels/exactScan.ts';
import { kernelMemory } from '../../kernels/kernelMemory.ts';
import { FLAT_CAPABILITIES } from './capabilities.ts';

/** The exact index: nothing is built, so every row that is written is indexed. Search parameter: rowsFrom (default 0). */
class FlatKernel implements VectorIndexKernel {
  readonly capabilities = FLAT_CAPABILITIES;
  readonly #scan: ExactScan;

  constructor(memory: ArenaMemory) {
    this.#scan = new ExactScan(kernelMemory(memory));
  }

  regionBytes(): number {
    return 0;
  }

  create(): void {}

  append(_handle: VectorIndexHandle, _vectors: VectorRows, toRow: number): number {
    return toRow;
  }

  indexedRows(handle: VectorIndexHandle): number {
    return handle.rowsCapacity;
  }

  resize(): void {}

  search(
    handle: VectorIndexHandle,
    vectors: VectorRows,
    request: VectorSearchRequest,
    into: VectorSearchResult,
  ): number {
    return this.#scan.search(handle.spec.metric, vectors, request, into, request.params.rowsFrom ?? 0);
  }

  save(): Uint8Array {
    return new Uint8Array(0);
  }

  load(_handle: VectorIndexHandle, bytes: Uint8Array): void {
    if (bytes.length > 0) {
      throw new ElanusError('Corrupt', 'a flat index has no bytes', { context: { bytes: bytes.length } });
    }
  }

  savedRows(): number {
    return 0;
  }

  drop(): void {}
}

export function createInWorker(
  _config: Readonly<Record<string, unknown>>,
  memory: ArenaMemory,
): VectorIndexKernel {
  return new FlatKernel(memory);
}
