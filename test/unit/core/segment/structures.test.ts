import { describe, expect, test } from 'vitest';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import {
  andNot,
  bitsetBytes,
  fillPrefix,
  popCount,
  rowsOf,
  setBit,
  testBit,
} from '../../../../src/core/segment/bitset.ts';
import { KeyTable } from '../../../../src/core/segment/keyTable.ts';
import { Marks } from '../../../../src/core/segment/marks.ts';
import { RowTimestamps } from '../../../../src/core/segment/rowTimestamps.ts';
import { columnOfValues } from '../../../model/columnValues.ts';
import { field } from '../streaming/fields.ts';
import { RandomRows } from './randomRows.ts';

describe('bitsets', () => {
  test('agree with sets of numbers', () => {
    const random = new RandomRows(1);
    for (let round = 0; round < 200; round++) {
      const rows = random.int(70);
      const members = (): Set<number> =>
        new Set(Array.from({ length: random.int(40) }, () => random.int(rows)));
      const bitsOf = (set: ReadonlySet<number>): Uint8Array => {
        const bits = new Uint8Array(bitsetBytes(rows));
        for (const row of set) setBit(bits, row);
        return bits;
      };
      const found = (bits: Uint8Array): number[] => [...rowsOf(bits, popCount(bits))];
      const sorted = (set: Iterable<number>): number[] => [...set].sort((a, b) => a - b);
      const a = rows === 0 ? new Set<number>() : members();
      const b = rows === 0 ? new Set<number>() : members();
      expect(found(bitsOf(a))).toEqual(sorted(a));
      for (let row = 0; row < rows; row++) expect(testBit(bitsOf(a), row)).toBe(a.has(row));
      const without = bitsOf(a);
      andNot(without, bitsOf(b).subarray(0, random.int(bitsetBytes(rows) + 1)));
      const left = found(without);
      expect(left.every((row) => a.has(row))).toBe(true);
      andNot(without, bitsOf(b));
      expect(found(without)).toEqual(sorted(a).filter((row) => !b.has(row)));
      const prefix = new Uint8Array(bitsetBytes(rows)).fill(0xaa);
      fillPrefix(prefix, rows);
      expect(found(prefix)).toEqual(Array.from({ length: rows }, (_, row) => row));
    }
  });
});

describe.each(['int64', 'bytes'] as const)('key table of %s keys', (kind) => {
  const keyField =
    kind === 'int64' ? field('id', DataType.Int64) : field('id', DataType.VarChar, { maxLength: 3_000 });

  test('agrees with a Map over many duplicates, growth and odd keys', () => {
    const random = new RandomRows(2);
    const table = new KeyTable(kind);
    const model = new Map<bigint | string, number>();
    const odd =
      kind === 'int64'
        ? [0n, -1n, 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n, -(2n ** 32n)]
        : ['', 'a', 'ä', 'x'.repeat(2_500), '\0', 'a\0'];
    const keyOf = (): bigint | string => {
      if (random.int(10) === 0) return odd[random.int(odd.length)]!;
      const number = random.int(3_000);
      return kind === 'int64' ? BigInt(number) << BigInt(random.int(2) * 32) : `key-${number}`;
    };
    for (let row = 0; row < 20_000; ) {
      const keys = Array.from({ length: 1 + random.int(50) }, keyOf);
      const column = columnOfValues(keyField, keys);
      keys.forEach((key, i) => {
        expect(table.put(column, i)).toBe(model.get(key) ?? -1);
        model.set(key, row++);
      });
      expect(table.rows).toBe(row);
      const asked = Array.from({ length: 20 }, keyOf);
      const askedColumn = columnOfValues(keyField, asked);
      expect(asked.map((_, i) => table.find(askedColumn, i))).toEqual(
        asked.map((key) => model.get(key) ?? -1),
      );
    }
    if (kind === 'int64') expect(table.bytesUsed / table.rows).toBeLessThan(32);
  });
});

describe('insert timestamps', () => {
  test('agree with one timestamp a row', () => {
    const random = new RandomRows(3);
    for (let round = 0; round < 30; round++) {
      const timestamps = new RowTimestamps();
      const model: bigint[] = [];
      let now = 2n ** 62n;
      for (let write = 0; write < random.int(40); write++) {
        now += BigInt(random.int(3));
        const rows = 1 + random.int(20);
        timestamps.push(now, rows);
        for (let i = 0; i < rows; i++) model.push(now);
      }
      const again = new RowTimestamps();
      const column = timestamps.toColumn();
      const half = random.int(column.length + 1);
      again.pushColumn(column.slice(0, half), half);
      again.pushColumn(column.slice(half), column.length - half);
      for (const each of [timestamps, again]) {
        expect(each.rows).toBe(model.length);
        expect(each.first).toBe(model[0] ?? 0n);
        expect(each.last).toBe(model.at(-1) ?? 0n);
        expect(model.map((_, row) => each.of(row))).toEqual(model);
        for (let at = 2n ** 62n - 1n; at <= now + 1n; at++)
          expect(each.rowsUpTo(at)).toBe(model.filter((timestamp) => timestamp <= at).length);
      }
      expect([...column]).toEqual(model);
    }
  });
});

describe('delete marks', () => {
  test('agree with a list; bitmaps that were handed out never change; deltas and files bring them over', () => {
    const random = new RandomRows(4);
    for (let round = 0; round < 40; round++) {
      const marks = new Marks();
      const copy = new Marks();
      const model: { row: number; timestamp: bigint }[] = [];
      const handedOut: { bits: Uint8Array; content: string }[] = [];
      let now = 100n;
      for (let i = 0; i < 60; i++) {
        now += BigInt(random.int(2));
        const row = random.int(random.int(5) === 0 ? 5_000 : 90);
        const isNew = !model.some((mark) => mark.row === row);
        expect(marks.add(row, now)).toBe(isNew);
        if (isNew) model.push({ row, timestamp: now });
        const at = 98n + BigInt(random.int(Number(now) - 95));
        const count = model.filter(({ timestamp }) => timestamp <= at).length;
        expect(marks.countUpTo(at)).toBe(count);
        const bits = marks.bitmap(count);
        const rows = bits === undefined ? [] : [...rowsOf(bits, popCount(bits))];
        const expected = model.slice(0, count).map((mark) => mark.row);
        expect(rows).toEqual(expected.sort((a, b) => a - b));
        if (bits !== undefined) handedOut.push({ bits, content: bits.join() });
        if (random.int(4) === 0) copy.apply(marks.delta(random.int(copy.count + 1)));
      }
      for (const { bits, content } of handedOut) expect(bits.join()).toBe(content);
      copy.apply(marks.delta(copy.count));
      const decoded = Marks.decode(marks.encode(marks.count));
      const shifted = Buffer.concat([Buffer.alloc(3), marks.encode(marks.count)]).subarray(3);
      for (const other of [copy, decoded, Marks.decode(shifted)]) {
        expect(other.count).toBe(model.length);
        expect(other.last).toBe(model.at(-1)!.timestamp);
        expect([...other.delta(0).rows]).toEqual(model.map(({ row }) => row));
        expect([...other.delta(0).timestamps]).toEqual(model.map(({ timestamp }) => timestamp));
      }
      expect(marks.has(4_999)).toBe(model.some(({ row }) => row === 4_999));
    }
  });

  test('a gap is a Conflict, a file that is too short is Corrupt', () => {
    const marks = new Marks();
    marks.add(1, 5n);
    expect(() =>
      new Marks().apply({ from: 1, rows: new Uint32Array(1), timestamps: new BigUint64Array(1) }),
    ).toThrow(expect.objectContaining({ kind: 'Conflict' }));
    const bytes = marks.encode(1);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => Marks.decode(bytes.slice(0, length))).toThrow(
        expect.objectContaining({ kind: 'Corrupt' }),
      );
    }
  });
});
