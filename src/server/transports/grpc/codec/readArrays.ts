import type { ArrayColumn } from '../../../../core/domain/columns.ts';
import { isValid } from '../../../../core/domain/columns.ts';
import { DataType, dataTypeName, isNumericType } from '../../../../core/domain/dataTypes.ts';
import { invalid } from '../../../../core/domain/errors.ts';
import { type Placement, placementOf } from './nulls.ts';
import { addTexts, readTexts } from './readBytes.ts';
import { countNumbers, newNumbers, numberWireType, readNumbersInto } from './readNumbers.ts';
import { gatherSlot } from './readScalars.ts';
import { ARRAY_ARRAY, ARRAY_DATA } from './slots.ts';
import {
  emptySpan,
  gatherField,
  LENGTH_DELIMITED,
  malformed,
  type Span,
  VARINT,
  WireCursor,
} from './wireCursor.ts';

/**
 * A column of an ArrayArray, one ScalarField a row. The message need not say the type of its elements: then it is that of
 * the schema. The rows are walked over three times, so that nothing grows: count rows, count elements, read elements.
 */
export function readArrayColumn(
  list: Span,
  validData: Span,
  schemaElementType: DataType | undefined,
  cursor: WireCursor,
): ArrayColumn {
  const { rowsSent, elementTypeSent } = headOf(list, cursor);
  const elementType = (elementTypeSent || schemaElementType) as DataType | undefined;
  if (elementType === undefined) throw invalid(`${cursor.what} does not say what its elements are`);
  const placement = placementOf(validData, rowsSent, cursor.what);
  const rows = new RowLists(list, elementType, placement, cursor);
  const { validity } = placement;
  const column = { kind: 'array', dataType: DataType.Array, rows: placement.rows, validity } as const;
  if (elementType === DataType.VarChar) return { ...column, ...textElements(rows, placement.rows, cursor) };
  if (elementType === DataType.Bool || isNumericType(elementType)) {
    return { ...column, ...numberElements(rows, placement.rows, elementType, cursor) };
  }
  throw invalid(`${cursor.what} has elements of type ${dataTypeName(elementType)}, which is not supported`);
}

function headOf(list: Span, cursor: WireCursor): { rowsSent: number; elementTypeSent: number } {
  let rowsSent = 0;
  let elementTypeSent = 0;
  cursor.over(list);
  while (cursor.next()) {
    if (cursor.field === ARRAY_ARRAY.elementType && cursor.wireType === VARINT) {
      elementTypeSent = cursor.number();
    } else if (cursor.field === ARRAY_ARRAY.data) {
      if (cursor.wireType !== LENGTH_DELIMITED) throw malformed(cursor.what, 'a row is no message');
      rowsSent++;
    }
  }
  return { rowsSent, elementTypeSent };
}

/** Goes over the lists of the rows that have a value. */
class RowLists {
  /** The row that `next` found, and its list. */
  row = -1;
  readonly list = emptySpan();
  readonly #source: Span;
  readonly #elementType: DataType;
  readonly #placement: Placement;
  readonly #outer: WireCursor;
  readonly #inner: WireCursor;
  readonly #scalars = emptySpan();

  constructor(source: Span, elementType: DataType, placement: Placement, inner: WireCursor) {
    this.#source = source;
    this.#elementType = elementType;
    this.#placement = placement;
    this.#outer = new WireCursor(inner.what);
    this.#inner = inner;
  }

  restart(): this {
    this.row = -1;
    this.#outer.over(this.#source);
    return this;
  }

  next(): boolean {
    const { rows, validity, isCompact } = this.#placement;
    while (++this.row < rows) {
      const valid = isValid(validity, this.row);
      if (!valid && isCompact) continue;
      while (this.#outer.next() && this.#outer.field !== ARRAY_ARRAY.data);
      if (!valid) continue;
      this.#scalars.bytes = this.#source.bytes;
      this.#scalars.start = this.#outer.start;
      this.#scalars.end = this.#outer.stop;
      gatherSlot(this.#scalars, this.#elementType, this.#inner, this.list);
      return true;
    }
    return false;
  }
}

function textElements(
  rows: RowLists,
  count: number,
  cursor: WireCursor,
): Pick<ArrayColumn, 'offsets' | 'elements'> {
  const offsets = new Uint32Array(count + 1);
  const totals = { count: 0, bytes: 0 };
  for (rows.restart(); rows.next(); ) {
    const before = totals.count;
    addTexts(rows.list, cursor, totals);
    offsets[rows.row + 1] = totals.count - before;
  }
  addUp(offsets);
  const texts = new Uint32Array(offsets[count]! + 1);
  const bytes = new Uint8Array(totals.bytes);
  let text = 0;
  for (rows.restart(); rows.next(); ) text = readTexts(rows.list, texts, bytes, text, cursor);
  const elements = { kind: 'bytes', dataType: DataType.VarChar, rows: text, offsets: texts, bytes } as const;
  return { offsets, elements: { ...elements, validity: undefined } };
}

function numberElements(
  rows: RowLists,
  count: number,
  dataType: DataType,
  cursor: WireCursor,
): Pick<ArrayColumn, 'offsets' | 'elements'> {
  const offsets = new Uint32Array(count + 1);
  const packed = emptySpan();
  const wireType = numberWireType(dataType);
  for (rows.restart(); rows.next(); ) {
    gatherField(rows.list, ARRAY_DATA, wireType, cursor, packed);
    offsets[rows.row + 1] = countNumbers(packed, dataType, cursor.what);
  }
  addUp(offsets);
  const length = offsets[count]!;
  const values = newNumbers(dataType, length);
  for (rows.restart(); rows.next(); ) {
    gatherField(rows.list, ARRAY_DATA, wireType, cursor, packed);
    readNumbersInto(packed, dataType, values, offsets[rows.row]!, cursor.what);
  }
  return { offsets, elements: { kind: 'fixed', dataType, rows: length, values, validity: undefined } };
}

/** Lengths, each behind its row, to offsets. */
function addUp(offsets: Uint32Array): void {
  for (let row = 1; row < offsets.length; row++) offsets[row]! += offsets[row - 1]!;
}
