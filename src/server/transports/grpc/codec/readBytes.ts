import type { BytesColumn } from '../../../../core/domain/columns.ts';
import { isValid } from '../../../../core/domain/columns.ts';
import type { DataType } from '../../../../core/domain/dataTypes.ts';
import { placementOf } from './nulls.ts';
import { copyBytes, LENGTH_DELIMITED, malformed, type Span, type WireCursor } from './wireCursor.ts';

/** Field 1 of StringArray, JSONArray, BytesArray. */
const DATA = 1;

/** Whether the cursor stands on a text; other fields are none of ours. */
function isText(cursor: WireCursor): boolean {
  if (cursor.field !== DATA) return false;
  if (cursor.wireType === LENGTH_DELIMITED) return true;
  throw malformed(cursor.what, `field ${DATA} has wire type ${cursor.wireType}`);
}

/** How many texts there are, and their bytes taken together. */
export interface TextTotals {
  count: number;
  bytes: number;
}

/** Adds up the texts of a StringArray or JSONArray. */
export function addTexts(list: Span, cursor: WireCursor, totals: TextTotals): void {
  cursor.over(list);
  while (cursor.next()) {
    if (!isText(cursor)) continue;
    totals.count++;
    totals.bytes += cursor.stop - cursor.start;
  }
}

/** Appends the texts of a list behind those that `offsets` and `bytes` hold up to `row`; returns the row behind. */
export function readTexts(
  list: Span,
  offsets: Uint32Array,
  bytes: Uint8Array,
  row: number,
  cursor: WireCursor,
): number {
  cursor.over(list);
  while (cursor.next()) {
    if (!isText(cursor)) continue;
    const at = offsets[row]!;
    copyBytes(list.bytes, cursor.start, cursor.stop, bytes, at);
    offsets[++row] = at + cursor.stop - cursor.start;
  }
  return row;
}

/** A VarChar or JSON column of the list `list`. */
export function readBytesColumn(
  list: Span,
  validData: Span,
  dataType: DataType,
  cursor: WireCursor,
): BytesColumn {
  const totals = { count: 0, bytes: 0 };
  addTexts(list, cursor, totals);
  const placement = placementOf(validData, totals.count, cursor.what);
  const { rows, validity, isCompact } = placement;
  const offsets = new Uint32Array(rows + 1);
  const bytes = new Uint8Array(totals.bytes);
  if (validity === undefined) {
    readTexts(list, offsets, bytes, 0, cursor);
    return { kind: 'bytes', dataType, rows, offsets, bytes, validity };
  }
  cursor.over(list);
  for (let row = 0; row < rows; row++) {
    const at = offsets[row]!;
    offsets[row + 1] = at;
    const valid = isValid(validity, row);
    if (!valid && isCompact) continue;
    while (cursor.next() && !isText(cursor));
    if (!valid) continue;
    copyBytes(list.bytes, cursor.start, cursor.stop, bytes, at);
    offsets[row + 1] = at + cursor.stop - cursor.start;
  }
  return { kind: 'bytes', dataType, rows, offsets, bytes, validity };
}
