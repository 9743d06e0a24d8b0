import type { Random } from '../../core/ports/random.ts';

/** Random numbers from a seed: the same seed gives the same numbers. sfc32, seeded by counting. */
export class SeededRandom implements Random {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    this.#state = Uint32Array.of(seed, seed / 0x1_0000_0000, 0x9e3779b9, 1);
    for (let i = 0; i < 12; i++) this.#nextU32();
  }

  next(): number {
    const high = this.#nextU32() >>> 5;
    const low = this.#nextU32() >>> 6;
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  }

  /** An integer in [0, below). */
  integer(below: number): number {
    return Math.floor(this.next() * below);
  }

  uuid(): string {
    let hex = '';
    for (let i = 0; i < 4; i++) hex += this.#nextU32().toString(16).padStart(8, '0');
    const variant = '89ab'[Number.parseInt(hex[16]!, 16) & 3];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  #nextU32(): number {
    const state = this.#state;
    const sum = (state[0]! + state[1]! + state[3]!) >>> 0;
    state[3] = state[3]! + 1;
    state[0] = state[1]! ^ (state[1]! >>> 9);
    state[1] = state[2]! + (state[2]! << 3);
    state[2] = ((state[2]! << 21) | (state[2]! >>> 11)) + sum;
    return sum;
  }
}
