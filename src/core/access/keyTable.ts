import { compareKeys, type KeyReader } from '../segment/keyOrder.ts';

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
