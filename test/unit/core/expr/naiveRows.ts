import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { Dice } from './dice.ts';
import { type FieldSpec, Raw } from './table.ts';

/** A value of a document: whole numbers are bigint, others number. */
export type Json = null | boolean | bigint | number | string | Json[] | { [key: string]: Json };

/** What the interpreter sees: ints as bigint, floats as number (float32 already rounded), documents as trees. */
export type NaiveRow = Readonly<Record<string, unknown>>;

const BIG = [
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 62n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  -(2n ** 53n) - 1n,
  1234567890123456789n,
];
export const WORDS = [
  '',
  'a',
  'ab',
  'abc',
  'b',
  'ba',
  'x1',
  'x12',
  'é',
  'aé',
  '%',
  'a_b',
  '"',
  '\\',
  '日本',
  '😀',
  'a\nb',
];

export const SCALARS: readonly FieldSpec[] = [
  { name: 'i8', dataType: DataType.Int8 },
  { name: 'i16', dataType: DataType.Int16 },
  { name: 'i32', dataType: DataType.Int32 },
  { name: 'i64', dataType: DataType.Int64 },
  { name: 'n64', dataType: DataType.Int64 },
  { name: 'f', dataType: DataType.Float },
  { name: 'd', dataType: DataType.Double },
  { name: 'flag', dataType: DataType.Bool },
  { name: 'flag2', dataType: DataType.Bool },
  { name: 's', dataType: DataType.VarChar },
  { name: 's2', dataType: DataType.VarChar },
];
export const ARRAYS: readonly FieldSpec[] = [
  DataType.Int8,
  DataType.Int32,
  DataType.Int64,
  DataType.Float,
  DataType.Double,
  DataType.Bool,
  DataType.VarChar,
].map((elementType) => ({ name: `arr${elementType}`, dataType: DataType.Array, elementType }));

export function randomFields(dice: Dice): FieldSpec[] {
  const json: FieldSpec = { name: 'j', dataType: DataType.JSON };
  const fields = [...SCALARS, ...ARRAYS, json].map((field) => ({ ...field, nullable: dice.chance(0.5) }));
  return [...fields, { name: '$meta', dataType: DataType.JSON, isDynamic: true }];
}

export function randomScalar(dice: Dice, dataType: DataType): unknown {
  switch (dataType) {
    case DataType.Bool:
      return dice.chance(0.5);
    case DataType.Int8:
      return BigInt(dice.below(dice.chance(0.1) ? 256 : 9) - (dice.chance(0.5) ? 4 : 0)) % 128n;
    case DataType.Int16:
    case DataType.Int32:
      return dice.chance(0.1) ? BigInt(dice.pick([32767, -32768, 1000])) : BigInt(dice.below(12) - 4);
    case DataType.Int64:
      return dice.chance(0.15) ? dice.pick(BIG) : BigInt(dice.below(12) - 4);
    case DataType.Float:
      return Math.fround(dice.pick([0, 0.1, 0.5, -1.5, 2, 3, 1e10, dice.next() * 4]));
    case DataType.Double:
      return dice.pick([0, 0.1, 0.5, -1.5, 2, 3, 1e300, dice.next() * 4]);
    default:
      return dice.pick(WORDS);
  }
}

export function randomJson(dice: Dice, depth: number): Json {
  const kind = dice.below(depth > 0 ? 9 : 6);
  if (kind === 0) return dice.chance(0.5) ? null : dice.chance(0.5);
  if (kind <= 2) return randomScalar(dice, DataType.Int64) as bigint;
  if (kind === 3) return dice.pick([0.5, 2.5, -1.25, 1e21, 3.0000000000000004, 1.5e-7]);
  if (kind <= 5) return dice.pick(WORDS);
  if (kind === 6) return dice.list(4, () => randomJson(dice, depth - 1));
  return randomDocument(dice, depth - 1);
}

export const KEYS = ['k', 'k2', 'key', 'a b', 'q"q', 'é', 'back\\slash', 't'];

function randomDocument(dice: Dice, depth: number): Json {
  return Object.fromEntries(dice.list(6, () => [dice.pick(KEYS), randomJson(dice, depth)]));
}

/** The text of a tree, with spaces and escapes here and there. */
export function jsonText(dice: Dice, value: Json): string {
  const space = (): string => (dice.chance(0.15) ? dice.pick([' ', '\n', ' \t']) : '');
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return dice.chance(0.3) ? value.toExponential() : String(value);
  if (typeof value === 'string') return escapedText(dice, value);
  if (Array.isArray(value)) {
    return `[${space()}${value.map((item) => jsonText(dice, item) + space()).join(`,${space()}`)}]`;
  }
  const members = Object.entries(value).map(
    ([key, item]) => `${escapedText(dice, key)}${space()}:${space()}${jsonText(dice, item)}${space()}`,
  );
  return `${space()}{${space()}${members.join(`,${space()}`)}}`.trimStart();
}

function escapedText(dice: Dice, text: string): string {
  if (!dice.chance(0.3)) return JSON.stringify(text);
  const units = [...Array(text.length).keys()].map((i) => text.charCodeAt(i).toString(16).padStart(4, '0'));
  return `"${units.map((unit) => `\\u${dice.chance(0.5) ? unit : unit.toUpperCase()}`).join('')}"`;
}

export interface RandomRows {
  readonly naive: readonly NaiveRow[];
  readonly cells: readonly Record<string, unknown>[];
}

export function randomRows(dice: Dice, fields: readonly FieldSpec[], count: number): RandomRows {
  const naive: NaiveRow[] = [];
  const cells: Record<string, unknown>[] = [];
  for (let i = 0; i < count; i++) {
    const row: Record<string, unknown> = {};
    const cell: Record<string, unknown> = {};
    for (const field of fields) {
      const value = field.nullable === true && dice.chance(0.2) ? null : randomCell(dice, field);
      row[field.name] = value;
      const document = field.dataType === DataType.JSON && value !== null;
      cell[field.name] = document ? new Raw(jsonText(dice, value as Json)) : value;
    }
    naive.push(row);
    cells.push(cell);
  }
  return { naive, cells };
}

function randomCell(dice: Dice, field: FieldSpec): unknown {
  if (field.dataType === DataType.Array) return dice.list(4, () => randomScalar(dice, field.elementType!));
  if (field.dataType !== DataType.JSON) return randomScalar(dice, field.dataType);
  return field.isDynamic === true || dice.chance(0.8) ? randomDocument(dice, 3) : randomJson(dice, 2);
}
