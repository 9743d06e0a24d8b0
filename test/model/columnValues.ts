import type { BytesColumn, Column, FixedColumn } from '../../src/core/domain/columns.ts';
import { isValid, newFixedArray } from '../../src/core/domain/columns.ts';
import { DataType } from '../../src/core/domain/dataTypes.ts';
import type { FieldSchema } from '../../src/core/domain/schema.ts';

/** One value of a row as a model sees it. Bool is 0 or 1, JSON is its text, a vector an array of float32 numbers. */
export type RowValue = null | number | bigint | string | readonly (number | bigint | string)[];

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The rows of a column as values. */
export function valuesOf(column: Column): RowValue[] {
  return Array.from({ length: column.rows }, (_, row) =>
    isValid(column.validity, row) ? valueAt(column, row) : null,
  );
}

function valueAt(column: Column, row: number): RowValue {
  switch (column.kind) {
    case 'fixed':
      return column.values[row]!;
    case 'bytes':
      return decoder.decode(column.bytes.slice(column.offsets[row]!, column.offsets[row + 1]!));
    case 'array': {
      const elements: (number | bigint | string)[] = [];
      for (let e = column.offsets[row]!; e < column.offsets[row + 1]!; e++) {
        elements.push(valueAt(column.elements, e) as number | bigint | string);
      }
      return elements;
    }
    case 'vector':
      return [...column.values.subarray(row * column.stride, row * column.stride + column.dim)];
  }
}

/** A column of a field's type with these values. */
export function columnOfValues(field: FieldSchema, values: readonly RowValue[]): Column {
  const rows = values.length;
  const validity = validityOf(values);
  switch (field.dataType) {
    case DataType.FloatVector: {
      const flat = new Float32Array(rows * field.dim);
      values.forEach((value, row) => {
        if (value !== null) flat.set(value as number[], row * field.dim);
      });
      const dim = field.dim;
      return { kind: 'vector', dataType: field.dataType, rows, dim, stride: dim, values: flat, validity };
    }
    case DataType.Array: {
      const lists = values.map((value) => (value ?? []) as (number | bigint | string)[]);
      const offsets = new Uint32Array(rows + 1);
      for (const [row, list] of lists.entries()) offsets[row + 1] = offsets[row]! + list.length;
      const elements = scalarColumn(field.elementType!, lists.flat(), undefined);
      return { kind: 'array', dataType: field.dataType, rows, offsets, elements, validity };
    }
    default:
      return scalarColumn(field.dataType, values, validity);
  }
}

/** A column of a scalar type with these values. */
export function scalarColumn(
  dataType: DataType,
  values: readonly RowValue[],
  validity = validityOf(values),
): FixedColumn | BytesColumn {
  const rows = values.length;
  if (dataType === DataType.VarChar || dataType === DataType.JSON) {
    const encoded = values.map((value) => encoder.encode(value === null ? '' : String(value)));
    const offsets = new Uint32Array(rows + 1);
    for (const [row, bytes] of encoded.entries()) offsets[row + 1] = offsets[row]! + bytes.length;
    const bytes = new Uint8Array(offsets[rows]!);
    for (const [row, part] of encoded.entries()) bytes.set(part, offsets[row]!);
    return { kind: 'bytes', dataType, rows, offsets, bytes, validity };
  }
  const fixed = newFixedArray(dataType, rows);
  for (const [row, value] of values.entries()) {
    if (value !== null) fixed[row] = fixed instanceof BigInt64Array ? BigInt(value as bigint) : Number(value);
  }
  return { kind: 'fixed', dataType, rows, values: fixed, validity };
}

function validityOf(values: readonly RowValue[]): Uint8Array | undefined {
  if (!values.includes(null)) return undefined;
  const bits = new Uint8Array((values.length + 7) >> 3);
  for (const [row, value] of values.entries()) if (value !== null) bits[row >> 3]! |= 1 << (row & 7);
  return bits;
}
