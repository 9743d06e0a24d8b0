import type { Column, ColumnBatch } from '../domain/columns.ts';
import { columnOf } from '../domain/columns.ts';
import { DataType, fixedWidthBytes } from '../domain/dataTypes.ts';
import { assert } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import type { Arena, ArenaRef } from '../ports/arena.ts';
import { ChunkColumn } from './chunkColumn.ts';
import { Claim } from './claim.ts';
import type { FieldLayout, SegmentLayout } from './layout.ts';
import { SegmentReader, strideBytesOf } from './layout.ts';

const CHUNK_BYTES = 4 << 20;
const CHUNK_ROWS_LOG2_MAX = 16;
const FIRST_CHUNK_ROWS_LOG2 = 6;
/** A batch read from a file carries the timestamps too. */
const SYSTEM_COLUMNS = 1;

/**
 * The rows of one segment in shared memory. Only the I/O thread has one; other threads read through its layout.
 * Ranges that were replaced are given to `retire`, which frees them when nobody can still be reading.
 */
export class RowStore {
  readonly arena: number;
  rows = 0;
  readonly #memory: Arena;
  readonly #retire: (ref: ArenaRef) => void;
  readonly #fields: readonly FieldSchema[];
  readonly #chunks: ChunkColumn[][] = [];
  readonly #tables: (ArenaRef | undefined)[];
  readonly #fullLog2: number;
  #chunkLog2: number;
  /** Rows that `promise` has made room for. */
  #promisedRows = 0;
  #missing: readonly FieldSchema[] = [];
  #reader: SegmentReader | undefined;

  constructor(memory: Arena, fields: readonly FieldSchema[], retire: (ref: ArenaRef) => void) {
    this.#memory = memory;
    this.#retire = retire;
    this.#fields = fields;
    this.#tables = fields.map(() => undefined);
    this.#fullLog2 = fullChunkRowsLog2(fields);
    this.#chunkLog2 = Math.min(FIRST_CHUNK_ROWS_LOG2, this.#fullLog2);
    const first = memory.allocate(64);
    this.arena = first.arena;
    memory.free(first);
  }

  /** This thread's views; a new object whenever something moved. */
  get reader(): SegmentReader {
    this.#reader ??= new SegmentReader(this.#layout(), this.#memory);
    return this.#reader;
  }

  get layout(): SegmentLayout {
    return this.reader.layout;
  }

  get bytesUsed(): number {
    let bytes = 0;
    for (const chunk of this.#chunks) for (const column of chunk) bytes += column.bytesUsed;
    return bytes;
  }

  /** Fields of a newer schema that these rows do not have. */
  setMissing(fields: readonly FieldSchema[]): void {
    // Fields are only ever added: a shorter list is an older one that came late.
    if (fields.length <= this.#missing.length) return;
    this.#missing = fields;
    this.#reader = undefined;
  }

  /** Makes room for `rows` rows in all, so that a segment of known size is laid out once. */
  reserve(rows: number): void {
    while (this.#capacity() < rows) this.#addCapacity(rows);
  }

  /**
   * Makes sure that `append` of `batch`, after all batches promised before it, takes no memory. Changes nothing that can be
   * seen when it fails. Error: Exhausted.
   */
  promise(batch: ColumnBatch): void {
    const first = Math.max(this.rows, this.#promisedRows);
    this.reserve(first + batch.rows);
    const columns = this.#columnsOf(batch);
    this.#eachPart(first, batch.rows, (chunk, from, count) => {
      const rows = Math.max(0, Math.min(this.rows - (chunk << this.#chunkLog2), 1 << this.#chunkLog2));
      this.#chunks[chunk]!.forEach((column, i) => {
        if (column.promise(columns[i]!, from, count, rows, this.#retire)) this.#reader = undefined;
      });
    });
    this.#promisedRows = first + batch.rows;
  }

  /** Copies all rows of `batch`, which has a column for every field. Readers see them when they are told of more rows. */
  append(batch: ColumnBatch): void {
    this.reserve(this.rows + batch.rows);
    assert(
      batch.columns.length <= this.#fields.length + SYSTEM_COLUMNS,
      'the batch has no field that the segment lacks',
    );
    const columns = this.#columnsOf(batch);
    this.#eachPart(this.rows, batch.rows, (chunk, from, count, at) => {
      this.#appendTo(this.#chunks[chunk]!, columns, from, count, at);
      this.rows += count;
    });
  }

  get chunkRows(): number {
    return 1 << this.#chunkLog2;
  }

  free(): void {
    for (const chunk of this.#chunks) for (const column of chunk) column.release(this.#retire);
    for (const table of this.#tables) if (table !== undefined) this.#retire(table);
    this.#tables.fill(undefined);
    this.#chunks.length = 0;
    this.#reader = undefined;
  }

  #appendTo(
    chunk: readonly ChunkColumn[],
    columns: readonly Column[],
    from: number,
    count: number,
    at: number,
  ): void {
    for (let i = 0; i < chunk.length; i++) {
      if (chunk[i]!.append(columns[i]!, from, count, at, this.#retire)) this.#reader = undefined;
    }
  }

  #columnsOf(batch: ColumnBatch): readonly Column[] {
    return this.#fields.map((field) => {
      const column = columnOf(batch, field.fieldId);
      assert(column !== undefined, `the batch has field ${field.name}`);
      return column;
    });
  }

  /** Calls `visit` for each chunk that rows [first, first + rows) lie in: rows `from` on of the batch at `at` of the chunk. */
  #eachPart(
    first: number,
    rows: number,
    visit: (chunk: number, from: number, count: number, at: number) => void,
  ): void {
    const chunkRows = 1 << this.#chunkLog2;
    for (let from = 0; from < rows; ) {
      const at = (first + from) & (chunkRows - 1);
      const count = Math.min(rows - from, chunkRows - at);
      visit((first + from) >> this.#chunkLog2, from, count, at);
      from += count;
    }
  }

  #capacity(): number {
    return this.#chunks.length << this.#chunkLog2;
  }

  /** All memory is taken first, so that nothing has changed when there is too little. */
  #addCapacity(rowsWanted: number): void {
    const growsFirst = this.#chunks.length === 1 && this.#chunkLog2 < this.#fullLog2;
    const log2 = this.#nextChunkLog2(rowsWanted, growsFirst);
    const capacity = 1 << log2;
    const claimed = Claim.run(this.#memory, this.arena, (claim) => ({
      grown: growsFirst ? this.#chunks[0]!.map((column) => column.claimGrowth(capacity, claim)) : [],
      chunk: growsFirst
        ? []
        : this.#fields.map((field) => new ChunkColumn(this.#memory, this.arena, field, capacity, claim)),
      tables: this.#fields.map((field) =>
        field.dataType === DataType.FloatVector ? claim.take((this.#chunks.length + 1) * 4) : undefined,
      ),
    }));
    this.#reader = undefined;
    this.#chunkLog2 = log2;
    claimed.grown.forEach((grown, i) => {
      this.#chunks[0]![i]!.grow(grown, this.rows, this.#retire);
    });
    if (!growsFirst) this.#chunks.push(claimed.chunk);
    this.#writeTables(claimed.tables);
  }

  /** Size of the first chunk: small, then doubled, then full, as are all later ones. */
  #nextChunkLog2(rowsWanted: number, growsFirst: boolean): number {
    if (!growsFirst && this.#chunks.length > 0) return this.#chunkLog2;
    const least = growsFirst ? this.#chunkLog2 + 1 : this.#chunkLog2;
    return Math.min(this.#fullLog2, Math.max(least, log2Ceil(rowsWanted)));
  }

  #writeTables(tables: readonly (ArenaRef | undefined)[]): void {
    tables.forEach((table, index) => {
      if (table === undefined) return;
      const old = this.#tables[index];
      // A new table whenever chunks change: kernels may be reading the old one.
      if (old !== undefined) this.#retire(old);
      this.#tables[index] = table;
      const offsets = new Uint32Array(this.#memory.buffer(this.arena), table.offset, this.#chunks.length);
      this.#chunks.forEach((chunk, i) => {
        offsets[i] = chunk[index]!.layout.values;
      });
    });
  }

  #layout(): SegmentLayout {
    return {
      arena: this.arena,
      chunkRowsLog2: this.#chunkLog2,
      fields: this.#fields.map((field, index) => fieldLayout(field, this.#tables[index]?.offset ?? 0)),
      chunks: this.#chunks.map((chunk) => ({ columns: chunk.map((column) => column.layout) })),
      missing: this.#missing,
    };
  }
}

function fieldLayout(field: FieldSchema, chunkTableOffset: number): FieldLayout {
  return {
    fieldId: field.fieldId,
    dataType: field.dataType,
    elementType: field.elementType ?? 0,
    dim: field.dim,
    strideBytes: field.dim === 0 ? 0 : strideBytesOf(field.dim),
    nullable: field.nullable,
    chunkTableOffset,
  };
}

function fullChunkRowsLog2(fields: readonly FieldSchema[]): number {
  let widest = 8;
  for (const field of fields) {
    const width = field.dim > 0 ? strideBytesOf(field.dim) : fixedWidthBytes(field.dataType);
    if (width > widest) widest = width;
  }
  return Math.max(5, Math.min(CHUNK_ROWS_LOG2_MAX, Math.floor(Math.log2(CHUNK_BYTES / widest))));
}

function log2Ceil(value: number): number {
  return value <= 1 ? 0 : 32 - Math.clz32(value - 1);
}
