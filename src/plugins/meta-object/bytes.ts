/** Appends numbers (little-endian), texts and bytes to a buffer that grows. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(4_096);
  #length = 0;

  u8(value: number): void {
    this.#reserve(1);
    this.#length = this.#buffer.writeUInt8(value, this.#length);
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
  }

  u64(value: bigint): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeBigUInt64LE(value, this.#length);
  }

  text(text: string): void {
    this.bytes(Buffer.from(text));
  }

  bytes(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A view, good until the next call. */
  written(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    larger.set(this.written());
    this.#buffer = larger;
  }
}

/** Reads what ByteWriter wrote. Throws RangeError behind the end. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#buffer.length;
  }

  u8(): number {
    return this.#buffer.readUInt8(this.#step(1));
  }

  u32(): number {
    return this.#buffer.readUInt32LE(this.#step(4));
  }

  u64(): bigint {
    return this.#buffer.readBigUInt64LE(this.#step(8));
  }

  text(): string {
    return this.#view().toString();
  }

  /** A copy. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#view());
  }

  #view(): Buffer {
    const length = this.u32();
    const from = this.#step(length);
    return this.#buffer.subarray(from, from + length);
  }

  #step(bytes: number): number {
    const from = this.#at;
    if (from + bytes > this.#buffer.length) throw new RangeError('ends early');
    this.#at += bytes;
    return from;
  }
}
