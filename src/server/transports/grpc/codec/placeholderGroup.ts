import { DataType } from '../../../../core/domain/dataTypes.ts';
import { invalid } from '../../../../core/domain/errors.ts';
import { PlaceholderType } from '../../../../gen/milvus/common.ts';
import { readNumbers } from './readNumbers.ts';
import {
  emptySpan,
  gatherField,
  LENGTH_DELIMITED,
  type Span,
  spanOf,
  VARINT,
  WireCursor,
} from './wireCursor.ts';

/** Field numbers of PlaceholderGroup and PlaceholderValue (common.proto). */
const PLACEHOLDERS = 1;
const VALUE = { type: 2, values: 3, elementLevel: 4 } as const;

const WHAT = 'placeholder_group';

/** What a search looks for: one value a query. */
export interface Placeholders {
  /** The wire's PlaceholderType. */
  readonly type: number;
  readonly count: number;
  readonly elementLevel: boolean;
  /** Value i is bytes[offsets[i] .. offsets[i + 1]). */
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
}

/** The values of a PlaceholderGroup, whatever their type. Errors: Invalid (malformed; not exactly one placeholder). */
export function decodePlaceholderGroup(group: Uint8Array): Placeholders {
  const cursor = new WireCursor(WHAT);
  const placeholder = onlyPlaceholder(spanOf(group), cursor);
  let type = 0;
  let count = 0;
  let elementLevel = false;
  cursor.over(placeholder);
  while (cursor.next()) {
    if (cursor.field === VALUE.values) count++;
    else if (cursor.wireType !== VARINT) continue;
    else if (cursor.field === VALUE.type) type = cursor.number();
    else if (cursor.field === VALUE.elementLevel) elementLevel = cursor.number() !== 0;
  }
  const values = emptySpan();
  gatherField(placeholder, VALUE.values, LENGTH_DELIMITED, cursor, values);
  const bytes = values.bytes.subarray(values.start, values.end);
  return { type, count, elementLevel, offsets: offsetsOf(placeholder, count, cursor), bytes };
}

/**
 * The vectors of a PlaceholderGroup, row-major: a view on it when there is one vector and it is aligned.
 * Errors: Invalid (no vectors, another type than FloatVector, element_level, lengths that differ).
 */
export function decodePlaceholders(group: Uint8Array): { count: number; values: Float32Array } {
  const { type, count, elementLevel, offsets, bytes } = decodePlaceholderGroup(group);
  if (elementLevel) throw invalid('element_level is not supported, there are no arrays of vectors');
  if (count === 0) throw invalid('the search has no vectors');
  if (type !== DataType.FloatVector) {
    throw invalid(`the search is for values of type ${typeName(type)}, which is not supported`);
  }
  const size = offsets[1]!;
  for (let i = 1; i < count; i++) {
    if (offsets[i + 1]! - offsets[i]! !== size) {
      throw invalid(`the vectors of the search differ in length, vector number: ${i}`);
    }
  }
  if (size === 0) throw invalid('the vectors of the search are empty');
  if (size % Float32Array.BYTES_PER_ELEMENT !== 0) {
    throw invalid(`the vectors of the search have ${size} bytes, which is no multiple of 4`);
  }
  return { count, values: readNumbers(spanOf(bytes), DataType.Float, WHAT) as Float32Array };
}

function typeName(type: number): string {
  return Object.entries(PlaceholderType).find(([, number]) => number === type)?.[0] ?? String(type);
}

function onlyPlaceholder(group: Span, cursor: WireCursor): Span {
  let count = 0;
  cursor.over(group);
  while (cursor.next()) if (cursor.field === PLACEHOLDERS) count++;
  if (count !== 1) throw invalid(`${WHAT} has ${count} placeholders, expected 1`);
  const placeholder = emptySpan();
  gatherField(group, PLACEHOLDERS, LENGTH_DELIMITED, cursor, placeholder);
  return placeholder;
}

function offsetsOf(placeholder: Span, count: number, cursor: WireCursor): Uint32Array {
  const offsets = new Uint32Array(count + 1);
  let i = 0;
  cursor.over(placeholder);
  while (cursor.next()) {
    if (cursor.field !== VALUE.values) continue;
    offsets[i + 1] = offsets[i]! + cursor.stop - cursor.start;
    i++;
  }
  return offsets;
}
