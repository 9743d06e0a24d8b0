import type { BytesColumn, Column, FixedColumn } from '../domain/columns.ts';
import { assert } from '../domain/errors.ts';

/** The int64 values as pairs (low, high) of 32-bit words. */
export function wordsOf(values: BigInt64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** A key column made ready for comparisons without BigInts. */
export interface KeyReader {
  readonly column: FixedColumn | BytesColumn;
  /** Low and high words of an Int64 column; empty for VarChar. */
  readonly words: Int32Array;
}

const NO_WORDS = new Int32Array(0);

export function keyReader(keys: Column): KeyReader {
  if (keys.kind === 'bytes') return { column: keys, words: NO_WORDS };
  assert(keys.kind === 'fixed' && keys.values instanceof BigInt64Array, 'a key column is Int64 or VarChar');
  return { column: keys, words: wordsOf(keys.values) };
}

/** Negative, 0 or positive as key `a[i]` is before, equal to or after `b[j]`: by number, or by UTF-8 bytes. */
export function compareKeys(a: KeyReader, i: number, b: KeyReader, j: number): number {
  if (a.column.kind === 'bytes') return compareBytes(a.column, i, b.column as BytesColumn, j);
  const high = a.words[2 * i + 1]! - b.words[2 * j + 1]!;
  return high !== 0 ? high : (a.words[2 * i]! >>> 0) - (b.words[2 * j]! >>> 0);
}

function compareBytes(a: BytesColumn, i: number, b: BytesColumn, j: number): number {
  const aStart = a.offsets[i]!;
  const bStart = b.offsets[j]!;
  const aLength = a.offsets[i + 1]! - aStart;
  const bLength = b.offsets[j + 1]! - bStart;
  const length = Math.min(aLength, bLength);
  for (let k = 0; k < length; k++) {
    const difference = a.bytes[aStart + k]! - b.bytes[bStart + k]!;
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}
