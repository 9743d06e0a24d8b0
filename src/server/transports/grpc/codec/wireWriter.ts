import { assert } from '../../../../core/domain/errors.ts';
import { copyBytes, LENGTH_DELIMITED } from './wireCursor.ts';

/** Bytes of a varint below 2^53. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value <= 0xffffffff) return Math.ceil((32 - Math.clz32(value)) / 7);
  return Math.ceil((64 - Math.clz32(Math.floor(value / 0x100000000))) / 7);
}

/** Bytes of a length-delimited field of a number below 16, with `size` bytes in it. */
export function delimitedSize(size: number): number {
  return 1 + varintSize(size) + size;
}

/**
 * Writes protobuf fields into one buffer of exactly the size that was computed before: column data is measured, then
 * written once, and neither grows nor moves.
 */
export class WireWriter {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(size: number) {
    // From no pool: the reply is handed to the socket and lives as long as that needs.
    this.#bytes = Buffer.allocUnsafeSlow(size);
  }

  /** Errors: Internal when the size was wrong: bytes that were not written would be those of another message. */
  finish(): Buffer {
    assert(this.#at === this.#bytes.length, 'a message has the size it was measured with');
    return this.#bytes;
  }

  tag(field: number, wireType: number): void {
    this.#bytes[this.#at++] = (field << 3) | wireType;
  }

  /** The tag and length of a field with `size` bytes in it, which follow. */
  delimited(field: number, size: number): void {
    this.tag(field, LENGTH_DELIMITED);
    this.varint(size);
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    this.varint64(value >>> 0, Math.floor(value / 0x100000000));
  }

  /** 64 bits as two halves, each from 0 to 2^32 - 1. */
  varint64(low: number, high: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    let rest = low;
    for (let above = high; above !== 0; above >>>= 7) {
      bytes[at++] = rest | 0x80;
      rest = (rest >>> 7) | (above << 25);
    }
    for (; rest >>> 7 !== 0; rest >>>= 7) bytes[at++] = rest | 0x80;
    bytes[at++] = rest;
    this.#at = at;
  }

  byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  copy(source: Uint8Array, start: number, end: number): void {
    copyBytes(source, start, end, this.#bytes, this.#at);
    this.#at += end - start;
  }

  text(value: string, size: number): void {
    this.#bytes.write(value, this.#at, size);
    this.#at += size;
  }
}
