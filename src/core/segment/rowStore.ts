import type { Column, ColumnBatch } from '../domain/columns.ts';
import { columnOf } from '../domain/columns.ts';
import { DataType, fixedWidthBytes } from '../domain/dataTypes.ts';
import { assert } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import type { Arena, ArenaRef } from '../ports/arena.ts';
import { ChunkColumn } from './chunkColumn.ts';
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

  /** Copies all rows of `batch`, which has a column for every field. Readers see them when they are told of more rows. */
  append(batch: ColumnBatch): void {
    this.reserve(this.rows + batch.rows);
    assert(
      batch.columns.length <= this.#fields.length + SYSTEM_COLUMNS,
      'the batch has no field that the segment lacks',
    );
    const columns = this.#fields.map((field) => {
      const column = columnOf(batch, field.fieldId);
      assert(column !== undefined, `the batch has field ${field.name}`);
      return column;
    });
    const chunkRows = 1 << this.#chunkLog2;
    for (let from = 0; from < batch.rows; ) {
      const chunk = this.rows >> this.#chunkLog2;
      const at = this.rows & (chunkRows - 1);
      const count = Math.min(batch.rows - from, chunkRows - at);
      this.#appendTo(this.#chunks[chunk]!, columns, from, count, at);
      this.rows += count;
      from += count;
    }
  }

  /** Direct access for loading: the column of a field in a chunk. */
  chunkColumn(chunk: number, fieldId: number): ChunkColumn {
    return this.#chunks[chunk]![this.#fields.findIndex((field) => field.fieldId === fieldId)]!;
  }

  /** Loading moved heaps: views must be made again. */
  invalidate(): void {
    this.#reader = undefined;
  }

  get chunkCount(): number {
    return this.#chunks.length;
  }

  get chunkRows(): number {
    return 1 << this.#chunkLog2;
  }

  free(): void {
    for (const chunk of this.#chunks) for (const column of chunk) column.release(this.#retire);
    for (const table of this.#tables) if (table !== undefined) this.#retire(table);
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

  #capacity(): number {
    return this.#chunks.length << this.#chunkLog2;
  }

  #addCapacity(rowsWanted: number): void {
    this.#reader = undefined;
    if (this.#chunks.length === 1 && this.#chunkLog2 < this.#fullLog2) {
      this.#chunkLog2 = Math.min(this.#fullLog2, Math.max(this.#chunkLog2 + 1, log2Ceil(rowsWanted)));
      for (const column of this.#chunks[0]!) column.grow(1 << this.#chunkLog2, this.rows, this.#retire);
    } else {
      if (this.#chunks.length === 0) {
        this.#chunkLog2 = Math.min(this.#fullLog2, Math.max(this.#chunkLog2, log2Ceil(rowsWanted)));
      }
      this.#chunks.push(
        this.#fields.map((field) => new ChunkColumn(this.#memory, this.arena, field, 1 << this.#chunkLog2)),
      );
    }
    this.#writeTables();
  }

  #writeTables(): void {
    this.#fields.forEach((field, index) => {
      if (field.dataType !== DataType.FloatVector) return;
      let table = this.#tables[index];
      // A new table whenever chunks change: kernels may be reading the old one.
      if (table !== undefined) this.#retire(table);
      table = this.#memory.allocate(Math.max(64, this.#chunks.length * 4), this.arena);
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
