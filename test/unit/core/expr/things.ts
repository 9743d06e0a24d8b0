import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { Table } from './table.ts';

/** Twenty rows of every type that filters are tried on. */
export const FIELDS = [
  { name: 'id', dataType: DataType.Int64, isPrimaryKey: true },
  { name: 'a', dataType: DataType.Int64, nullable: true },
  { name: 'b', dataType: DataType.Int32 },
  { name: 'f', dataType: DataType.Float },
  { name: 'flag', dataType: DataType.Bool },
  { name: 's', dataType: DataType.VarChar },
  { name: 'arr', dataType: DataType.Array, elementType: DataType.Int64 },
  { name: 'words', dataType: DataType.Array, elementType: DataType.VarChar },
  { name: 'j', dataType: DataType.JSON, nullable: true },
];
const DYNAMIC = { name: '$meta', dataType: DataType.JSON, isDynamic: true };
export const table = new Table(
  [...FIELDS, DYNAMIC],
  Array.from({ length: 20 }, (_, i) => ({
    id: i,
    a: i % 5 === 0 ? null : i,
    b: -i,
    f: i / 4,
    flag: i % 2 === 0,
    s: `x${i}`,
    arr: [i, 2 * i],
    words: ['w', `x${i}`],
    j: i % 7 === 0 ? null : { k: i, list: [i, 'x'] },
    $meta: { key: i },
  })),
);
export const { schema } = table;
