import { type ElanusError, invalid } from '../../../../core/domain/errors.ts';

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

const VARINT_BYTES_MAX = 10;
const NOTHING = new Uint8Array(0);

/** A part of a buffer: bytes[start .. end). */
export interface Span {
  bytes: Uint8Array;
  start: number;
  end: number;
}

export function spanOf(bytes: Uint8Array): Span {
  return { bytes, start: 0, end: bytes.length };
}

export function emptySpan(): Span {
  return { bytes: NOTHING, start: 0, end: 0 };
}

/** Malformed or misplaced data of `what`. */
export function malformed(what: string, why: string): ElanusError {
  return invalid(`${what} is malformed: ${why}`);
}

/**
 * Walks over the fields of a protobuf message without making anything of them. One cursor serves many messages, so that
 * a message a row costs no object. Errors: Invalid, naming `what`, as soon as a field reaches over the end.
 */
export class WireCursor {
  readonly what: string;
  /** The field that `next` found, and its wire type. */
  field = 0;
  wireType = 0;
  /** Its payload, without the length in front: bytes[start .. stop). */
  start = 0;
  stop = 0;
  #bytes: Uint8Array = NOTHING;
  #at = 0;
  #end = 0;

  constructor(what: string) {
    this.what = what;
  }

  over(span: Span): this {
    this.#bytes = span.bytes;
    this.#at = span.start;
    this.#end = span.end;
    return this;
  }

  /** Goes to the next field; false at the end of the message. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.#length();
    if (tag < 8 || tag > 0xffffffff) throw malformed(this.what, 'bad tag');
    this.field = tag >>> 3;
    this.wireType = tag & 7;
    const size = this.#payloadBytes();
    this.start = this.#at;
    if (size > this.#end - this.#at) throw malformed(this.what, 'truncated');
    this.#at += size;
    this.stop = this.#at;
    return true;
  }

  /** The payload as a number: exact up to 2^53, negative numbers come as large ones. */
  number(): number {
    let value = 0;
    let scale = 1;
    for (let at = this.start; at < this.stop; at++) {
      value += (this.#bytes[at]! & 0x7f) * scale;
      scale *= 128;
    }
    return value;
  }

  #payloadBytes(): number {
    switch (this.wireType) {
      case VARINT:
        return varintBytes(this.#bytes, this.#at, this.#end, this.what);
      case FIXED64:
        return 8;
      case LENGTH_DELIMITED:
        return this.#length();
      case FIXED32:
        return 4;
      default:
        throw malformed(this.what, `wire type ${this.wireType}`);
    }
  }

  /** A tag or a length. */
  #length(): number {
    const first = this.#at < this.#end ? this.#bytes[this.#at]! : 0x80;
    if (first < 0x80) {
      this.#at++;
      return first;
    }
    const size = varintBytes(this.#bytes, this.#at, this.#end, this.what);
    this.start = this.#at;
    this.#at += size;
    this.stop = this.#at;
    return this.number();
  }
}

function varintBytes(bytes: Uint8Array, at: number, end: number, what: string): number {
  const last = Math.min(end, at + VARINT_BYTES_MAX);
  for (let i = at; i < last; i++) if (bytes[i]! < 0x80) return i + 1 - at;
  throw malformed(what, last === end ? 'truncated' : 'a number of more than 10 bytes');
}

/**
 * All occurrences of a field as one span. A packed list may come in several pieces and element by element, an embedded
 * message in several parts: in each case the value is that of the bytes one behind the other.
 * `elementWireType` is how one element of a packed list is written, or LENGTH_DELIMITED.
 */
export function gatherField(
  source: Span,
  field: number,
  elementWireType: number,
  cursor: WireCursor,
  into: Span,
): boolean {
  const { bytes, start, end } = source;
  let pieces = 0;
  let total = 0;
  into.start = into.end = start;
  into.bytes = bytes;
  cursor.over({ bytes, start, end });
  while (cursor.next()) {
    if (cursor.field !== field) continue;
    const { wireType } = cursor;
    if (wireType !== LENGTH_DELIMITED && wireType !== elementWireType) {
      throw malformed(cursor.what, `field ${field} has wire type ${wireType}`);
    }
    into.start = cursor.start;
    into.end = cursor.stop;
    total += cursor.stop - cursor.start;
    pieces++;
  }
  if (pieces > 1) concatenate({ bytes, start, end }, field, total, cursor, into);
  return pieces > 0;
}

function concatenate(source: Span, field: number, total: number, cursor: WireCursor, into: Span): void {
  const all = new Uint8Array(total);
  let at = 0;
  cursor.over(source);
  while (cursor.next()) {
    if (cursor.field !== field) continue;
    copyBytes(source.bytes, cursor.start, cursor.stop, all, at);
    at += cursor.stop - cursor.start;
  }
  into.bytes = all;
  into.start = 0;
  into.end = total;
}

/** Above this a native copy is faster than a loop, though it costs a view. */
const LOOP_BYTES_MAX = 64;

export function copyBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): void {
  if (end - start > LOOP_BYTES_MAX) target.set(source.subarray(start, end), at);
  else for (let i = start, to = at; i < end; i++, to++) target[to] = source[i]!;
}
