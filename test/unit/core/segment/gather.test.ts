import { expect, test } from 'vitest';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { ScalarValue } from '../../../../src/core/domain/schema.ts';
import { constantColumn, emptyColumn } from '../../../../src/core/segment/constantColumn.ts';
import { gatherColumn } from '../../../../src/core/segment/gather.ts';
import { valuesOf } from '../../../model/columnValues.ts';
import { field } from '../streaming/fields.ts';
import { everyField, RandomRows } from './randomRows.ts';

test('picked rows of several columns of every type are those rows', () => {
  const random = new RandomRows(1);
  for (const of of everyField(60)) {
    for (const sourceCount of [1, 3]) {
      const sources = Array.from({ length: sourceCount }, () => random.column(of, 20));
      const values = sources.map(valuesOf);
      for (const count of [0, 1, 50]) {
        const rows = Uint32Array.from({ length: count }, () => random.int(20));
        const from = Uint32Array.from({ length: count }, () => random.int(sourceCount));
        const picked = gatherColumn(sources, { sources: sourceCount === 1 ? undefined : from, rows });
        expect(picked.rows).toBe(count);
        expect(valuesOf(picked)).toEqual(Array.from(rows, (row, i) => values[from[i]!]![row]));
      }
    }
  }
});

test('a constant column holds its value in every row, or is null', () => {
  const constants: [Parameters<typeof field>[1], ScalarValue, unknown][] = [
    [DataType.Bool, true, 1],
    [DataType.Int8, -5, -5],
    [DataType.Int16, 300, 300],
    [DataType.Int32, -70_000, -70_000],
    [DataType.Int64, -(2n ** 62n), -(2n ** 62n)],
    [DataType.Float, 0.5, 0.5],
    [DataType.Double, 0.1, 0.1],
    [DataType.VarChar, 'grün', 'grün'],
    [DataType.JSON, '{"a":1}', '{"a":1}'],
  ];
  for (const [dataType, value, expected] of constants)
    expect(valuesOf(constantColumn(field('x', dataType), value, 9))).toEqual(Array(9).fill(expected));
  for (const of of everyField()) {
    expect(valuesOf(constantColumn(of, undefined, 17))).toEqual(Array(17).fill(null));
    expect(valuesOf(emptyColumn(of))).toEqual([]);
  }
});
