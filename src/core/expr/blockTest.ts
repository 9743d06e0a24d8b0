import type { ArrayColumn, BytesColumn, Column, FixedColumn } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';
import type { Scratch } from './scratch.ts';

/** The columns of one chunk of rows; a column may be longer than the rows that are evaluated. */
export interface ColumnSource {
  column(fieldId: number): Column;
}

/** Rows evaluated at a time: 32 KiB of doubles stay in the first-level cache. A multiple of 8. */
export const BLOCK_ROWS = 4_096;
export const BLOCK_BYTES = BLOCK_ROWS >> 3;

/**
 * Writes one bit a row for rows [from, from + count) to `bits` from its first bit on (ceil(count / 8) bytes). `from` is a
 * multiple of 8, count ≤ BLOCK_ROWS. Only rows in `mask` (undefined = all) need an answer; other bits and those behind
 * the last row may be anything.
 */
export type BlockTest = (from: number, count: number, bits: Uint8Array, mask: Uint8Array | undefined) => void;

/** What a test is bound to: one chunk, and memory that lasts for the evaluation. */
export interface Binding {
  readonly source: ColumnSource;
  readonly scratch: Scratch;
}

export function fixedColumn(source: ColumnSource, fieldId: number): FixedColumn {
  const column = source.column(fieldId);
  assert(
    column.kind === 'fixed',
    `field ${fieldId} of the filter has a ${column.kind} column, not a fixed one`,
  );
  return column;
}

export function bytesColumn(source: ColumnSource, fieldId: number): BytesColumn {
  const column = source.column(fieldId);
  assert(
    column.kind === 'bytes',
    `field ${fieldId} of the filter has a ${column.kind} column, not a bytes one`,
  );
  return column;
}

export function arrayColumn(source: ColumnSource, fieldId: number): ArrayColumn {
  const column = source.column(fieldId);
  assert(
    column.kind === 'array',
    `field ${fieldId} of the filter has a ${column.kind} column, not an array one`,
  );
  return column;
}

/** A test that looks at one row at a time, for columns where a row is expensive. */
export function rowByRow(matches: (row: number) => boolean): BlockTest {
  return (from, count, bits, mask) => {
    for (let i = 0; i < count; i += 8) {
      const wanted = mask === undefined ? 255 : mask[i >> 3]!;
      const rows = Math.min(8, count - i);
      let byte = 0;
      if (wanted !== 0) {
        for (let k = 0; k < rows; k++) {
          if (((wanted >> k) & 1) === 1 && matches(from + i + k)) byte |= 1 << k;
        }
      }
      bits[i >> 3] = byte;
    }
  };
}

/** What remains to be done to the bits of a match, in this order. */
export interface Finish {
  /** Takes the rows that do not match instead. */
  readonly flip?: boolean;
  /** Rows without this array element do not match. */
  readonly elements?: readonly { readonly offsets: Uint32Array; readonly index: number }[];
  /** The test's own negation … */
  readonly negated: boolean;
  /** … after which rows with a null in one of these are unknown, so not true. */
  readonly validities: readonly (Uint8Array | undefined)[];
}

/** `test` followed by `finish`. */
export function finished(test: BlockTest, finish: Finish): BlockTest {
  const { flip = false, elements = [], negated } = finish;
  const validities = finish.validities.filter((validity) => validity !== undefined);
  const plain = !flip && elements.length === 0 && !negated && validities.length === 0;
  if (plain) return test;
  return (from, count, bits, mask) => {
    test(from, count, bits, mask);
    const bytes = (count + 7) >> 3;
    const invertFirst = elements.length === 0 ? flip !== negated : flip;
    if (invertFirst) invert(bits, bytes);
    if (elements.length > 0) {
      for (const { offsets, index } of elements) keepPresent(offsets, index, from, count, bits);
      if (negated) invert(bits, bytes);
    }
    for (const validity of validities) keepValid(validity, from >> 3, bytes, bits);
  };
}

function invert(bits: Uint8Array, bytes: number): void {
  for (let i = 0; i < bytes; i++) bits[i] = ~bits[i]!;
}

function keepPresent(
  offsets: Uint32Array,
  index: number,
  from: number,
  count: number,
  bits: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    if (offsets[from + i + 1]! - offsets[from + i]! <= index) bits[i >> 3] = bits[i >> 3]! & ~(1 << (i & 7));
  }
}

function keepValid(validity: Uint8Array, firstByte: number, bytes: number, bits: Uint8Array): void {
  for (let i = 0; i < bytes; i++) bits[i] = bits[i]! & validity[firstByte + i]!;
}

/** Rows whose value is null. */
export function nullTest(validity: Uint8Array | undefined, negated: boolean): BlockTest {
  const nulls: BlockTest = (from, count, bits) => {
    const bytes = (count + 7) >> 3;
    if (validity === undefined) bits.fill(0, 0, bytes);
    else for (let i = 0; i < bytes; i++) bits[i] = ~validity[(from >> 3) + i]!;
  };
  return finished(nulls, { negated, validities: [] });
}
