import type { FixedArray } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';
import { halvesOf } from './blockReaders.ts';
import { arrayColumn, type Binding, type BlockTest, finished, rowByRow } from './blockTest.ts';
import type { ArrayContainsTest } from './plan.ts';
import { prepared } from './prepared.ts';
import { DoubleSet, IntSet, TextSet } from './valueSets.ts';

/** Counts which values of a set a row has; a stamp a row saves clearing. */
export class SeenValues {
  readonly #stamps: Uint32Array;
  #stamp = 0;
  #missing = 0;

  constructor(size: number) {
    this.#stamps = new Uint32Array(size);
  }

  startRow(): void {
    this.#missing = this.#stamps.length;
    if (this.#stamp === 0xffffffff) {
      this.#stamps.fill(0);
      this.#stamp = 0;
    }
    this.#stamp++;
  }

  /** Adds the value at `place` of the set (-1 = none). */
  add(place: number): void {
    if (place < 0 || this.#stamps[place] === this.#stamp) return;
    this.#stamps[place] = this.#stamp;
    this.#missing--;
  }

  get complete(): boolean {
    return this.#missing === 0;
  }
}

type ElementFind = (element: number) => number;

export function bindArrayContains(test: ArrayContainsTest, binding: Binding): BlockTest {
  const { offsets, elements, validity } = arrayColumn(binding.source, test.fieldId);
  const set = prepared(test, () => setOf(test.values));
  const find = finder(set, elements.kind === 'fixed' ? elements.values : elements);
  const matches = test.mode === 'any' ? anyElement(offsets, find) : allValues(offsets, find, set.size);
  return finished(rowByRow(matches), { negated: test.negated, validities: [validity] });
}

function setOf(values: ArrayContainsTest['values']): IntSet | DoubleSet | TextSet {
  if (values instanceof BigInt64Array) return new IntSet(values);
  return values instanceof Float64Array ? new DoubleSet(values) : new TextSet(values);
}

interface TextElements {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

function finder(set: IntSet | DoubleSet | TextSet, elements: FixedArray | TextElements): ElementFind {
  if (set instanceof TextSet) {
    assert('offsets' in elements, 'elements of a text are bytes');
    const { bytes, offsets } = elements;
    return (element) => set.find(bytes, offsets[element]!, offsets[element + 1]!);
  }
  assert(!('offsets' in elements), 'elements of a number are fixed');
  if (elements instanceof BigInt64Array) {
    assert(set instanceof IntSet, 'integers are asked with integers');
    const halves = halvesOf(elements);
    return (element) => set.find(halves[2 * element]!, halves[2 * element + 1]!);
  }
  if (set instanceof IntSet) return (element) => set.find(elements[element]!, elements[element]! >> 31);
  return (element) => set.find(elements[element]!);
}

function anyElement(offsets: Uint32Array, find: ElementFind): (row: number) => boolean {
  return (row) => {
    const end = offsets[row + 1]!;
    for (let element = offsets[row]!; element < end; element++) if (find(element) >= 0) return true;
    return false;
  };
}

function allValues(offsets: Uint32Array, find: ElementFind, size: number): (row: number) => boolean {
  const seen = new SeenValues(size);
  return (row) => {
    seen.startRow();
    const end = offsets[row + 1]!;
    for (let element = offsets[row]!; element < end && !seen.complete; element++) seen.add(find(element));
    return seen.complete;
  };
}
