import type {
  ArrayColumn,
  BytesColumn,
  Column,
  FixedArray,
  FixedColumn,
  VectorColumn,
} from '../domain/columns.ts';
import { isValid, newFixedArray } from '../domain/columns.ts';
import { DataType, dataTypeName } from '../domain/dataTypes.ts';
import { invalid } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { JsonScanner } from './jsonScanner.ts';
import { utf8FaultAt } from './utf8.ts';

const scanner = new JsonScanner();

/**
 * Checks the values of a column against its field and returns it in the field's own width.
 * Errors: Invalid, naming field, row, value and limit.
 */
export function checkedValues(field: FieldSchema, column: Column): Column {
  switch (column.kind) {
    case 'fixed':
      return checkedFixed(field, column, field.dataType);
    case 'bytes':
      if (field.dataType === DataType.JSON) checkJson(field, column);
      else checkTexts(field, column);
      return column;
    case 'array':
      return checkedArrays(field, column);
    case 'vector':
      checkVectors(field, column);
      return column;
  }
}

function checkedFixed(field: FieldSchema, column: FixedColumn, dataType: DataType): FixedColumn {
  const { values } = column;
  if (dataType === DataType.Float || dataType === DataType.Double) {
    const at = firstNotFinite(values as Float64Array, column.rows);
    if (at >= 0) throw notFinite(field, at, values[at]!);
  }
  if (dataType === DataType.Int8 || dataType === DataType.Int16) return narrowed(field, column, dataType);
  return column;
}

/** Int8 and Int16 travel as int32. */
function narrowed(field: FieldSchema, column: FixedColumn, dataType: DataType): FixedColumn {
  const values = newFixedArray(dataType, column.rows) as Int16Array;
  if (column.values.constructor === values.constructor) return column;
  const given = column.values as FixedArray & Int32Array;
  for (let row = 0; row < column.rows; row++) {
    values[row] = given[row]!;
    if (values[row] !== given[row]) throw overflow(field, dataType, row, given[row]!);
  }
  return { ...column, dataType, values };
}

function overflow(field: FieldSchema, dataType: DataType, row: number, value: number): Error {
  const half = dataType === DataType.Int8 ? 128 : 32_768;
  const name = dataTypeName(dataType);
  return invalid(
    `the value of field ${field.name} is out of range for ${name}, row number: ${row}, value: ${value}, ` +
      `range: [${-half}, ${half - 1}]`,
  );
}

function firstNotFinite(values: Float32Array | Float64Array, length: number): number {
  if (areFinite(values, length)) return -1;
  for (let i = 0; i < length; i++) if (values[i]! * 0 !== 0) return i;
  return -1;
}

/** 0 times a finite number is 0, else NaN. Four sums, because one would wait for each addition. */
function areFinite(values: Float32Array | Float64Array, length: number): boolean {
  const whole = length & ~3;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < whole; i += 4) {
    a += values[i]! * 0;
    b += values[i + 1]! * 0;
    c += values[i + 2]! * 0;
    d += values[i + 3]! * 0;
  }
  for (let i = whole; i < length; i++) a += values[i]! * 0;
  return a + b + c + d === 0;
}

function notFinite(field: FieldSchema, row: number, value: number | bigint): Error {
  return invalid(`value '${value}' is not a number or infinity, field: ${field.name}, row number: ${row}`);
}

function checkVectors(field: FieldSchema, column: VectorColumn): void {
  const { dim, stride, rows, values } = column;
  if (dim !== field.dim && rows > 0) {
    throw invalid(`the dim (${dim}) of field data(${field.name}) is not equal to schema dim (${field.dim})`);
  }
  const at = firstNotFinite(values, rows * stride);
  if (at >= 0) throw notFinite(field, Math.floor(at / stride), values[at]!);
}

function checkTexts(field: FieldSchema, column: BytesColumn): void {
  const { offsets } = column;
  for (let row = 0; row < column.rows; row++) {
    const length = offsets[row + 1]! - offsets[row]!;
    if (length > field.maxLength) throw tooLong(field, row, length);
  }
  const row = utf8FaultAt(column);
  if (row >= 0) throw invalid(`the text of field ${field.name} is not valid UTF-8, row number: ${row}`);
}

function tooLong(field: FieldSchema, row: number, length: number): Error {
  return invalid(
    `length of varchar field ${field.name} exceeds max length, row number: ${row}, ` +
      `length: ${length}, max length: ${field.maxLength}`,
  );
}

function checkedArrays(field: FieldSchema, column: ArrayColumn): ArrayColumn {
  const { offsets, rows, elements } = column;
  for (let row = 0; row < rows; row++) {
    const length = offsets[row + 1]! - offsets[row]!;
    if (length > field.maxCapacity) {
      throw invalid(
        `the length of array field ${field.name} exceeds max capacity, row number: ${row}, ` +
          `length: ${length}, max capacity: ${field.maxCapacity}`,
      );
    }
  }
  const { elementType } = field;
  if (rows > 0 && elements.rows > 0 && elements.dataType !== elementType) {
    throw invalid(
      `the element type of array field ${field.name} is ${dataTypeName(elements.dataType)}, ` +
        `expected ${dataTypeName(elementType ?? 0)}`,
    );
  }
  if (elements.kind === 'fixed') return { ...column, elements: checkedFixed(field, elements, elementType!) };
  checkTexts(field, elements);
  return column;
}

function checkJson(field: FieldSchema, column: BytesColumn): void {
  const { bytes, offsets } = column;
  for (let row = 0; row < column.rows; row++) {
    if (!isValid(column.validity, row)) continue;
    const length = offsets[row + 1]! - offsets[row]!;
    if (length > LIMITS.jsonBytesMax) {
      throw invalid(
        `the length of JSON field ${field.name} exceeds max length, row number: ${row}, ` +
          `length: ${length}, max length: ${LIMITS.jsonBytesMax}`,
      );
    }
    if (!scanner.scan(bytes, offsets[row]!, offsets[row + 1]!)) {
      throw invalid(`invalid JSON in field ${field.name}, row number: ${row}`);
    }
  }
  const row = utf8FaultAt(column);
  if (row >= 0) throw invalid(`the JSON of field ${field.name} is not valid UTF-8, row number: ${row}`);
}
