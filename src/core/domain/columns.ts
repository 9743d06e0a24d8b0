import { DataType } from './dataTypes.ts';

/**
 * Columns are the only form in which rows exist between the socket and a segment: typed arrays, never an object a row.
 *
 * Validity is an LSB-first bitmap as in Arrow, ceil(rows / 8) bytes at least, 1 = the row has a value; absent = all have.
 * A row that is null holds 0, the empty string or the empty array in its slot. Arrays may be longer than `rows` needs.
 * Whoever gets a column may read it and must not write it.
 */
export interface FixedColumn {
  readonly kind: 'fixed';
  readonly dataType: DataType;
  readonly rows: number;
  /** One value a row. Bool is a Uint8Array of 0 and 1. */
  readonly values: FixedArray;
  readonly validity: Uint8Array | undefined;
}

export type FixedArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** VarChar and JSON: UTF-8 bytes of row i are bytes[offsets[i] .. offsets[i + 1]). offsets[0] is 0. */
export interface BytesColumn {
  readonly kind: 'bytes';
  readonly dataType: DataType;
  readonly rows: number;
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
  readonly validity: Uint8Array | undefined;
}

/** Array: elements of row i are elements[offsets[i] .. offsets[i + 1]). offsets[0] is 0; elements are never null. */
export interface ArrayColumn {
  readonly kind: 'array';
  readonly dataType: typeof DataType.Array;
  readonly rows: number;
  readonly offsets: Uint32Array;
  readonly elements: FixedColumn | BytesColumn;
  readonly validity: Uint8Array | undefined;
}

/** FloatVector: row i is values[i * stride .. i * stride + dim). stride ≥ dim, in elements; padding is 0. */
export interface VectorColumn {
  readonly kind: 'vector';
  readonly dataType: typeof DataType.FloatVector;
  readonly rows: number;
  readonly dim: number;
  readonly stride: number;
  readonly values: Float32Array;
  readonly validity: Uint8Array | undefined;
}

export type ScalarColumn = FixedColumn | BytesColumn | ArrayColumn;
export type Column = ScalarColumn | VectorColumn;

export interface FieldColumn {
  readonly fieldId: number;
  readonly column: Column;
}

/** Rows by column; every column has `rows` rows. */
export interface ColumnBatch {
  readonly rows: number;
  readonly columns: readonly FieldColumn[];
}

export function isValid(validity: Uint8Array | undefined, row: number): boolean {
  return validity === undefined || ((validity[row >> 3]! >> (row & 7)) & 1) === 1;
}

export function columnOf(batch: ColumnBatch, fieldId: number): Column | undefined {
  for (const entry of batch.columns) if (entry.fieldId === fieldId) return entry.column;
  return undefined;
}

/** A zeroed array of the element type that stores `dataType`. */
export function newFixedArray(dataType: DataType, length: number): FixedArray {
  switch (dataType) {
    case DataType.Bool:
      return new Uint8Array(length);
    case DataType.Int8:
      return new Int8Array(length);
    case DataType.Int16:
      return new Int16Array(length);
    case DataType.Int32:
      return new Int32Array(length);
    case DataType.Int64:
      return new BigInt64Array(length);
    case DataType.Float:
      return new Float32Array(length);
    default:
      return new Float64Array(length);
  }
}

/** A view of `length` elements of `dataType` on a buffer; `byteOffset` must be aligned to the element width. */
export function fixedArrayView(
  dataType: DataType,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): FixedArray {
  switch (dataType) {
    case DataType.Bool:
      return new Uint8Array(buffer, byteOffset, length);
    case DataType.Int8:
      return new Int8Array(buffer, byteOffset, length);
    case DataType.Int16:
      return new Int16Array(buffer, byteOffset, length);
    case DataType.Int32:
      return new Int32Array(buffer, byteOffset, length);
    case DataType.Int64:
      return new BigInt64Array(buffer, byteOffset, length);
    case DataType.Float:
      return new Float32Array(buffer, byteOffset, length);
    default:
      return new Float64Array(buffer, byteOffset, length);
  }
}
