import type { BytesColumn, Column, FixedColumn } from '../domain/columns.ts';
import { isValid, newFixedArray } from '../domain/columns.ts';
import { DataType } from '../domain/dataTypes.ts';
import { assert } from '../domain/errors.ts';
import type { FieldSchema, ScalarValue } from '../domain/schema.ts';

const encoder = new TextEncoder();

/** `rows` rows of one value of a scalar type that can have a default. */
export function repeatedColumn(field: FieldSchema, value: ScalarValue, rows: number): Column {
  if (field.dataType === DataType.VarChar || field.dataType === DataType.JSON) {
    return repeatedBytes(field.dataType, encoder.encode(String(value)), rows);
  }
  const values = newFixedArray(field.dataType, rows);
  if (values instanceof BigInt64Array) values.fill(BigInt(value as bigint | number));
  else values.fill(Number(value));
  return { kind: 'fixed', dataType: field.dataType, rows, values, validity: undefined };
}

function repeatedBytes(dataType: DataType, value: Uint8Array, rows: number): BytesColumn {
  const offsets = new Uint32Array(rows + 1);
  const bytes = new Uint8Array(rows * value.length);
  for (let row = 0; row < rows; row++) {
    bytes.set(value, row * value.length);
    offsets[row + 1] = (row + 1) * value.length;
  }
  return { kind: 'bytes', dataType, rows, offsets, bytes, validity: undefined };
}

/** `rows` null rows of any type. */
export function nullColumn(field: FieldSchema, rows: number): Column {
  return { ...blankColumn(field, rows), validity: new Uint8Array((rows + 7) >> 3) };
}

/** `rows` rows of zeros, empty texts or empty arrays. */
export function blankColumn(field: FieldSchema, rows: number): Column {
  const { dataType } = field;
  switch (dataType) {
    case DataType.VarChar:
    case DataType.JSON:
      return blankBytes(dataType, rows);
    case DataType.Array: {
      const elementType = field.elementType!;
      const elements =
        elementType === DataType.VarChar ? blankBytes(elementType, 0) : blankFixed(elementType, 0);
      return {
        kind: 'array',
        dataType,
        rows,
        offsets: new Uint32Array(rows + 1),
        elements,
        validity: undefined,
      };
    }
    case DataType.FloatVector: {
      const values = new Float32Array(rows * field.dim);
      return {
        kind: 'vector',
        dataType,
        rows,
        dim: field.dim,
        stride: field.dim,
        values,
        validity: undefined,
      };
    }
    default:
      return blankFixed(dataType, rows);
  }
}

function blankFixed(dataType: DataType, rows: number): FixedColumn {
  return { kind: 'fixed', dataType, rows, values: newFixedArray(dataType, rows), validity: undefined };
}

function blankBytes(dataType: DataType, rows: number): BytesColumn {
  const offsets = new Uint32Array(rows + 1);
  return { kind: 'bytes', dataType, rows, offsets, bytes: new Uint8Array(0), validity: undefined };
}

/** Whether any of the first `rows` rows is null. */
export function firstNull(validity: Uint8Array | undefined, rows: number): number {
  if (validity === undefined) return -1;
  for (let row = 0; row < rows; row++) if (!isValid(validity, row)) return row;
  return -1;
}

/** The column with its null rows replaced by `value`; every row is valid after it. */
export function withNullsReplaced(field: FieldSchema, column: Column, value: ScalarValue): Column {
  if (firstNull(column.validity, column.rows) < 0) return { ...column, validity: undefined };
  if (column.kind === 'bytes') return bytesWithNullsReplaced(column, encoder.encode(String(value)));
  assert(column.kind === 'fixed', 'only scalars have default values');
  const filler = (repeatedColumn(field, value, 1) as FixedColumn).values[0]!;
  const values = column.values.slice(0, column.rows) as FixedColumn['values'];
  for (let row = 0; row < column.rows; row++) {
    if (!isValid(column.validity, row)) values[row] = filler;
  }
  return { ...column, values, validity: undefined };
}

function bytesWithNullsReplaced(column: BytesColumn, filler: Uint8Array): BytesColumn {
  const { rows, validity } = column;
  const offsets = new Uint32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    const length = isValid(validity, row) ? column.offsets[row + 1]! - column.offsets[row]! : filler.length;
    offsets[row + 1] = offsets[row]! + length;
  }
  const bytes = new Uint8Array(offsets[rows]!);
  for (let row = 0; row < rows; row++) {
    const own = isValid(validity, row);
    bytes.set(
      own ? column.bytes.subarray(column.offsets[row]!, column.offsets[row + 1]!) : filler,
      offsets[row]!,
    );
  }
  return { ...column, offsets, bytes, validity: undefined };
}
