import type { BytesColumn, Column, ColumnBatch, FieldColumn, FixedColumn } from '../domain/columns.ts';
import { fixedArrayView } from '../domain/columns.ts';
import { DataType, fixedWidthBytes } from '../domain/dataTypes.ts';
import { ElanusError } from '../domain/errors.ts';

/**
 * Columns as bytes, the body of WAL records. Little-endian; every part starts at a multiple of 8 from the start.
 *
 * batch  = u32 rows, u32 columns, column*
 * column = u32 fieldId, u8 kind, u8 dataType, u8 elementType, u8 hasValidity, u32 rows, u32 dim, part*
 * part   = u64 byte length, bytes, zero padding to 8
 * parts  = [validity] then fixed, vector: values | bytes: offsets, bytes | array: offsets, element parts (values, or
 *          offsets and bytes)
 */
const KIND = { fixed: 1, bytes: 2, array: 3, vector: 4 } as const;
const COLUMN_HEADER_BYTES = 16;

function align8(bytes: number): number {
  return (bytes + 7) & ~7;
}

function partBytes(bytes: number): number {
  return 8 + align8(bytes);
}

export function encodedBatchBytes(batch: ColumnBatch): number {
  let bytes = 8;
  for (const { column } of batch.columns) bytes += encodedColumnBytes(column);
  return bytes;
}

export function encodedColumnBytes(column: Column): number {
  let bytes = COLUMN_HEADER_BYTES;
  if (column.validity !== undefined) bytes += partBytes((column.rows + 7) >> 3);
  switch (column.kind) {
    case 'fixed':
      return bytes + partBytes(column.rows * column.values.BYTES_PER_ELEMENT);
    case 'vector':
      return bytes + partBytes(column.rows * column.dim * 4);
    case 'bytes':
      return bytes + bytesParts(column);
    case 'array': {
      const count = column.offsets[column.rows]!;
      bytes += partBytes((column.rows + 1) * 4);
      const { elements } = column;
      if (elements.kind === 'bytes') return bytes + bytesParts({ ...elements, rows: count });
      return bytes + partBytes(count * elements.values.BYTES_PER_ELEMENT);
    }
  }
}

function bytesParts(column: BytesColumn): number {
  return partBytes((column.rows + 1) * 4) + partBytes(column.offsets[column.rows]!);
}

/** Writes at `at` (a multiple of 8) of `into`, every byte; returns where it ends. */
export function encodeBatch(batch: ColumnBatch, into: Uint8Array, at: number): number {
  const view = new DataView(into.buffer, into.byteOffset);
  view.setUint32(at, batch.rows, true);
  view.setUint32(at + 4, batch.columns.length, true);
  let end = at + 8;
  for (const entry of batch.columns) end = encodeColumn(entry, into, end);
  return end;
}

export function encodeColumn({ fieldId, column }: FieldColumn, into: Uint8Array, at: number): number {
  const view = new DataView(into.buffer, into.byteOffset);
  view.setUint32(at, fieldId, true);
  into[at + 4] = KIND[column.kind];
  into[at + 5] = column.dataType;
  into[at + 6] = column.kind === 'array' ? column.elements.dataType : 0;
  into[at + 7] = column.validity === undefined ? 0 : 1;
  view.setUint32(at + 8, column.rows, true);
  view.setUint32(at + 12, column.kind === 'vector' ? column.dim : 0, true);
  const parts: Uint8Array[] = [];
  if (column.validity !== undefined) parts.push(column.validity.subarray(0, (column.rows + 7) >> 3));
  pushParts(column, parts);
  let end = at + COLUMN_HEADER_BYTES;
  for (const part of parts) {
    view.setUint32(end, part.length, true);
    view.setUint32(end + 4, 0, true);
    into.set(part, end + 8);
    const next = end + partBytes(part.length);
    into.fill(0, end + 8 + part.length, next);
    end = next;
  }
  return end;
}

function pushParts(column: Column, parts: Uint8Array[]): void {
  if (column.kind === 'fixed') parts.push(bytesOf(column.values, column.rows));
  else if (column.kind === 'vector')
    parts.push(packedVectors(column.values, column.rows, column.dim, column.stride));
  else if (column.kind === 'bytes') {
    parts.push(
      bytesOf(column.offsets, column.rows + 1),
      column.bytes.subarray(0, column.offsets[column.rows]!),
    );
  } else {
    parts.push(bytesOf(column.offsets, column.rows + 1));
    pushParts({ ...column.elements, rows: column.offsets[column.rows]! }, parts);
  }
}

function packedVectors(values: Float32Array, rows: number, dim: number, stride: number): Uint8Array {
  if (stride === dim) return bytesOf(values, rows * dim);
  const packed = new Float32Array(rows * dim);
  for (let row = 0; row < rows; row++)
    packed.set(values.subarray(row * stride, row * stride + dim), row * dim);
  return bytesOf(packed, packed.length);
}

function bytesOf(
  array: ArrayBufferView & { readonly BYTES_PER_ELEMENT: number },
  length: number,
): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, length * array.BYTES_PER_ELEMENT);
}

/**
 * Reads what encodeBatch wrote. Columns are views on `bytes`, whose start must be 8-byte aligned; nothing is allocated by
 * numbers that were not checked against its length. Error: Corrupt.
 */
export function decodeBatch(bytes: Uint8Array, at: number): { batch: ColumnBatch; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkRoom(bytes, at, 8);
  const rows = view.getUint32(at, true);
  const count = view.getUint32(at + 4, true);
  const columns: FieldColumn[] = [];
  let end = at + 8;
  for (let i = 0; i < count; i++) {
    const decoded = decodeColumn(bytes, end);
    if (decoded.entry.column.rows !== rows) throw corrupt('a column has other rows than its batch', end);
    columns.push(decoded.entry);
    end = decoded.end;
  }
  return { batch: { rows, columns }, end };
}

/** As `decodeBatch`, of one column. Error: Corrupt. */
export function decodeColumn(bytes: Uint8Array, at: number): { entry: FieldColumn; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkRoom(bytes, at, COLUMN_HEADER_BYTES);
  const fieldId = view.getUint32(at, true);
  const kind = bytes[at + 4]!;
  const dataType = bytes[at + 5] as DataType;
  const elementType = bytes[at + 6] as DataType;
  const rows = view.getUint32(at + 8, true);
  const dim = view.getUint32(at + 12, true);
  const reader = new PartReader(bytes, at + COLUMN_HEADER_BYTES);
  const validity = bytes[at + 7] === 1 ? reader.next(Math.ceil(rows / 8)) : undefined;
  const column = readColumn(reader, { kind, dataType, elementType, rows, dim, validity });
  return { entry: { fieldId, column }, end: reader.at };
}

interface ColumnHeader {
  readonly kind: number;
  readonly dataType: DataType;
  readonly elementType: DataType;
  readonly rows: number;
  readonly dim: number;
  readonly validity: Uint8Array | undefined;
}

function readColumn(reader: PartReader, header: ColumnHeader): Column {
  const { kind, dataType, elementType, rows, dim, validity } = header;
  if (kind === KIND.fixed) return readFixed(reader, dataType, rows, validity);
  if (kind === KIND.bytes) return readBytes(reader, dataType, rows, validity);
  if (kind === KIND.vector && dataType === DataType.FloatVector) {
    const part = reader.next(rows * dim * 4);
    const values = new Float32Array(part.buffer, part.byteOffset, rows * dim);
    return { kind: 'vector', dataType, rows, dim, stride: dim, values, validity };
  }
  if (kind !== KIND.array || dataType !== DataType.Array)
    throw corrupt(`unknown column kind ${kind}`, reader.at);
  const offsets = reader.offsets(rows);
  const count = offsets[rows]!;
  const elements =
    elementType === DataType.VarChar
      ? readBytes(reader, elementType, count, undefined)
      : readFixed(reader, elementType, count, undefined);
  return { kind: 'array', dataType, rows, offsets, elements, validity };
}

function readFixed(
  reader: PartReader,
  dataType: DataType,
  rows: number,
  validity: Uint8Array | undefined,
): FixedColumn {
  const width = fixedWidthBytes(dataType);
  if (width === 0) throw corrupt(`data type ${dataType} has no fixed width`, reader.at);
  const part = reader.next(rows * width);
  const values = fixedArrayView(dataType, part.buffer, part.byteOffset, rows);
  return { kind: 'fixed', dataType, rows, values, validity };
}

function readBytes(
  reader: PartReader,
  dataType: DataType,
  rows: number,
  validity: Uint8Array | undefined,
): BytesColumn {
  if (dataType !== DataType.VarChar && dataType !== DataType.JSON)
    throw corrupt(`data type ${dataType} is not text`, reader.at);
  const offsets = reader.offsets(rows);
  return { kind: 'bytes', dataType, rows, offsets, bytes: reader.next(offsets[rows]!), validity };
}

class PartReader {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  /** The next part, which has at least `bytesMin` bytes. */
  next(bytesMin: number): Uint8Array {
    checkRoom(this.#bytes, this.at, 8);
    const length = this.#view.getUint32(this.at, true);
    const start = this.at + 8;
    if (length < bytesMin) throw corrupt(`a column part of ${length} bytes is too short`, this.at);
    checkRoom(this.#bytes, start, length);
    this.at += partBytes(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Of `rows` rows: from 0, never falling. */
  offsets(rows: number): Uint32Array {
    const part = this.next((rows + 1) * 4);
    const offsets = new Uint32Array(part.buffer, part.byteOffset, rows + 1);
    let last = 0;
    for (let i = 0; i <= rows; i++) {
      const offset = offsets[i]!;
      if (offset < last || (i === 0 && offset !== 0)) throw corrupt('offsets are out of order', this.at);
      last = offset;
    }
    return offsets;
  }
}

function checkRoom(bytes: Uint8Array, at: number, length: number): void {
  if (at + length > bytes.length) throw corrupt('encoded columns end too early', at);
}

function corrupt(what: string, at: number): ElanusError {
  return new ElanusError('Corrupt', what, { context: { at } });
}
