import type { BytesColumn, Column, FixedColumn } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';
import { wordsOf } from './keyHash.ts';

/** A key column made ready for comparisons without BigInts. */
export interface KeyReader {
  readonly column: FixedColumn | BytesColumn;
  /** Low and high words of an Int64 column; empty for VarChar. */
  readonly words: Int32Array;
}

const NO_WORDS = new Int32Array(0);

export function keyReader(keys: Column): KeyReader {
  if (keys.kind === 'bytes') return { column: keys, words: NO_WORDS };
  assert(keys.kind === 'fixed' && keys.values instanceof BigInt64Array, 'a key column is Int64 or VarChar');
  return { column: keys, words: wordsOf(keys.values) };
}

/** Negative, 0 or positive as key `a[i]` is before, equal to or after `b[j]`: by number, or by UTF-8 bytes. */
export function compareKeys(a: KeyReader, i: number, b: KeyReader, j: number): number {
  if (a.column.kind === 'bytes') return compareBytes(a.column, i, b.column as BytesColumn, j);
  const high = a.words[2 * i + 1]! - b.words[2 * j + 1]!;
  return high !== 0 ? high : (a.words[2 * i]! >>> 0) - (b.words[2 * j]! >>> 0);
}

function compareBytes(a: BytesColumn, i: number, b: BytesColumn, j: number): number {
  const aStart = a.offsets[i]!;
  const bStart = b.offsets[j]!;
  const aLength = a.offsets[i + 1]! - aStart;
  const bLength = b.offsets[j + 1]! - bStart;
  const length = Math.min(aLength, bLength);
  for (let k = 0; k < length; k++) {
    const difference = a.bytes[aStart + k]! - b.bytes[bStart + k]!;
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

const EMPTY = -1;

/** Distinct keys of one or several columns, numbered 0, 1, … in the order of their first appearance. */
export class KeyTable {
  readonly #readers: readonly KeyReader[];
  readonly #mask: number;
  readonly #slots: Int32Array;
  readonly #sourceOf: Uint16Array;
  readonly #rowOf: Uint32Array;
  #size = 0;

  /** `keysMax`: how many keys will be added at most. */
  constructor(readers: readonly KeyReader[], keysMax: number) {
    this.#readers = readers;
    let slots = 16;
    while (slots < keysMax * 2) slots *= 2;
    this.#mask = slots - 1;
    this.#slots = new Int32Array(slots).fill(EMPTY);
    this.#sourceOf = new Uint16Array(keysMax);
    this.#rowOf = new Uint32Array(keysMax);
  }

  get size(): number {
    return this.#size;
  }

  /** The number of key `readers[source][row]`, which is given one if it is new. */
  add(source: number, row: number, hash: number): number {
    const slot = this.#probe(this.#readers[source]!, row, hash);
    const found = this.#slots[slot]!;
    if (found !== EMPTY) return found;
    const number = this.#size++;
    this.#slots[slot] = number;
    this.#sourceOf[number] = source;
    this.#rowOf[number] = row;
    return number;
  }

  /** The number of a key, or -1. */
  find(reader: KeyReader, row: number, hash: number): number {
    return this.#slots[this.#probe(reader, row, hash)]!;
  }

  /** Which reader and row key `number` was first seen at. */
  sourceOf(number: number): number {
    return this.#sourceOf[number]!;
  }

  rowOf(number: number): number {
    return this.#rowOf[number]!;
  }

  #probe(reader: KeyReader, row: number, hash: number): number {
    let slot = hash & this.#mask;
    for (;;) {
      const number = this.#slots[slot]!;
      if (number === EMPTY) return slot;
      const known = this.#readers[this.#sourceOf[number]!]!;
      if (compareKeys(known, this.#rowOf[number]!, reader, row) === 0) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }
}
