import type { BytesColumn, Column, FixedArray, FixedColumn } from '../domain/columns.ts';
import { fixedArrayView, isValid } from '../domain/columns.ts';
import { DataType, fixedWidthBytes } from '../domain/dataTypes.ts';
import { assert } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import type { Arena, ArenaRef } from '../ports/arena.ts';
import { setBit } from './bitset.ts';
import type { Claim } from './claim.ts';
import type { ChunkColumnLayout } from './layout.ts';
import { ABSENT, strideBytesOf } from './layout.ts';

type Retire = (ref: ArenaRef) => void;

/** Ranges that a column will move to. */
export interface GrownColumn {
  readonly capacity: number;
  readonly values: ArenaRef;
  readonly validity: ArenaRef | undefined;
}

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
  /** Bytes, or array elements and their bytes, that batches have been promised room for. */
  #promised = 0;
  #promisedElementBytes = 0;
  /** Bytes of the elements that are written. */
  #elementBytes = 0;

  constructor(memory: Arena, arena: number, field: FieldSchema, capacity: number, claim: Claim) {
    this.#memory = memory;
    this.#arena = arena;
    this.#field = field;
    this.#capacity = capacity;
    this.#values = claim.take(valuesBytes(field, capacity));
    if (field.nullable) this.#validity = claim.take((capacity + 7) >> 3);
    if (hasHeap(field)) this.#heap = claim.take(64);
    if (hasElementHeap(field)) this.#elementHeap = claim.take(64);
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

  /**
   * Makes sure of the heaps that `append` of these rows will need, after all promised before; `at` rows are there already.
   * True when something moved. Error: Exhausted.
   */
  promise(column: Column, from: number, count: number, rows: number, retire: Retire): boolean {
    if (column.kind === 'fixed' || column.kind === 'vector') return false;
    const first = column.offsets[from]!;
    const added = column.offsets[from + count]! - first;
    const used = Math.max(this.#promised, this.offsetsView()[rows]!) + added;
    let moved: boolean;
    if (column.kind === 'bytes') moved = this.ensureHeap(used, retire);
    else moved = this.#promiseElements(column.elements, first, added, used, retire);
    this.#promised = used;
    return moved;
  }

  /** Ranges for `capacity` rows; only the first chunk of a small segment grows. Error: Exhausted. */
  claimGrowth(capacity: number, claim: Claim): GrownColumn {
    return {
      capacity,
      values: claim.take(valuesBytes(this.#field, capacity)),
      validity: this.#validity && claim.take((capacity + 7) >> 3),
    };
  }

  /** Copies the first `rows` rows to the larger ranges. */
  grow({ capacity, values, validity }: GrownColumn, rows: number, retire: Retire): void {
    const old = this.#values;
    this.#copy(old, values, usedBytes(this.#field, rows));
    this.#values = values;
    if (this.#field.dataType === DataType.FloatVector) this.#copyNorms(old, capacity, rows);
    retire(old);
    if (this.#validity !== undefined && validity !== undefined) {
      this.#copy(this.#validity, validity, (rows + 7) >> 3);
      retire(this.#validity);
      this.#validity = validity;
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

  #promiseElements(
    elements: FixedColumn | BytesColumn,
    first: number,
    count: number,
    used: number,
    retire: Retire,
  ): boolean {
    if (elements.kind === 'fixed') return this.ensureHeap(used * fixedWidthBytes(elements.dataType), retire);
    const movedOffsets = this.ensureHeap((used + 1) * 4, retire);
    const bytes = elements.offsets[first + count]! - elements.offsets[first]!;
    this.#promisedElementBytes = Math.max(this.#promisedElementBytes, this.#elementBytes) + bytes;
    return this.ensureElementHeap(this.#promisedElementBytes, retire) || movedOffsets;
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
    const heap = this.#elementHeap!;
    new Uint8Array(this.#buffer(), heap.offset, heap.bytes).set(
      elements.bytes.subarray(start, end),
      bytesBase,
    );
    this.#elementBytes = bytesBase + end - start;
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
    const larger = this.#memory.allocate(bytes, this.#arena);
    this.#copy(ref, larger, copyBytes);
    retire(ref);
    return larger;
  }

  #copy(ref: ArenaRef, to: ArenaRef, bytes: number): void {
    const from = this.#memory.view(ref.arena, ref.offset, Math.min(bytes, ref.bytes));
    this.#memory.view(to.arena, to.offset, from.length).set(from);
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
