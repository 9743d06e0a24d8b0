import { describe, expect, it } from 'vitest';
import { autoKeys } from '../../../../src/core/access/autoKeys.ts';
import { hashKeys, murmur3 } from '../../../../src/core/access/keyHash.ts';
import { KeyTable } from '../../../../src/core/access/keyTable.ts';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { compareKeys, keyReader } from '../../../../src/core/segment/keyOrder.ts';
import { scalarColumn, valuesOf } from '../../../model/columnValues.ts';
import { intKey, textKey } from './fixture.ts';

const encoder = new TextEncoder();

function hashText(text: string, seed: number): number {
  const bytes = encoder.encode(text);
  return murmur3(bytes, 0, bytes.length, seed);
}

describe('routing hash', () => {
  it('is MurmurHash3 x86 32', () => {
    expect(hashText('', 0)).toBe(0);
    expect(hashText('', 1)).toBe(0x514e28b7);
    expect(hashText('hello', 0)).toBe(0x248bfa47);
    expect(hashText('hello, world', 0)).toBe(0x149bbb7f);
    expect(hashText('The quick brown fox jumps over the lazy dog', 0)).toBe(0x2e4ff723);
  });

  it('hashes an int64 as its eight little-endian bytes', () => {
    const numbers = [0n, 1n, -1n, 2n ** 62n, -(2n ** 63n), 450_000_000_000_000_001n];
    const hashes = hashKeys(scalarColumn(DataType.Int64, numbers), 42);
    const bytes = new Uint8Array(BigInt64Array.from(numbers).buffer);
    expect([...hashes]).toEqual(numbers.map((_, i) => murmur3(bytes, 8 * i, 8 * i + 8, 42)));
  });

  it('spreads consecutive keys evenly', () => {
    const keys = scalarColumn(
      DataType.Int64,
      Array.from({ length: 40_000 }, (_, i) => BigInt(i)),
    );
    const counts = new Array<number>(4).fill(0);
    for (const hash of hashKeys(keys, 1)) counts[hash % 4]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});

describe('key order and table', () => {
  it('orders int64 by value and text by bytes', () => {
    const numbers = [
      -(2n ** 63n),
      -(2n ** 32n),
      -1n,
      0n,
      1n,
      2n ** 31n,
      2n ** 32n - 1n,
      2n ** 32n,
      2n ** 63n - 1n,
    ];
    const texts = ['', 'a', 'aa', 'b', 'é', '\uffff', '😀'];
    for (const column of [scalarColumn(DataType.Int64, numbers), scalarColumn(DataType.VarChar, texts)]) {
      const reader = keyReader(column);
      for (let i = 0; i < column.rows; i++) {
        for (let j = 0; j < column.rows; j++) {
          expect(Math.sign(compareKeys(reader, i, reader, j))).toBe(Math.sign(i - j));
        }
      }
    }
  });

  it('numbers distinct keys of several columns', () => {
    const columns = [
      scalarColumn(DataType.VarChar, ['a', 'b', 'a']),
      scalarColumn(DataType.VarChar, ['c', 'b']),
    ];
    const readers = columns.map(keyReader);
    const table = new KeyTable(readers, 5);
    const numbers = columns.map((column, source) =>
      Array.from(hashKeys(column, 0), (hash, row) => table.add(source, row, hash)),
    );
    expect(numbers).toEqual([
      [0, 1, 0],
      [2, 1],
    ]);
    expect([table.size, table.sourceOf(2), table.rowOf(2)]).toEqual([3, 1, 0]);
    const other = scalarColumn(DataType.VarChar, ['b', 'zz']);
    const found = Array.from(hashKeys(other, 0), (hash, row) => table.find(keyReader(other), row, hash));
    expect(found).toEqual([1, -1]);
  });
});

describe('generated keys', () => {
  it.each([0n, 98n, 2n ** 32n - 3n, 450_000_000_000_000_000n - 2n, 999_999_999_999_999_998n])(
    'count up from %s',
    (first) => {
      const numbers = Array.from({ length: 5 }, (_, i) => first + BigInt(i));
      expect(valuesOf(autoKeys(intKey(), first, 5))).toEqual(numbers);
      expect(valuesOf(autoKeys(textKey(), first, 5))).toEqual(numbers.map(String));
    },
  );
});
