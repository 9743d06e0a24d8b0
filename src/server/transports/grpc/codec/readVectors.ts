import type { VectorColumn } from '../../../../core/domain/columns.ts';
import { DataType } from '../../../../core/domain/dataTypes.ts';
import { invalid } from '../../../../core/domain/errors.ts';
import { LIMITS } from '../../../../core/domain/limits.ts';
import { placed, placementOf } from './nulls.ts';
import { readNumbers } from './readNumbers.ts';
import { ARRAY_DATA, VECTOR_FIELD } from './slots.ts';
import {
  emptySpan,
  FIXED32,
  gatherField,
  LENGTH_DELIMITED,
  type Span,
  VARINT,
  type WireCursor,
} from './wireCursor.ts';

/**
 * A column of the floats of a VectorField: a view on the message where it is aligned. `schemaDim` is that of the field, 0
 * when it is not known. Errors: Invalid (another kind of vector, another dim, a length that is no multiple of it).
 */
export function readVectorColumn(
  vectors: Span,
  validData: Span,
  schemaDim: number,
  cursor: WireCursor,
): VectorColumn {
  const list = emptySpan();
  gatherField(vectors, VECTOR_FIELD.floatVector, LENGTH_DELIMITED, cursor, list);
  const packed = emptySpan();
  gatherField(list, ARRAY_DATA, FIXED32, cursor, packed);
  const sent = readNumbers(packed, DataType.Float, cursor.what) as Float32Array;
  const dim = dimOf(vectors, sent.length, schemaDim, cursor);
  if (sent.length % dim !== 0) {
    throw invalid(
      `the length (${sent.length}) of float data of ${cursor.what} should divide the dim (${dim})`,
    );
  }
  const placement = placementOf(validData, sent.length / dim, cursor.what);
  const { rows, validity } = placement;
  const values = placed(sent, dim, placement, cursor.what);
  return { kind: 'vector', dataType: DataType.FloatVector, rows, dim, stride: dim, values, validity };
}

function dimOf(vectors: Span, length: number, schemaDim: number, cursor: WireCursor): number {
  let dim = 0;
  cursor.over(vectors);
  while (cursor.next()) {
    if (cursor.field === VECTOR_FIELD.dim && cursor.wireType === VARINT) {
      dim = cursor.number();
    } else if (cursor.field !== VECTOR_FIELD.floatVector && cursor.field !== VECTOR_FIELD.validData) {
      throw invalid(`${cursor.what} holds vectors of another type than FloatVector`);
    }
  }
  if (schemaDim !== 0) {
    if (length === 0 || dim === schemaDim) return schemaDim;
    throw invalid(`the dim (${dim}) of ${cursor.what} is not equal to schema dim (${schemaDim})`);
  }
  if (dim < 1 || dim > LIMITS.dimMax) throw invalid(`the dim (${dim}) of ${cursor.what} is out of range`);
  return dim;
}
