import { compareBig, jsonNumberValue, readJsonNumber, type SplitInt, splitInt } from './jsonNumber.ts';
import { firstItem, isArray, isText, nextItem, readJsonText } from './jsonScan.ts';
import type { Literal } from './plan.ts';
import { compareBytes } from './textBytes.ts';
import { TextSet } from './valueSets.ts';

/** A constant made ready to be compared with values of documents. */
export type PreparedLiteral =
  | { readonly type: 'number'; readonly value: number; readonly exact: SplitInt | undefined }
  | { readonly type: 'text'; readonly bytes: Uint8Array }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'list'; readonly items: readonly PreparedLiteral[] };

export function prepareLiteral(value: Literal): PreparedLiteral {
  switch (typeof value) {
    case 'bigint':
      return { type: 'number', value: Number(value), exact: splitInt(value) };
    case 'number':
      return { type: 'number', value, exact: undefined };
    case 'string':
      return { type: 'text', bytes: new TextEncoder().encode(value) };
    case 'boolean':
      return { type: 'bool', value };
    default:
      return { type: 'list', items: value.map(prepareLiteral) };
  }
}

/** A comparison of values of different types: neither equal nor ordered. */
export const INCOMPARABLE = 2;
const LETTER_T = 0x74;
const LETTER_F = 0x66;

/** -1, 0, 1 or INCOMPARABLE: the order of the value at `at` and a literal. Lists and booleans are only equal or not. */
export function compareJson(bytes: Uint8Array, at: number, end: number, literal: PreparedLiteral): number {
  switch (literal.type) {
    case 'number':
      return compareNumber(bytes, at, end, literal.value, literal.exact);
    case 'text': {
      if (!isText(bytes, at)) return INCOMPARABLE;
      const text = readJsonText(bytes, at, end);
      const textEnd = text.start + text.length;
      return compareBytes(text.bytes, text.start, textEnd, literal.bytes, 0, literal.bytes.length);
    }
    case 'bool':
      return bytes[at] === (literal.value ? LETTER_T : LETTER_F) ? 0 : INCOMPARABLE;
    case 'list':
      return equalsList(bytes, at, end, literal.items) ? 0 : INCOMPARABLE;
  }
}

function compareNumber(
  bytes: Uint8Array,
  at: number,
  end: number,
  value: number,
  exact: SplitInt | undefined,
): number {
  const read = readJsonNumber(bytes, at, end);
  if (!read.found) return INCOMPARABLE;
  if (read.big && exact !== undefined) return compareBig(read, exact);
  const own = jsonNumberValue(read, bytes);
  return own === value ? 0 : own < value ? -1 : 1;
}

/** Recursion is bounded by the nesting of the literal. */
function equalsList(bytes: Uint8Array, at: number, end: number, items: readonly PreparedLiteral[]): boolean {
  if (!isArray(bytes, at)) return false;
  let item = firstItem(bytes, at, end);
  for (const wanted of items) {
    if (item < 0 || compareJson(bytes, item, end, wanted) !== 0) return false;
    item = nextItem(bytes, item, end);
  }
  return item < 0;
}

/** A list of constants of mixed types, by type. */
export class JsonSet {
  /** How many different constants it has. */
  readonly size: number;
  readonly #numbers = new Map<number, number>();
  /** int64 of 16 digits and more by signed high part and low part (see JsonNumber), and by their nearest doubles. */
  readonly #bigs = new Map<number, Map<number, number>>();
  readonly #bigDoubles = new Map<number, number>();
  readonly #texts: TextSet;
  readonly #textPlaces: number;
  readonly #bools = new Map<boolean, number>();
  readonly #lists: { readonly literal: PreparedLiteral; readonly place: number }[] = [];

  constructor(values: readonly Literal[]) {
    const texts = [...new Set(values.filter((value) => typeof value === 'string'))];
    this.#texts = new TextSet(texts);
    let places = 0;
    for (const value of values) places = this.#add(value, places);
    this.#textPlaces = places;
    this.size = places + texts.length;
  }

  #add(value: Literal, place: number): number {
    switch (typeof value) {
      case 'string':
        return place;
      case 'boolean':
        return addTo(this.#bools, value, place);
      case 'number':
        return addTo(this.#numbers, value, place);
      case 'bigint':
        return this.#addInt(value, place);
      default:
        this.#lists.push({ literal: prepareLiteral(value), place });
        return place + 1;
    }
  }

  /** Up to 15 digits stand as exact doubles in a document, more as big numbers. */
  #addInt(value: bigint, place: number): number {
    const double = Number(value);
    if (Math.abs(double) < 1e15) return addTo(this.#numbers, double, place);
    const { negative, high, low } = splitInt(value);
    const key = negative ? -high : high;
    const lows = this.#bigs.get(key) ?? new Map<number, number>();
    this.#bigs.set(key, lows);
    addTo(this.#bigDoubles, double, place);
    return addTo(lows, low, place);
  }

  /** The number of the constant that the value at `at` equals, or -1. */
  find(bytes: Uint8Array, at: number, end: number): number {
    if (isText(bytes, at)) {
      if (this.#texts.size === 0) return -1;
      const text = readJsonText(bytes, at, end);
      const place = this.#texts.find(text.bytes, text.start, text.start + text.length);
      return place < 0 ? -1 : this.#textPlaces + place;
    }
    if (isArray(bytes, at)) return this.#findList(bytes, at, end);
    if (bytes[at] === LETTER_T) return this.#bools.get(true) ?? -1;
    if (bytes[at] === LETTER_F) return this.#bools.get(false) ?? -1;
    return this.#findNumber(bytes, at, end);
  }

  #findNumber(bytes: Uint8Array, at: number, end: number): number {
    const read = readJsonNumber(bytes, at, end);
    if (!read.found) return -1;
    if (read.big && this.#bigs.size > 0) {
      const place = this.#bigs.get(read.negative ? -read.high : read.high)?.get(read.low);
      if (place !== undefined) return place;
    }
    const value = jsonNumberValue(read, bytes);
    return this.#numbers.get(value) ?? (read.big ? undefined : this.#bigDoubles.get(value)) ?? -1;
  }

  #findList(bytes: Uint8Array, at: number, end: number): number {
    for (const { literal, place } of this.#lists)
      if (compareJson(bytes, at, end, literal) === 0) return place;
    return -1;
  }
}

function addTo<Key>(places: Map<Key, number>, key: Key, place: number): number {
  if (places.has(key)) return place;
  places.set(key, place);
  return place + 1;
}
