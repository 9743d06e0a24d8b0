import type { ArrayColumn, Column, ScalarColumn, VectorColumn } from '../../../../core/domain/columns.ts';
import { isValid } from '../../../../core/domain/columns.ts';
import type { DataType } from '../../../../core/domain/dataTypes.ts';
import type { FieldSchema } from '../../../../core/domain/schema.ts';
import { ARRAY_ARRAY, ARRAY_DATA, FIELD_DATA, slotOf, VECTOR_FIELD } from './slots.ts';
import { VARINT } from './wireCursor.ts';
import { delimitedSize, varintSize, WireWriter } from './wireWriter.ts';
import { listSize, rawBytes, writeList } from './writeLists.ts';

/** What the message says of the field beside its values. */
export type FieldHead = Pick<FieldSchema, 'name' | 'fieldId' | 'dataType' | 'isDynamic'>;

const TRUE = 1;

/**
 * A FieldData message of a result. Scalars have all rows, a null row its placeholder; vectors come without their null
 * rows; both with `valid_data` when a row is null. Every part is measured first and written once.
 */
export function encodeFieldData(field: FieldHead, column: Column): Uint8Array {
  const nameSize = Buffer.byteLength(field.name);
  const bodySize = column.kind === 'vector' ? vectorsSize(column) : scalarsSize(column);
  const validSize = column.validity === undefined ? 0 : column.rows;
  let size = 1 + varintSize(field.dataType) + delimitedSize(nameSize) + delimitedSize(bodySize);
  size += 1 + varintSize(field.fieldId) + (field.isDynamic ? 2 : 0);
  if (validSize > 0) size += delimitedSize(validSize);

  const writer = new WireWriter(size);
  writer.tag(FIELD_DATA.type, VARINT);
  writer.varint(field.dataType);
  writer.delimited(FIELD_DATA.fieldName, nameSize);
  writer.text(field.name, nameSize);
  writer.delimited(column.kind === 'vector' ? FIELD_DATA.vectors : FIELD_DATA.scalars, bodySize);
  if (column.kind === 'vector') writeVectors(writer, column);
  else writeScalars(writer, column);
  writer.tag(FIELD_DATA.fieldId, VARINT);
  writer.varint(field.fieldId);
  if (field.isDynamic) {
    writer.tag(FIELD_DATA.isDynamic, VARINT);
    writer.byte(TRUE);
  }
  if (validSize > 0) {
    writer.delimited(FIELD_DATA.validData, validSize);
    for (let row = 0; row < column.rows; row++) writer.byte(isValid(column.validity, row) ? TRUE : 0);
  }
  return writer.finish();
}

/** A ScalarField with one list. */
function scalarsSize(column: ScalarColumn): number {
  return delimitedSize(column.kind === 'array' ? arraysSize(column) : listSize(column, 0, column.rows));
}

function writeScalars(writer: WireWriter, column: ScalarColumn): void {
  const slot = slotOf(column.dataType, 'column');
  if (column.kind === 'array') {
    writer.delimited(slot, arraysSize(column));
    writeArrays(writer, column);
  } else {
    writer.delimited(slot, listSize(column, 0, column.rows));
    writeList(writer, column, 0, column.rows);
  }
}

/** An ArrayArray: a ScalarField a row, an empty one where the row is null. */
function arraysSize(column: ArrayColumn): number {
  let size = 1 + varintSize(column.elements.dataType);
  for (let row = 0; row < column.rows; row++) size += delimitedSize(rowSize(column, row));
  return size;
}

function rowSize({ validity, elements, offsets }: ArrayColumn, row: number): number {
  if (!isValid(validity, row)) return 0;
  return delimitedSize(listSize(elements, offsets[row]!, offsets[row + 1]!));
}

function writeArrays(writer: WireWriter, column: ArrayColumn): void {
  const { elements, offsets, rows, validity } = column;
  const elementType: DataType = elements.dataType;
  const slot = slotOf(elementType, 'elements');
  for (let row = 0; row < rows; row++) {
    writer.delimited(ARRAY_ARRAY.data, rowSize(column, row));
    if (!isValid(validity, row)) continue;
    const from = offsets[row]!;
    const to = offsets[row + 1]!;
    writer.delimited(slot, listSize(elements, from, to));
    writeList(writer, elements, from, to);
  }
  writer.tag(ARRAY_ARRAY.elementType, VARINT);
  writer.varint(elementType);
}

/** A VectorField with a FloatArray. */
function vectorsSize(column: VectorColumn): number {
  return 1 + varintSize(column.dim) + delimitedSize(delimitedSize(floatsSize(column)));
}

function floatsSize({ rows, dim, validity, values }: VectorColumn): number {
  let valid = rows;
  if (validity !== undefined) for (let row = 0; row < rows; row++) if (!isValid(validity, row)) valid--;
  return valid * dim * values.BYTES_PER_ELEMENT;
}

function writeVectors(writer: WireWriter, column: VectorColumn): void {
  const { rows, dim, stride, validity, values } = column;
  writer.tag(VECTOR_FIELD.dim, VARINT);
  writer.varint(dim);
  const size = floatsSize(column);
  writer.delimited(VECTOR_FIELD.floatVector, delimitedSize(size));
  writer.delimited(ARRAY_DATA, size);
  const bytes = rawBytes(values);
  if (stride === dim && validity === undefined) {
    writer.copy(bytes, 0, size);
    return;
  }
  const width = values.BYTES_PER_ELEMENT;
  for (let row = 0; row < rows; row++) {
    if (isValid(validity, row)) writer.copy(bytes, row * stride * width, (row * stride + dim) * width);
  }
}
