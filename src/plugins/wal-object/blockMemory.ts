/** Smaller blocks are cheaper to make anew. */
const REUSED_BYTES_MIN = 64 * 1024;
const FREE_BYTES_MAX = 32 * 1024 * 1024;
/** What is found for a block may be so many times as large. */
const SIZE_FACTOR_MAX = 4;

/**
 * Memory for blocks, used again and again: fresh memory of a megabyte costs more than filling it, in page faults and in garbage
 * collections. Keeps at most 32 MiB that nobody uses.
 */
export class BlockMemory {
  /** The longest unused first. */
  readonly #free: Buffer[] = [];
  #freeBytes = 0;

  /** `bytes` long, with anything in it. */
  take(bytes: number): Buffer {
    if (bytes < REUSED_BYTES_MIN) return Buffer.allocUnsafe(bytes);
    const at = this.#free.findLastIndex(({ length }) => length >= bytes && length <= SIZE_FACTOR_MAX * bytes);
    if (at < 0) return Buffer.allocUnsafeSlow(bytes);
    const found = this.#free.splice(at, 1)[0]!;
    this.#freeBytes -= found.length;
    return found.subarray(0, bytes);
  }

  /** `taken` came from `take`, and nobody reads or writes it any more. */
  giveBack(taken: Uint8Array): void {
    // A smaller one lies in memory that it shares.
    if (taken.length < REUSED_BYTES_MIN) return;
    const whole = Buffer.from(taken.buffer);
    if (whole.length > FREE_BYTES_MAX) return;
    while (this.#freeBytes + whole.length > FREE_BYTES_MAX) this.#freeBytes -= this.#free.shift()!.length;
    this.#free.push(whole);
    this.#freeBytes += whole.length;
  }
}
