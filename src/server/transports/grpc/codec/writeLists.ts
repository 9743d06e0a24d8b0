import type { BytesColumn, FixedArray, FixedColumn } from '../../../../core/domain/columns.ts';
import { DataType } from '../../../../core/domain/dataTypes.ts';
import { ARRAY_DATA } from './slots.ts';
import { delimitedSize, varintSize, type WireWriter } from './wireWriter.ts';

/**
 * The lists that carry values: BoolArray, IntArray, …, StringArray and JSONArray, each with all its values in field 1.
 * Of every list there is the size and the writing, for the values [from .. to) of a column.
 */
export function listSize(column: FixedColumn | BytesColumn, from: number, to: number): number {
  if (column.kind === 'bytes') return textsSize(column.offsets, from, to);
  const size = packedSize(column, from, to);
  return size === 0 ? 0 : delimitedSize(size);
}

export function writeList(
  writer: WireWriter,
  column: FixedColumn | BytesColumn,
  from: number,
  to: number,
): void {
  if (column.kind === 'bytes') {
    writeTexts(writer, column, from, to);
    return;
  }
  const size = packedSize(column, from, to);
  if (size === 0) return;
  writer.delimited(ARRAY_DATA, size);
  writePacked(writer, column, from, to);
}

function textsSize(offsets: Uint32Array, from: number, to: number): number {
  let size = to - from + offsets[to]! - offsets[from]!;
  for (let i = from; i < to; i++) size += varintSize(offsets[i + 1]! - offsets[i]!);
  return size;
}

function writeTexts(writer: WireWriter, { offsets, bytes }: BytesColumn, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const start = offsets[i]!;
    const end = offsets[i + 1]!;
    writer.delimited(ARRAY_DATA, end - start);
    writer.copy(bytes, start, end);
  }
}

function packedSize({ dataType, values }: FixedColumn, from: number, to: number): number {
  switch (dataType) {
    case DataType.Bool:
      return to - from;
    case DataType.Float:
    case DataType.Double:
      return (to - from) * values.BYTES_PER_ELEMENT;
    case DataType.Int64:
      return int64sSize(halvesOf(values), from, to);
    default:
      return int32sSize(values as Int32Array, from, to);
  }
}

function writePacked(writer: WireWriter, { dataType, values }: FixedColumn, from: number, to: number): void {
  switch (dataType) {
    case DataType.Bool:
      for (let i = from; i < to; i++) writer.byte(values[i] === 0 ? 0 : 1);
      return;
    case DataType.Float:
    case DataType.Double: {
      const width = values.BYTES_PER_ELEMENT;
      writer.copy(rawBytes(values), from * width, to * width);
      return;
    }
    case DataType.Int64: {
      const halves = halvesOf(values);
      for (let i = from; i < to; i++) writer.varint64(halves[2 * i]!, halves[2 * i + 1]!);
      return;
    }
    default:
      writeInt32s(writer, values as Int32Array, from, to);
  }
}

/** A negative int32 is written as the int64 of the same value. */
function writeInt32s(writer: WireWriter, values: Int32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (value < 0) writer.varint64(value >>> 0, 0xffffffff);
    else writer.varint(value);
  }
}

const NEGATIVE_BYTES = 10;

function int32sSize(values: Int32Array, from: number, to: number): number {
  let size = 0;
  for (let i = from; i < to; i++) size += values[i]! < 0 ? NEGATIVE_BYTES : varintSize(values[i]!);
  return size;
}

function int64sSize(halves: Uint32Array, from: number, to: number): number {
  let size = 0;
  for (let i = from; i < to; i++) {
    const high = halves[2 * i + 1]!;
    size += high === 0 ? varintSize(halves[2 * i]!) : Math.ceil((64 - Math.clz32(high)) / 7);
  }
  return size;
}

function halvesOf({ buffer, byteOffset, length }: FixedArray): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length * 2);
}

export function rawBytes(values: FixedArray): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
