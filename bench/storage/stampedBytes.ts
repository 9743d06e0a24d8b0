import { randomFillSync } from 'node:crypto';

const STAMP_BYTES = 12;

/** Payloads of one length that can be told apart: owner u32, number u48, then two bytes left alone and bytes that no one can compress. */
export class StampedBytes {
  readonly length: number;
  readonly #filling: Buffer;

  /** `length`: at least 12. */
  constructor(length: number) {
    this.length = length;
    this.#filling = randomFillSync(Buffer.alloc(length));
  }

  /** Memory of its own for one payload. */
  make(): Buffer {
    return Buffer.from(this.#filling);
  }

  stamp(payload: Buffer, owner: number, number: number): Buffer {
    payload.writeUInt32LE(owner, 0);
    payload.writeUIntLE(number, 4, 6);
    return payload;
  }

  /** Throws unless `bytes` are exactly those of that payload. */
  check(bytes: Uint8Array, owner: number, number: number): void {
    const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const isRight =
      found.length === this.length &&
      found.readUInt32LE(0) === owner &&
      found.readUIntLE(4, 6) === number &&
      found.compare(this.#filling, STAMP_BYTES, this.length, STAMP_BYTES) === 0;
    if (!isRight) throw new Error(`payload ${number} of ${owner} came back as another one`);
  }
}
