import { BLOCK_BYTES, BLOCK_ROWS } from './blockTest.ts';

/**
 * Memory for blocks, used again by every evaluation of the thread. Tests run one after the other, so all of them share
 * the number arrays (`startTest` gives them back); bit arrays are taken by level of nesting.
 */
export class Scratch {
  readonly #ints = new Pool(() => new Int32Array(BLOCK_ROWS));
  readonly #uints = new Pool(() => new Uint32Array(BLOCK_ROWS));
  readonly #int64s = new Pool(() => new BigInt64Array(BLOCK_ROWS));
  readonly #doubles = new Pool(() => new Float64Array(BLOCK_ROWS));
  readonly #bits: Uint8Array[] = [];

  startTest(): void {
    this.#ints.reset();
    this.#uints.reset();
    this.#int64s.reset();
    this.#doubles.reset();
  }

  ints(): Int32Array {
    return this.#ints.take();
  }

  uints(): Uint32Array {
    return this.#uints.take();
  }

  int64s(): BigInt64Array {
    return this.#int64s.take();
  }

  doubles(): Float64Array {
    return this.#doubles.take();
  }

  /** BLOCK_BYTES bytes that belong to `slot`. */
  bits(slot: number): Uint8Array {
    this.#bits[slot] ??= new Uint8Array(BLOCK_BYTES);
    return this.#bits[slot];
  }
}

class Pool<T> {
  readonly #make: () => T;
  readonly #items: T[] = [];
  #used = 0;

  constructor(make: () => T) {
    this.#make = make;
  }

  reset(): void {
    this.#used = 0;
  }

  take(): T {
    this.#items[this.#used] ??= this.#make();
    return this.#items[this.#used++]!;
  }
}
