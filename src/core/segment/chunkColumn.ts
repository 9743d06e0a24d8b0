import type { BytesColumn, Column, FixedArray, FixedColumn } from '../domain/columns.ts';
import { fixedArrayView, isValid } from '../domain/columns.ts';
import { DataType, fixedWidthBytes } from '../domain/dataTypes.ts';
import { assert } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import type { Arena, ArenaRef } from '../ports/arena.ts';
import { setBit } from './bitset.ts';
import type { ChunkColumnLayout } from './layout.ts';
import { ABSENT, strideBytesOf } from './layout.ts';

type Retire = (ref: ArenaRef) => void;

/** One column of one chunk, as the I/O thread writes it. */
export class ChunkColumn {
  readonly #memory: Arena;
  readonly #arena: number;
  readonly #field: FieldSchema;
  #capacity: number;
  #values: ArenaRef;
  #validity: ArenaRef | undefined;
  #heap: ArenaRef | undefined;
  #elementHeap: ArenaRef | undefined;

  constructor(memory: Arena, arena: number, field: FieldSchema, capacity: number) {
    this.#memory = memory;
    this.#arena = arena;
    this.#field = field;
    this.#capacity = capacity;
    this.#values = memory.allocate(valuesBytes(field, capacity), arena);
    if (field.nullable) this.#validity = memory.allocate((capacity + 7) >> 3, arena);
    if (hasHeap(field)) this.#heap = memory.allocate(64, arena);
    if (hasElementHeap(field)) this.#elementHeap = memory.allocate(64, arena);
  }

  get layout(): ChunkColumnLayout {
    return {
      values: this.#values.offset,
      validity: this.#validity?.offset ?? ABSENT,
      heap: this.#heap?.offset ?? 0,
      heapBytes: this.#heap?.bytes ?? 0,
      elementHeap: this.#elementHeap?.offset ?? 0,
      elementHeapBytes: this.#elementHeap?.bytes ?? 0,
    };
  }

  get bytesUsed(): number {
    const refs = [this.#values, this.#validity, this.#heap, this.#elementHeap];
    return refs.reduce((sum, ref) => sum + (ref?.bytes ?? 0), 0);
  }

  /** Copies rows [from, from + count) of `column` to rows from `at` on; true when something moved. */
  append(column: Column, from: number, count: number, at: number, retire: Retire): boolean {
    this.#appendValidity(column, from, count, at);
    if (column.kind === 'fixed') {
      setValues(this.valuesView(), column.values, from, count, at);
      return false;
    }
    if (column.kind === 'vector') {
      this.#appendVectors(column.values, column.stride, column.dim, from, count, at);
      return false;
    }
    const offsets = this.offsetsView();
    const first = column.offsets[from]!;
    const end = column.offsets[from + count]!;
    const base = offsets[at]!;
    for (let i = 0; i < count; i++) offsets[at + i + 1] = base + (column.offsets[from + i + 1]! - first);
    if (column.kind === 'bytes') {
      const moved = this.ensureHeap(base + end - first, retire);
      this.heapView().set(column.bytes.subarray(first, end), base);
      return moved;
    }
    return this.#appendElements(column.elements, first, end - first, base, retire);
  }

  /** Doubles the room of the rows by copying; only the first chunk of a small segment does it. */
  grow(capacity: number, rows: number, retire: Retire): void {
    const old = this.#values;
    this.#values = this.#copied(old, valuesBytes(this.#field, capacity), usedBytes(this.#field, rows));
    if (this.#field.dataType === DataType.FloatVector) this.#copyNorms(old, capacity, rows);
    retire(old);
    if (this.#validity !== undefined) {
      this.#validity = this.#moved(this.#validity, (capacity + 7) >> 3, (rows + 7) >> 3, retire);
    }
    this.#capacity = capacity;
  }

  release(retire: Retire): void {
    for (const ref of [this.#values, this.#validity, this.#heap, this.#elementHeap]) {
      if (ref !== undefined) retire(ref);
    }
  }

  valuesView(): FixedArray {
    return fixedArrayView(this.#field.dataType, this.#buffer(), this.#values.offset, this.#capacity);
  }

  offsetsView(): Uint32Array {
    return new Uint32Array(this.#buffer(), this.#values.offset, this.#capacity + 1);
  }

  vectorsView(): Float32Array {
    const stride = strideBytesOf(this.#field.dim) / 4;
    return new Float32Array(this.#buffer(), this.#values.offset, this.#capacity * stride);
  }

  validityView(): Uint8Array | undefined {
    const ref = this.#validity;
    return ref && new Uint8Array(this.#buffer(), ref.offset, ref.bytes);
  }

  heapView(): Uint8Array {
    return new Uint8Array(this.#buffer(), this.#heap!.offset, this.#heap!.bytes);
  }

  elementHeapView(): Uint8Array {
    return new Uint8Array(this.#buffer(), this.#elementHeap!.offset, this.#elementHeap!.bytes);
  }

  /** True when the heap moved to a larger range. */
  ensureHeap(bytes: number, retire: Retire): boolean {
    const heap = this.#heap!;
    if (bytes <= heap.bytes) return false;
    this.#heap = this.#moved(heap, Math.max(bytes, heap.bytes * 2), heap.bytes, retire);
    return true;
  }

  ensureElementHeap(bytes: number, retire: Retire): boolean {
    const heap = this.#elementHeap!;
    if (bytes <= heap.bytes) return false;
    this.#elementHeap = this.#moved(heap, Math.max(bytes, heap.bytes * 2), heap.bytes, retire);
    return true;
  }

  #appendElements(
    elements: FixedColumn | BytesColumn,
    first: number,
    count: number,
    base: number,
    retire: Retire,
  ): boolean {
    if (elements.kind === 'fixed') {
      const width = fixedWidthBytes(elements.dataType);
      const moved = this.ensureHeap((base + count) * width, retire);
      const heap = this.#heap!;
      const into = fixedArrayView(
        elements.dataType,
        this.#buffer(),
        heap.offset,
        Math.floor(heap.bytes / width),
      );
      setValues(into, elements.values, first, count, base);
      return moved;
    }
    const movedOffsets = this.ensureHeap((base + count + 1) * 4, retire);
    const offsets = new Uint32Array(this.#buffer(), this.#heap!.offset, this.#heap!.bytes / 4);
    const start = elements.offsets[first]!;
    const bytesBase = offsets[base]!;
    for (let i = 0; i < count; i++)
      offsets[base + i + 1] = bytesBase + (elements.offsets[first + i + 1]! - start);
    const end = elements.offsets[first + count]!;
    const movedBytes = this.ensureElementHeap(bytesBase + end - start, retire);
    this.elementHeapView().set(elements.bytes.subarray(start, end), bytesBase);
    return movedOffsets || movedBytes;
  }

  #appendVectors(
    values: Float32Array,
    stride: number,
    dim: number,
    from: number,
    count: number,
    at: number,
  ): void {
    const into = this.vectorsView();
    const mine = strideBytesOf(dim) / 4;
    if (mine === stride) {
      into.set(values.subarray(from * stride, (from + count) * stride), at * mine);
      return;
    }
    for (let i = 0; i < count; i++) {
      into.set(values.subarray((from + i) * stride, (from + i) * stride + dim), (at + i) * mine);
    }
  }

  #appendValidity(column: Column, from: number, count: number, at: number): void {
    const bits = this.validityView();
    if (bits === undefined) {
      assert(
        column.validity === undefined || allValid(column, from, count),
        `${this.#field.name} is not null`,
      );
      return;
    }
    for (let i = 0; i < count; i++) if (isValid(column.validity, from + i)) setBit(bits, at + i);
  }

  /** Norms lie behind the rows of the chunk, so they move to another place in the larger range. */
  #copyNorms(old: ArenaRef, capacity: number, rows: number): void {
    const stride = strideBytesOf(this.#field.dim);
    const norms = new Float32Array(this.#buffer(), old.offset + this.#capacity * stride, rows);
    new Float32Array(this.#buffer(), this.#values.offset + capacity * stride, rows).set(norms);
  }

  #moved(ref: ArenaRef, bytes: number, copyBytes: number, retire: Retire): ArenaRef {
    const larger = this.#copied(ref, bytes, copyBytes);
    retire(ref);
    return larger;
  }

  #copied(ref: ArenaRef, bytes: number, copyBytes: number): ArenaRef {
    const larger = this.#memory.allocate(bytes, this.#arena);
    const from = this.#memory.view(ref.arena, ref.offset, Math.min(copyBytes, ref.bytes));
    this.#memory.view(larger.arena, larger.offset, from.length).set(from);
    return larger;
  }

  #buffer(): ArrayBufferLike {
    return this.#memory.buffer(this.#arena);
  }
}

function allValid(column: Column, from: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (!isValid(column.validity, from + i)) return false;
  return true;
}

function setValues(into: FixedArray, values: FixedArray, from: number, count: number, at: number): void {
  // Both arrays have the element type of the field, which the type system cannot know.
  (into as Uint8Array).set(values.subarray(from, from + count) as Uint8Array, at);
}

function hasHeap(field: FieldSchema): boolean {
  return (
    field.dataType === DataType.VarChar ||
    field.dataType === DataType.JSON ||
    field.dataType === DataType.Array
  );
}

function hasElementHeap(field: FieldSchema): boolean {
  return field.dataType === DataType.Array && field.elementType === DataType.VarChar;
}

function valuesBytes(field: FieldSchema, capacity: number): number {
  if (field.dataType === DataType.FloatVector) return capacity * (strideBytesOf(field.dim) + 4);
  return hasHeap(field) ? (capacity + 1) * 4 : capacity * fixedWidthBytes(field.dataType);
}

function usedBytes(field: FieldSchema, rows: number): number {
  if (field.dataType === DataType.FloatVector) return rows * strideBytesOf(field.dim);
  return hasHeap(field) ? (rows + 1) * 4 : rows * fixedWidthBytes(field.dataType);
}
