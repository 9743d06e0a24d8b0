import type { Column, FixedColumn } from '../domain/columns.ts';
import { fixedArrayView } from '../domain/columns.ts';
import { DataType, fixedWidthBytes } from '../domain/dataTypes.ts';
import { assert } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import type { ArenaMemory } from '../ports/arena.ts';
import type { VectorRows } from '../ports/vectorIndex.ts';
import { constantColumn } from './constantColumn.ts';

/** Where everything of a segment lies: plain data that every thread turns into views. Offsets are bytes in the arena. */
export interface SegmentLayout {
  readonly arena: number;
  /** Rows of a full chunk; while there is one chunk, its capacity. */
  readonly chunkRowsLog2: number;
  readonly fields: readonly FieldLayout[];
  readonly chunks: readonly ChunkLayout[];
  /** Fields of the schema that were added after these rows were written: every row has the default, or null. */
  readonly missing: readonly FieldSchema[];
}

export interface FieldLayout {
  readonly fieldId: number;
  readonly dataType: DataType;
  /** Of an Array; else 0. */
  readonly elementType: number;
  readonly dim: number;
  /** Of a vector; else 0. */
  readonly strideBytes: number;
  readonly nullable: boolean;
  /** Of a vector: u32 offsets of its chunks, for kernels; else 0. */
  readonly chunkTableOffset: number;
}

export interface ChunkLayout {
  /** In the order of SegmentLayout.fields. */
  readonly columns: readonly ChunkColumnLayout[];
}

/**
 * One column of one chunk. `values`: fixed values, vectors, or u32 row offsets. `heap`: string bytes, or array elements
 * (values, or u32 offsets of strings whose bytes are in `elementHeap`). `validity` is absent (-1) for a field that is not nullable.
 */
export interface ChunkColumnLayout {
  readonly values: number;
  readonly validity: number;
  readonly heap: number;
  readonly heapBytes: number;
  readonly elementHeap: number;
  readonly elementHeapBytes: number;
}

export const ABSENT = -1;

/** Vectors are padded to 16 bytes, so that kernels have no tail loop. */
export function strideBytesOf(dim: number): number {
  return (dim * 4 + 15) & ~15;
}

export function chunkCapacity(layout: SegmentLayout): number {
  return 1 << layout.chunkRowsLog2;
}

/** Vectors of `fieldId`, of which the first `rows` may be read. */
export function vectorRowsOf(layout: SegmentLayout, fieldId: number, rows: number): VectorRows {
  const index = layout.fields.findIndex((field) => field.fieldId === fieldId);
  assert(index >= 0, `vector field ${fieldId} is in the segment`);
  const field = layout.fields[index]!;
  return {
    arena: layout.arena,
    chunkOffsets: layout.chunks.map((chunk) => chunk.columns[index]!.values),
    chunkRowsLog2: layout.chunkRowsLog2,
    chunkTableOffset: field.chunkTableOffset,
    dim: field.dim,
    strideBytes: field.strideBytes,
    rows,
  };
}

/** Views of a segment's columns in this thread, made when first asked for. */
export class SegmentReader {
  readonly layout: SegmentLayout;
  readonly #memory: ArenaMemory;
  readonly #columns: (Column | undefined)[][];
  readonly #missing = new Map<number, Column>();
  readonly #vectors = new Map<number, VectorRows>();

  constructor(layout: SegmentLayout, memory: ArenaMemory) {
    this.layout = layout;
    this.#memory = memory;
    this.#columns = layout.chunks.map(() => []);
  }

  /** The column of a field in one chunk; it is as long as the chunk's capacity. */
  column(chunk: number, fieldId: number): Column {
    const index = this.layout.fields.findIndex((field) => field.fieldId === fieldId);
    if (index < 0) return this.#missingColumn(fieldId);
    const columns = this.#columns[chunk]!;
    let column = columns[index];
    if (column === undefined) {
      column = viewColumn(this.layout, chunk, index, this.#memory);
      columns[index] = column;
    }
    return column;
  }

  vectorRows(fieldId: number, rows: number): VectorRows {
    let vectors = this.#vectors.get(fieldId);
    if (vectors === undefined || vectors.rows !== rows) {
      vectors = vectorRowsOf(this.layout, fieldId, rows);
      this.#vectors.set(fieldId, vectors);
    }
    return vectors;
  }

  #missingColumn(fieldId: number): Column {
    let column = this.#missing.get(fieldId);
    if (column === undefined) {
      const field = this.layout.missing.find((candidate) => candidate.fieldId === fieldId);
      assert(field !== undefined, `field ${fieldId} is in the segment's schema`);
      column = constantColumn(field, field.defaultValue, chunkCapacity(this.layout));
      this.#missing.set(fieldId, column);
    }
    return column;
  }
}

function viewColumn(layout: SegmentLayout, chunk: number, index: number, memory: ArenaMemory): Column {
  const field = layout.fields[index]!;
  const place = layout.chunks[chunk]!.columns[index]!;
  const rows = chunkCapacity(layout);
  const buffer = memory.buffer(layout.arena);
  const { dataType } = field;
  const validity =
    place.validity === ABSENT ? undefined : new Uint8Array(buffer, place.validity, (rows + 7) >> 3);
  if (dataType === DataType.FloatVector) {
    const stride = field.strideBytes / 4;
    const values = new Float32Array(buffer, place.values, rows * stride);
    return { kind: 'vector', dataType, rows, dim: field.dim, stride, values, validity };
  }
  if (dataType === DataType.VarChar || dataType === DataType.JSON) {
    const offsets = new Uint32Array(buffer, place.values, rows + 1);
    const bytes = new Uint8Array(buffer, place.heap, place.heapBytes);
    return { kind: 'bytes', dataType, rows, offsets, bytes, validity };
  }
  if (dataType === DataType.Array) {
    const offsets = new Uint32Array(buffer, place.values, rows + 1);
    return { kind: 'array', dataType, rows, offsets, elements: viewElements(field, place, buffer), validity };
  }
  const values = fixedArrayView(dataType, buffer, place.values, rows);
  const column: FixedColumn = { kind: 'fixed', dataType, rows, values, validity };
  return column;
}

function viewElements(field: FieldLayout, place: ChunkColumnLayout, buffer: ArrayBufferLike) {
  const dataType = field.elementType as DataType;
  if (dataType === DataType.VarChar) {
    const offsets = new Uint32Array(buffer, place.heap, place.heapBytes / 4);
    const bytes = new Uint8Array(buffer, place.elementHeap, place.elementHeapBytes);
    return {
      kind: 'bytes' as const,
      dataType,
      rows: offsets.length - 1,
      offsets,
      bytes,
      validity: undefined,
    };
  }
  const width = fixedWidthBytes(dataType);
  const values = fixedArrayView(dataType, buffer, place.heap, place.heapBytes / width);
  return { kind: 'fixed' as const, dataType, rows: values.length, values, validity: undefined };
}
