import type { FixedColumn } from '../../../../core/domain/columns.ts';
import { type DataType, dataTypeName } from '../../../../core/domain/dataTypes.ts';
import { invalid } from '../../../../core/domain/errors.ts';
import { placed, placementOf } from './nulls.ts';
import { numberWireType, readNumbers } from './readNumbers.ts';
import { ARRAY_DATA, SCALAR_FIELD, slotOf } from './slots.ts';
import { emptySpan, gatherField, LENGTH_DELIMITED, type Span, type WireCursor } from './wireCursor.ts';

/** The list of a ScalarField that carries `dataType`; empty when none is there. Errors: Invalid when another one is. */
export function gatherSlot(scalars: Span, dataType: DataType, cursor: WireCursor, into: Span): void {
  const slot = slotOf(dataType, cursor.what);
  if (gatherField(scalars, slot, LENGTH_DELIMITED, cursor, into)) return;
  cursor.over(scalars);
  while (cursor.next()) {
    if (cursor.field === SCALAR_FIELD.validData) continue;
    throw invalid(`${cursor.what} holds data of another type than ${dataTypeName(dataType)}`);
  }
}

/** A column of the numbers or booleans of a BoolArray, IntArray, … */
export function readFixedColumn(
  list: Span,
  validData: Span,
  dataType: DataType,
  cursor: WireCursor,
): FixedColumn {
  const packed = emptySpan();
  gatherField(list, ARRAY_DATA, numberWireType(dataType), cursor, packed);
  const sent = readNumbers(packed, dataType, cursor.what);
  const placement = placementOf(validData, sent.length, cursor.what);
  const { rows, validity } = placement;
  return { kind: 'fixed', dataType, rows, values: placed(sent, 1, placement, cursor.what), validity };
}
