import type { Column } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';

/**
 * Primary key → row of one segment: an open-addressed table of typed arrays with its own copy of the keys, so that it
 * outlives the segment's memory. Int64 keys are two int32 halves, VarChar keys are bytes. A key that occurs again maps to
 * its newest row. Rows are put in ascending order; about 16 bytes a row for Int64.
 */
export class KeyTable {
  #slots = new Int32Array(64); // row + 1, 0 = empty
  #rows = 0;
  #used = 0;
  #hashes = new Int32Array(32);
  readonly #keys: KeyStore;

  constructor(kind: 'int64' | 'bytes') {
    this.#keys = kind === 'int64' ? new Int64Keys() : new BytesKeys();
  }

  /** Rows put so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds row number `rows` with the key at `index` of `column`; returns the row that had the key before, or -1. */
  put(column: Column, index: number): number {
    const row = this.#rows;
    const hash = hashKey(column, index);
    this.#keys.push(column, index);
    if (row === this.#hashes.length) this.#hashes = grown(this.#hashes);
    this.#hashes[row] = hash;
    this.#rows = row + 1;
    if (this.#used * 8 >= this.#slots.length * 5) this.#rehash();
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let found = this.#slots[slot]!; found !== 0; found = this.#slots[slot]!) {
      if (this.#hashes[found - 1] === hash && this.#keys.equal(found - 1, column, index)) {
        this.#slots[slot] = row + 1;
        return found - 1;
      }
      slot = (slot + 1) & mask;
    }
    this.#slots[slot] = row + 1;
    this.#used++;
    return -1;
  }

  /** The newest row with the key at `index` of `column`, or -1. */
  find(column: Column, index: number): number {
    const hash = hashKey(column, index);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let found = this.#slots[slot]!; found !== 0; found = this.#slots[slot]!) {
      if (this.#hashes[found - 1] === hash && this.#keys.equal(found - 1, column, index)) return found - 1;
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  get bytesUsed(): number {
    return this.#slots.byteLength + this.#hashes.byteLength + this.#keys.bytesUsed;
  }

  #rehash(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * 2);
    const mask = slots.length - 1;
    for (let i = 0; i < old.length; i++) {
      const entry = old[i]!;
      if (entry === 0) continue;
      let slot = this.#hashes[entry - 1]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry;
    }
    this.#slots = slots;
  }
}

interface KeyStore {
  push(column: Column, index: number): void;
  equal(row: number, column: Column, index: number): boolean;
  readonly bytesUsed: number;
}

class Int64Keys implements KeyStore {
  #halves = new Int32Array(64);
  #rows = 0;

  push(column: Column, index: number): void {
    const halves = halvesOf(column);
    if (this.#rows * 2 === this.#halves.length) this.#halves = grown(this.#halves);
    this.#halves[this.#rows * 2] = halves[index * 2]!;
    this.#halves[this.#rows * 2 + 1] = halves[index * 2 + 1]!;
    this.#rows++;
  }

  equal(row: number, column: Column, index: number): boolean {
    const halves = halvesOf(column);
    return this.#halves[row * 2] === halves[index * 2] && this.#halves[row * 2 + 1] === halves[index * 2 + 1];
  }

  get bytesUsed(): number {
    return this.#halves.byteLength;
  }
}

class BytesKeys implements KeyStore {
  #ends = new Int32Array(32); // end of row r; its start is the end of row r - 1
  #bytes = new Uint8Array(1024);
  #rows = 0;

  push(column: Column, index: number): void {
    assert(column.kind === 'bytes', 'a VarChar key column');
    const start = column.offsets[index]!;
    const length = column.offsets[index + 1]! - start;
    const at = this.#rows === 0 ? 0 : this.#ends[this.#rows - 1]!;
    while (at + length > this.#bytes.length) {
      const bytes = new Uint8Array(this.#bytes.length * 2);
      bytes.set(this.#bytes);
      this.#bytes = bytes;
    }
    this.#bytes.set(column.bytes.subarray(start, start + length), at);
    if (this.#rows === this.#ends.length) this.#ends = grown(this.#ends);
    this.#ends[this.#rows++] = at + length;
  }

  equal(row: number, column: Column, index: number): boolean {
    assert(column.kind === 'bytes', 'a VarChar key column');
    const mine = row === 0 ? 0 : this.#ends[row - 1]!;
    const start = column.offsets[index]!;
    const length = column.offsets[index + 1]! - start;
    if (this.#ends[row]! - mine !== length) return false;
    for (let i = 0; i < length; i++) if (this.#bytes[mine + i] !== column.bytes[start + i]) return false;
    return true;
  }

  get bytesUsed(): number {
    return this.#ends.byteLength + this.#bytes.byteLength;
  }
}

const halvesCache = new WeakMap<object, Int32Array>();

/** The int64 values of a column as pairs of int32 (low, high), without a copy. */
export function halvesOf(column: Column): Int32Array {
  let halves = halvesCache.get(column);
  if (halves === undefined) {
    assert(column.kind === 'fixed' && column.values instanceof BigInt64Array, 'an Int64 key column');
    halves = new Int32Array(column.values.buffer, column.values.byteOffset, column.values.length * 2);
    halvesCache.set(column, halves);
  }
  return halves;
}

function hashKey(column: Column, index: number): number {
  if (column.kind === 'bytes') {
    let hash = 0x811c9dc5;
    for (let at = column.offsets[index]!; at < column.offsets[index + 1]!; at++) {
      hash = Math.imul(hash ^ column.bytes[at]!, 0x01000193);
    }
    return mix(hash);
  }
  const halves = halvesOf(column);
  return mix(halves[index * 2]! ^ Math.imul(halves[index * 2 + 1]!, 0x85ebca6b));
}

/** MurmurHash3's finalizer. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
