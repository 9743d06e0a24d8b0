import { type Column, isValid } from '../../../../../src/core/domain/columns.ts';
import { DataType } from '../../../../../src/core/domain/dataTypes.ts';
import type { FieldSchema } from '../../../../../src/core/domain/schema.ts';

const decoder = new TextDecoder();

export function schemaField(dataType: DataType, more: Partial<FieldSchema> = {}): FieldSchema {
  return {
    fieldId: 101,
    name: 'f',
    description: '',
    dataType,
    isPrimaryKey: false,
    autoId: false,
    isPartitionKey: false,
    isClusteringKey: false,
    isDynamic: false,
    nullable: true,
    defaultValue: undefined,
    elementType: undefined,
    dim: 0,
    maxLength: 0,
    maxCapacity: 0,
    typeParams: [],
    ...more,
  };
}

/** The rows of a column as JS values; null where a row has none, after checking that its slot is empty. */
export function valuesOf(column: Column): unknown[] {
  return Array.from({ length: column.rows }, (_, row) => {
    const value = valueAt(column, row);
    if (isValid(column.validity, row)) return value;
    if (!isEmpty(value)) throw new Error(`null row ${row} holds ${String(value)}`);
    return null;
  });
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((one) => one === 0);
  return value === 0 || value === 0n || value === '';
}

function valueAt(column: Column, row: number): unknown {
  switch (column.kind) {
    case 'fixed':
      return column.values[row];
    case 'bytes':
      return decoder.decode(column.bytes.subarray(column.offsets[row], column.offsets[row + 1]));
    case 'array':
      return valuesOf(column.elements).slice(column.offsets[row], column.offsets[row + 1]);
    case 'vector':
      return Array.from(column.values.subarray(row * column.stride, row * column.stride + column.dim));
  }
}

/** Texts as a column of VarChar or JSON; null = a null row. */
export function textColumn(texts: readonly (string | null)[], dataType: DataType = DataType.VarChar): Column {
  const encoded = texts.map((text) => Buffer.from(text ?? ''));
  const offsets = new Uint32Array(texts.length + 1);
  for (const [i, bytes] of encoded.entries()) offsets[i + 1] = offsets[i]! + bytes.length;
  const bytes = Buffer.concat(encoded);
  return { kind: 'bytes', dataType, rows: texts.length, offsets, bytes, validity: validityOf(texts) };
}

export function validityOf(values: readonly unknown[]): Uint8Array | undefined {
  if (!values.includes(null)) return undefined;
  const validity = new Uint8Array((values.length + 7) >> 3);
  for (const [row, value] of values.entries()) if (value !== null) validity[row >> 3]! |= 1 << (row & 7);
  return validity;
}
