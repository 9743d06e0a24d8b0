import type { Column } from '../../../../core/domain/columns.ts';
import { DataType } from '../../../../core/domain/dataTypes.ts';
import { readBytesColumn } from './readBytes.ts';
import { readFixedColumn } from './readScalars.ts';
import { IDS } from './slots.ts';
import { emptySpan, gatherField, LENGTH_DELIMITED, spanOf, WireCursor } from './wireCursor.ts';

/** The keys of an IDs message: a column of Int64, or of VarChar when it holds texts. Errors: Invalid. */
export function decodeIds(ids: Uint8Array): Column {
  const source = spanOf(ids);
  const cursor = new WireCursor('ids');
  const list = emptySpan();
  if (gatherField(source, IDS.strId, LENGTH_DELIMITED, cursor, list)) {
    return readBytesColumn(list, emptySpan(), DataType.VarChar, cursor);
  }
  gatherField(source, IDS.intId, LENGTH_DELIMITED, cursor, list);
  return readFixedColumn(list, emptySpan(), DataType.Int64, cursor);
}
