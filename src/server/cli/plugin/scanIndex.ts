import { ElanusError } from '../../../core/domain/errors.ts';
import { METRICS } from '../../../core/domain/metric.ts';
import type { ArenaMemory } from '../../../core/ports/arena.ts';
import type {
  VectorIndexCapabilities,
  VectorIndexHandle,
  VectorIndexKernel,
  VectorRows,
  VectorSearchRequest,
  VectorSearchResult,
} from '../../../core/ports/vectorIndex.ts';

/** `elanus plugin new index` starts a plugin from this file. */
export const SCAN_CAPABILITIES: VectorIndexCapabilities = {
  exact: true,
  filtersInWalk: true,
  appendsWhileSearched: true,
  sharedByThreads: true,
  metrics: METRICS,
};

const K_MAX = 16_384;
const FLOAT32_MAX = 3.4028234663852886e38;

interface Hit {
  readonly row: number;
  readonly score: number;
}

/** An index in as few lines as possible: every search scores every row, nothing is kept. */
class ScanKernel implements VectorIndexKernel {
  readonly capabilities = SCAN_CAPABILITIES;
  readonly #memory: ArenaMemory;

  constructor(memory: ArenaMemory) {
    this.#memory = memory;
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
    { spec }: VectorIndexHandle,
    vectors: VectorRows,
    request: VectorSearchRequest,
    into: VectorSearchResult,
  ): number {
    check(vectors, request);
    const score = SCORES[spec.metric];
    const hits: Hit[] = [];
    for (let row = 0; row < request.rowsLimit; row++) {
      if (!this.#isAllowed(vectors, request, row)) continue;
      const found = finite(score(request.query, this.#row(vectors, row)));
      if (found < request.scoreBelow) hits.push({ row, score: found });
    }
    hits.sort((a, b) => b.score - a.score || a.row - b.row);
    const count = Math.min(request.k, hits.length);
    for (const [i, hit] of hits.slice(0, count).entries()) {
      into.rows[i] = hit.row;
      into.scores[i] = hit.score;
    }
    return count;
  }

  save(): Uint8Array {
    return new Uint8Array(0);
  }

  load(_handle: VectorIndexHandle, bytes: Uint8Array): void {
    if (bytes.length > 0) throw new ElanusError('Corrupt', 'an index that keeps nothing has no bytes');
  }

  savedRows(): number {
    return 0;
  }

  drop(): void {}

  #row({ arena, chunkOffsets, chunkRowsLog2, strideBytes, dim }: VectorRows, row: number): Float32Array {
    const place = row & ((1 << chunkRowsLog2) - 1);
    const offset = chunkOffsets[row >> chunkRowsLog2]! + place * strideBytes;
    return new Float32Array(this.#memory.buffer(arena), offset, dim);
  }

  #isAllowed({ arena }: VectorRows, { allowedOffset }: VectorSearchRequest, row: number): boolean {
    if (allowedOffset === undefined) return true;
    const [byte] = this.#memory.view(arena, allowedOffset + (row >> 3), 1);
    return ((byte! >> (row & 7)) & 1) === 1;
  }
}

const SCORES = {
  L2: (a: Float32Array, b: Float32Array) => 0 - sum(a, b, (x, y) => (x - y) * (x - y)),
  IP: dot,
  COSINE: (a: Float32Array, b: Float32Array) => {
    const lengths = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
    return lengths === 0 ? 0 : dot(a, b) / lengths;
  },
};

function dot(a: Float32Array, b: Float32Array): number {
  return sum(a, b, (x, y) => x * y);
}

function sum(a: Float32Array, b: Float32Array, term: (x: number, y: number) => number): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += term(a[i]!, b[i]!);
  return total;
}

/** As a float32, which scores are handed out as; what is beyond its end becomes its end. */
function finite(score: number): number {
  return Math.fround(Math.max(-FLOAT32_MAX, Math.min(FLOAT32_MAX, score)));
}

function check({ dim, rows }: VectorRows, { query, k, rowsLimit }: VectorSearchRequest): void {
  if (query.length === dim && k >= 1 && k <= K_MAX && rowsLimit <= rows) return;
  throw new ElanusError('Invalid', 'a search does not fit the index', {
    context: { dim, queryDim: query.length, k, kMax: K_MAX, rows, rowsLimit },
  });
}

/** What every thread loads. */
export function createInWorker(
  _config: Readonly<Record<string, unknown>>,
  memory: ArenaMemory,
): VectorIndexKernel {
  return new ScanKernel(memory);
}
