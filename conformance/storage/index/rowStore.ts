import type { Arena, ArenaRef } from '../../../src/core/ports/arena.ts';
import type { VectorRows } from '../../../src/core/ports/vectorIndex.ts';

export interface RowStoreOptions {
  readonly dim: number;
  readonly rowsMax: number;
  /** Default 10: chunks of 1,024 rows. */
  readonly chunkRowsLog2?: number;
  /** Bytes between rows; default: the dimension padded to 16 bytes. */
  readonly strideBytes?: number;
}

/** Rows in an arena as a segment keeps them, for kits and benches. */
export class RowStore {
  readonly arena: Arena;
  readonly dim: number;
  readonly #ranges: ArenaRef[] = [];
  readonly #layout: Omit<VectorRows, 'rows'>;
  #rows = 0;

  constructor(arena: Arena, options: RowStoreOptions) {
    const chunkRowsLog2 = options.chunkRowsLog2 ?? 10;
    const strideBytes = options.strideBytes ?? Math.ceil(options.dim / 4) * 16;
    const chunks = Math.max(1, Math.ceil(options.rowsMax / 2 ** chunkRowsLog2));
    const table = arena.allocate(chunks * 4);
    this.arena = arena;
    this.dim = options.dim;
    this.#ranges.push(table);
    const chunkOffsets: number[] = [];
    for (let chunk = 0; chunk < chunks; chunk++) {
      const range = arena.allocate(2 ** chunkRowsLog2 * (strideBytes + 4), table.arena);
      this.#ranges.push(range);
      chunkOffsets.push(range.offset);
    }
    new Uint32Array(arena.buffer(table.arena), table.offset, chunks).set(chunkOffsets);
    this.#layout = {
      arena: table.arena,
      chunkOffsets,
      chunkRowsLog2,
      chunkTableOffset: table.offset,
      dim: options.dim,
      strideBytes,
    };
  }

  get vectors(): VectorRows {
    return { ...this.#layout, rows: this.#rows };
  }

  /** Copies `rows` in row-major order behind those that are there. Inverse norms are the caller's. */
  append(rows: Float32Array): void {
    const { arena, chunkOffsets, chunkRowsLog2, strideBytes } = this.#layout;
    const buffer = this.arena.buffer(arena);
    for (let from = 0; from < rows.length; from += this.dim) {
      const chunk = chunkOffsets[this.#rows >> chunkRowsLog2]!;
      const offset = chunk + (this.#rows & (2 ** chunkRowsLog2 - 1)) * strideBytes;
      new Float32Array(buffer, offset, this.dim).set(rows.subarray(from, from + this.dim));
      this.#rows++;
    }
  }

  free(): void {
    for (const range of this.#ranges) this.arena.free(range);
  }
}
