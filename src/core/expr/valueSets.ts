/** Sets of the constants of a filter, asked once a row: open-addressed tables over typed arrays, at most a quarter full. */

/** int64 values by their halves. */
export class IntSet {
  readonly size: number;
  readonly #lows: Int32Array;
  readonly #highs: Int32Array;
  /** Position + 1 of a value, 0 = free. */
  readonly #table: Int32Array;

  constructor(values: BigInt64Array) {
    this.size = values.length;
    this.#lows = new Int32Array(values.length);
    this.#highs = new Int32Array(values.length);
    this.#table = newTable(values.length);
    const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
    for (let i = 0; i < values.length; i++) {
      this.#lows[i] = halves[2 * i]!;
      this.#highs[i] = halves[2 * i + 1]!;
      insert(this.#table, hashInt(this.#lows[i]!, this.#highs[i]!), i);
    }
  }

  /** The position of a value, or -1. */
  find(low: number, high: number): number {
    return placeOf(this.#table, this.#lows, this.#highs, low, high);
  }

  /** One bit a row for the members among `count` pairs of halves. */
  testHalves(halves: Int32Array, count: number, bits: Uint8Array): void {
    testPairs(this.#table, this.#lows, this.#highs, halves, count, bits);
  }

  testInt32s(values: Int32Array, count: number, bits: Uint8Array): void {
    testInts(this.#table, this.#lows, this.#highs, values, count, bits);
  }
}

function testPairs(
  table: Int32Array,
  lows: Int32Array,
  highs: Int32Array,
  halves: Int32Array,
  count: number,
  bits: Uint8Array,
): void {
  for (let i = 0; i < count; i += 8) {
    const rows = Math.min(8, count - i);
    let byte = 0;
    for (let k = 0; k < rows; k++) {
      const p = (i + k) * 2;
      byte |= +(placeOf(table, lows, highs, halves[p]!, halves[p + 1]!) >= 0) << k;
    }
    bits[i >> 3] = byte;
  }
}

function testInts(
  table: Int32Array,
  lows: Int32Array,
  highs: Int32Array,
  values: Int32Array,
  count: number,
  bits: Uint8Array,
): void {
  for (let i = 0; i < count; i += 8) {
    const rows = Math.min(8, count - i);
    let byte = 0;
    for (let k = 0; k < rows; k++) {
      const value = values[i + k]!;
      byte |= +(placeOf(table, lows, highs, value, value >> 31) >= 0) << k;
    }
    bits[i >> 3] = byte;
  }
}

function placeOf(table: Int32Array, lows: Int32Array, highs: Int32Array, low: number, high: number): number {
  const mask = table.length - 1;
  for (let slot = hashInt(low, high) & mask; ; slot = (slot + 1) & mask) {
    const place = table[slot]! - 1;
    if (place < 0 || (lows[place] === low && highs[place] === high)) return place;
  }
}

function hashInt(low: number, high: number): number {
  const mixed = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/** Doubles in sorted order. */
export class DoubleSet {
  readonly size: number;
  readonly #values: Float64Array;

  constructor(sorted: Float64Array) {
    this.size = sorted.length;
    this.#values = sorted;
  }

  /** The position of a value, or -1. */
  find(value: number): number {
    const values = this.#values;
    let low = 0;
    let high = values.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = values[middle]!;
      if (found === value) return middle;
      if (found < value) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  test(values: Float64Array, count: number, bits: Uint8Array): void {
    for (let i = 0; i < count; i += 8) {
      const rows = Math.min(8, count - i);
      let byte = 0;
      for (let k = 0; k < rows; k++) if (this.find(values[i + k]!) >= 0) byte |= 1 << k;
      bits[i >> 3] = byte;
    }
  }
}

/** Texts as UTF-8. */
export class TextSet {
  readonly size: number;
  readonly #bytes: Uint8Array;
  readonly #offsets: Uint32Array;
  readonly #table: Int32Array;
  /** Bit n: a text has a length of n modulo 32. */
  #lengths = 0;

  constructor(texts: readonly string[]) {
    const encoder = new TextEncoder();
    const encoded = texts.map((text) => encoder.encode(text));
    this.size = texts.length;
    this.#offsets = new Uint32Array(texts.length + 1);
    this.#bytes = new Uint8Array(encoded.reduce((sum, text) => sum + text.length, 0));
    this.#table = newTable(texts.length);
    encoded.forEach((text, i) => {
      const start = this.#offsets[i]!;
      this.#bytes.set(text, start);
      this.#offsets[i + 1] = start + text.length;
      this.#lengths |= 1 << (text.length & 31);
      insert(this.#table, hashBytes(text, 0, text.length), i);
    });
  }

  /** The position of the text bytes[start .. end), or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    if (((this.#lengths >>> ((end - start) & 31)) & 1) === 0) return -1;
    const mask = this.#table.length - 1;
    for (let slot = hashBytes(bytes, start, end) & mask; ; slot = (slot + 1) & mask) {
      const place = this.#table[slot]! - 1;
      if (place < 0) return -1;
      if (this.#equals(place, bytes, start, end)) return place;
    }
  }

  #equals(place: number, bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.#offsets[place]!;
    const length = end - start;
    if (this.#offsets[place + 1]! - own !== length) return false;
    for (let i = 0; i < length; i++) if (this.#bytes[own + i] !== bytes[start + i]) return false;
    return true;
  }
}

/** FNV-1a. */
function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

function newTable(values: number): Int32Array {
  let length = 8;
  while (length < values * 4) length *= 2;
  return new Int32Array(length);
}

function insert(table: Int32Array, hash: number, place: number): void {
  const mask = table.length - 1;
  let slot = hash & mask;
  while (table[slot] !== 0) slot = (slot + 1) & mask;
  table[slot] = place + 1;
}
