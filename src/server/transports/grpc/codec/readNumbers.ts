import { type FixedArray, newFixedArray } from '../../../../core/domain/columns.ts';
import { DataType, fixedWidthBytes } from '../../../../core/domain/dataTypes.ts';
import { FIXED32, FIXED64, malformed, type Span, VARINT } from './wireCursor.ts';

const VARINT_BYTES_MAX = 10;

/** How one number of a type is written. */
export function numberWireType(dataType: DataType): number {
  if (dataType === DataType.Float) return FIXED32;
  return dataType === DataType.Double ? FIXED64 : VARINT;
}

/** Int8 and Int16 travel as int32 and stay so: only who knows the field can say that a value is out of range. */
export function newNumbers(dataType: DataType, length: number): FixedArray {
  const isSmall = dataType === DataType.Int8 || dataType === DataType.Int16;
  return newFixedArray(isSmall ? DataType.Int32 : dataType, length);
}

/** How many numbers a packed list holds. Errors: Invalid (torn in the middle of a number). */
export function countNumbers(packed: Span, dataType: DataType, what: string): number {
  const { bytes, start, end } = packed;
  if (numberWireType(dataType) !== VARINT) {
    const width = fixedWidthBytes(dataType);
    const length = end - start;
    if (length % width !== 0) throw malformed(what, `${length} bytes are no multiple of ${width}`);
    return length / width;
  }
  if (end > start && bytes[end - 1]! >= 0x80) throw malformed(what, 'truncated');
  let count = 0;
  for (let at = start; at < end; at++) count += (bytes[at]! >>> 7) ^ 1;
  return count;
}

/** The numbers of a packed list: a view on it where its form and place allow that, else a copy. */
export function readNumbers(packed: Span, dataType: DataType, what: string): FixedArray {
  const count = countNumbers(packed, dataType, what);
  if (dataType === DataType.Float) return floatView(packed, count);
  const values = newNumbers(dataType, count);
  readNumbersInto(packed, dataType, values, 0, what);
  return values;
}

/** Writes the numbers of a list that countNumbers has passed to `target`, from `at` on. */
export function readNumbersInto(
  packed: Span,
  dataType: DataType,
  target: FixedArray,
  at: number,
  what: string,
): void {
  switch (dataType) {
    case DataType.Bool:
      readBools(packed, target as Uint8Array, at, what);
      return;
    case DataType.Int64:
      readInt64s(packed, target as BigInt64Array, at, what);
      return;
    case DataType.Float:
    case DataType.Double:
      copyRaw(packed, target, at);
      return;
    default:
      readInt32s(packed, target as Int32Array, at, what);
  }
}

function floatView(packed: Span, count: number): Float32Array {
  const { bytes, start, end } = packed;
  const offset = bytes.byteOffset + start;
  if (offset % 4 === 0) return new Float32Array(bytes.buffer, offset, count);
  // Not zeroed first: twice as fast as a copy into a new Float32Array.
  const copy = Buffer.allocUnsafeSlow(end - start);
  copy.set(bytes.subarray(start, end));
  return new Float32Array(copy.buffer, copy.byteOffset, count);
}

function copyRaw({ bytes, start, end }: Span, target: FixedArray, at: number): void {
  const offset = target.byteOffset + at * target.BYTES_PER_ELEMENT;
  new Uint8Array(target.buffer, offset, end - start).set(bytes.subarray(start, end));
}

function readBools({ bytes, start, end }: Span, target: Uint8Array, at: number, what: string): void {
  for (let i = start; i < end; at++) {
    const first = i;
    let bits = 0;
    while (bytes[i]! >= 0x80) bits |= bytes[i++]! & 0x7f;
    bits |= bytes[i++]!;
    if (i - first > VARINT_BYTES_MAX) throw tooLong(what);
    target[at] = bits === 0 ? 0 : 1;
  }
}

/** The low 32 bits: a negative number has 10 bytes, of which the last five say nothing new. */
function readInt32s({ bytes, start, end }: Span, target: Int32Array, at: number, what: string): void {
  for (let i = start; i < end; at++) {
    const first = i;
    let byte = bytes[i++]!;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[i++]!;
      if (shift < 32) value |= (byte & 0x7f) << shift;
    }
    if (i - first > VARINT_BYTES_MAX) throw tooLong(what);
    target[at] = value;
  }
}

/** Two halves a number, which needs no BigInt. */
function readInt64s({ bytes, start, end }: Span, target: BigInt64Array, at: number, what: string): void {
  const halves = new Uint32Array(target.buffer, target.byteOffset, target.length * 2);
  let to = at * 2;
  for (let i = start; i < end; to += 2) {
    const first = i;
    let byte = bytes[i++]!;
    let low = byte & 0x7f;
    let high = 0;
    for (let shift = 7; byte >= 0x80 && shift < 28; shift += 7) {
      byte = bytes[i++]!;
      low |= (byte & 0x7f) << shift;
    }
    if (byte >= 0x80) {
      byte = bytes[i++]!;
      low |= (byte & 0x7f) << 28;
      high = (byte & 0x7f) >>> 4;
      for (let shift = 3; byte >= 0x80; shift += 7) {
        byte = bytes[i++]!;
        if (shift < 32) high |= (byte & 0x7f) << shift;
      }
      if (i - first > VARINT_BYTES_MAX) throw tooLong(what);
    }
    halves[to] = low;
    halves[to + 1] = high;
  }
}

function tooLong(what: string): Error {
  return malformed(what, `a number of more than ${VARINT_BYTES_MAX} bytes`);
}
