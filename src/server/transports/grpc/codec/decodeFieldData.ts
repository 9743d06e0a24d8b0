import type { IncomingField } from '../../../../core/access/requests.ts';
import type { Column } from '../../../../core/domain/columns.ts';
import { DataType } from '../../../../core/domain/dataTypes.ts';
import type { FieldSchema } from '../../../../core/domain/schema.ts';
import { readArrayColumn } from './readArrays.ts';
import { readBytesColumn } from './readBytes.ts';
import { gatherSlot, readFixedColumn } from './readScalars.ts';
import { readVectorColumn } from './readVectors.ts';
import { FIELD_DATA, SCALAR_FIELD, VECTOR_FIELD } from './slots.ts';
import {
  emptySpan,
  gatherField,
  LENGTH_DELIMITED,
  type Span,
  spanOf,
  VARINT,
  WireCursor,
} from './wireCursor.ts';

/** What a decoder must know of a field; of a field that is not known, what its message says is taken. */
type Shape = Pick<FieldSchema, 'dataType' | 'elementType' | 'dim'>;

/** One FieldData message whose values are decoded when asked for. */
export interface WireField extends IncomingField {
  /** 0 = the client did not say. */
  readonly fieldId: number;
}

export interface DecodedField {
  readonly fieldName: string;
  readonly fieldId: number;
  /** The wire's number. */
  readonly type: number;
  readonly isDynamic: boolean;
  readonly rows: number;
  readonly column: Column;
}

const decoder = new TextDecoder();

/** The head of a FieldData message; the column is decoded by its `decode`. Errors: Invalid. */
export function incomingField(fieldData: Uint8Array): WireField {
  const source = spanOf(fieldData);
  let name = '';
  let dataType = 0;
  let fieldId = 0;
  let isDynamic = false;
  const cursor = new WireCursor('field data').over(source);
  while (cursor.next()) {
    const { field, wireType } = cursor;
    if (field === FIELD_DATA.fieldName && wireType === LENGTH_DELIMITED) {
      name = decoder.decode(fieldData.subarray(cursor.start, cursor.stop));
    } else if (wireType === VARINT) {
      if (field === FIELD_DATA.type) dataType = cursor.number();
      else if (field === FIELD_DATA.fieldId) fieldId = cursor.number();
      else if (field === FIELD_DATA.isDynamic) isDynamic = cursor.number() !== 0;
    }
  }
  const decode = (field: FieldSchema): Column => decodeColumn(source, field, new WireCursor(`field ${name}`));
  return { name, dataType, fieldId, isDynamic, decode };
}

/** A whole FieldData message, by what it says of itself. Errors: Invalid, also for a type that is not supported. */
export function decodeFieldData(fieldData: Uint8Array): DecodedField {
  const { name, dataType, fieldId, isDynamic } = incomingField(fieldData);
  const shape = { dataType: dataType as DataType, elementType: undefined, dim: 0 };
  const column = decodeColumn(spanOf(fieldData), shape, new WireCursor(`field ${name}`));
  return { fieldName: name, fieldId, type: dataType, isDynamic, rows: column.rows, column };
}

function decodeColumn(source: Span, shape: Shape, cursor: WireCursor): Column {
  const isVector = shape.dataType === DataType.FloatVector;
  const body = emptySpan();
  gatherField(source, isVector ? FIELD_DATA.vectors : FIELD_DATA.scalars, LENGTH_DELIMITED, cursor, body);
  const validData = emptySpan();
  const inner = isVector ? VECTOR_FIELD.validData : SCALAR_FIELD.validData;
  if (!gatherField(body, inner, VARINT, cursor, validData)) {
    gatherField(source, FIELD_DATA.validData, VARINT, cursor, validData);
  }
  if (isVector) return readVectorColumn(body, validData, shape.dim, cursor);

  const list = emptySpan();
  gatherSlot(body, shape.dataType, cursor, list);
  switch (shape.dataType) {
    case DataType.Array:
      return readArrayColumn(list, validData, shape.elementType, cursor);
    case DataType.VarChar:
    case DataType.JSON:
      return readBytesColumn(list, validData, shape.dataType, cursor);
    default:
      return readFixedColumn(list, validData, shape.dataType, cursor);
  }
}
