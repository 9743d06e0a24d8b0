import type { Column } from '../domain/columns.ts';
import { newFixedArray } from '../domain/columns.ts';
import { DataType } from '../domain/dataTypes.ts';
import type { FieldSchema, ScalarValue } from '../domain/schema.ts';

/** A column of `rows` rows that all hold `value`, or are all null when it is undefined. */
export function constantColumn(field: FieldSchema, value: ScalarValue | undefined, rows: number): Column {
  const { dataType } = field;
  const validity = value === undefined ? new Uint8Array((rows + 7) >> 3) : undefined;
  if (dataType === DataType.VarChar || dataType === DataType.JSON) {
    const text = new TextEncoder().encode(value === undefined ? '' : String(value));
    const offsets = new Uint32Array(rows + 1);
    const bytes = new Uint8Array(rows * text.length);
    for (let row = 0; row < rows; row++) {
      bytes.set(text, row * text.length);
      offsets[row + 1] = (row + 1) * text.length;
    }
    return { kind: 'bytes', dataType, rows, offsets, bytes, validity };
  }
  if (dataType === DataType.Array) {
    const elementType = field.elementType ?? DataType.Int64;
    const offsets = new Uint32Array(rows + 1);
    const elements =
      elementType === DataType.VarChar
        ? {
            kind: 'bytes' as const,
            dataType: elementType,
            rows: 0,
            offsets: new Uint32Array(1),
            bytes: new Uint8Array(0),
            validity: undefined,
          }
        : {
            kind: 'fixed' as const,
            dataType: elementType,
            rows: 0,
            values: newFixedArray(elementType, 0),
            validity: undefined,
          };
    return { kind: 'array', dataType, rows, offsets, elements, validity };
  }
  if (dataType === DataType.FloatVector) {
    const values = new Float32Array(rows * field.dim);
    return { kind: 'vector', dataType, rows, dim: field.dim, stride: field.dim, values, validity };
  }
  const values = newFixedArray(dataType, rows);
  if (value !== undefined) {
    if (values instanceof BigInt64Array) values.fill(BigInt(value));
    else values.fill(Number(value));
  }
  return { kind: 'fixed', dataType, rows, values, validity };
}

export function emptyColumn(field: FieldSchema): Column {
  return constantColumn(field, undefined, 0);
}
