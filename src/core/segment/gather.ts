import type { ArrayColumn, BytesColumn, Column, ColumnBatch, FixedArray, FixedColumn } from '../domain/columns.ts';
import { isValid, newFixedArray } from '../domain/columns.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { setBit } from './bitset.ts';
import { constantColumn } from './constantColumn.ts';

/**
 * Picks rows out of columns: pick i is row rows[i] of source sources[i], where column(s) is the column of source s.
 * The result is a column of its own memory. All sources have the same type.
 */
export interface Picks {
  readonly count: number;
  readonly sources: Uint32Array;
  readonly rows: Uint32Array;
}

export function gatherBatch(
  fields: readonly FieldSchema[],
  picks: Picks,
  column: (source: number, fieldId: number) => Column,
): ColumnBatch {
  return {
    rows: picks.count,
    columns: fields.map((field) => ({
      fieldId: field.fieldId,
      column: gatherColumn(field, picks, (source) => column(source, field.fieldId)),
    })),
  };
}

export function gatherColumn(field: FieldSchema, picks: Picks, column: (source: number) => Column): Column {
  if (picks.count === 0) return constantColumn(field, field.defaultValue ?? emptyValue(field), 0);
  const first = column(picks.sources[0]!);
  const validity = gatherValidity(picks, column);
  switch (first.kind) {
    case 'fixed': {
      const values = newFixedArray(first.dataType, picks.count);
      copyValues(values, picks, (source) => (column(source) as FixedColumn).values);
      return { kind: 'fixed', dataType: first.dataType, rows: picks.count, values, validity };
    }
    case 'vector': {
      const { dim } = first;
      const values = new Float32Array(picks.count * dim);
      for (let i = 0; i < picks.count; i++) {
        const source = column(picks.sources[i]!) as typeof first;
        const start = picks.rows[i]! * source.stride;
        values.set(source.values.subarray(start, start + dim), i * dim);
      }
      return { kind: 'vector', dataType: first.dataType, rows: picks.count, dim, stride: dim, values, validity };
    }
    case 'bytes':
      return { ...gatherBytes(first.dataType, picks, column as (source: number) => BytesColumn), validity };
    case 'array':
      return { ...gatherArrays(first, picks, column as (source: number) => ArrayColumn), validity };
  }
}

function emptyValue(field: FieldSchema): boolean | undefined {
  return field.nullable ? undefined : false;
}

function gatherValidity(picks: Picks, column: (source: number) => Column): Uint8Array | undefined {
  let bits: Uint8Array | undefined;
  for (let i = 0; i < picks.count; i++) {
    const { validity } = column(picks.sources[i]!);
    if (validity === undefined) continue;
    if (bits === undefined) {
      bits = new Uint8Array((picks.count + 7) >> 3);
      for (let j = 0; j < i; j++) setBit(bits, j);
    }
    if (isValid(validity, picks.rows[i]!)) setBit(bits, i);
  }
  if (bits === undefined) return undefined;
  for (let i = 0; i < picks.count; i++) if (column(picks.sources[i]!).validity === undefined) setBit(bits, i);
  return bits;
}

function copyValues(into: FixedArray, picks: Picks, values: (source: number) => FixedArray): void {
  // Int64 is copied as pairs of int32: a BigInt a row would be an allocation a row.
  const wide = into instanceof BigInt64Array;
  const target: FixedArray = wide ? new Int32Array(into.buffer) : into;
  let from: FixedArray = target;
  for (let i = 0, last = -1; i < picks.count; i++) {
    if (picks.sources[i] !== last) {
      last = picks.sources[i]!;
      from = values(last);
      if (wide) from = new Int32Array(from.buffer, from.byteOffset, from.length * 2);
    }
    const row = picks.rows[i]!;
    if (wide) {
      target[i * 2] = from[row * 2] as number;
      target[i * 2 + 1] = from[row * 2 + 1] as number;
    } else target[i] = from[row] as number;
  }
}

function gatherBytes(
  dataType: BytesColumn['dataType'],
  picks: Picks,
  column: (source: number) => BytesColumn,
): BytesColumn {
  const offsets = new Uint32Array(picks.count + 1);
  for (let i = 0; i < picks.count; i++) {
    const from = column(picks.sources[i]!);
    const row = picks.rows[i]!;
    offsets[i + 1] = offsets[i]! + from.offsets[row + 1]! - from.offsets[row]!;
  }
  const bytes = new Uint8Array(offsets[picks.count]!);
  for (let i = 0; i < picks.count; i++) {
    const from = column(picks.sources[i]!);
    const row = picks.rows[i]!;
    bytes.set(from.bytes.subarray(from.offsets[row]!, from.offsets[row + 1]!), offsets[i]!);
  }
  return { kind: 'bytes', dataType, rows: picks.count, offsets, bytes, validity: undefined };
}

/** Rows of arrays become picks of their elements, gathered in turn. */
function gatherArrays(first: ArrayColumn, picks: Picks, column: (source: number) => ArrayColumn): ArrayColumn {
  const offsets = new Uint32Array(picks.count + 1);
  for (let i = 0; i < picks.count; i++) {
    const from = column(picks.sources[i]!);
    const row = picks.rows[i]!;
    offsets[i + 1] = offsets[i]! + from.offsets[row + 1]! - from.offsets[row]!;
  }
  const count = offsets[picks.count]!;
  const elementPicks = { count, sources: new Uint32Array(count), rows: new Uint32Array(count) };
  for (let i = 0; i < picks.count; i++) {
    const start = column(picks.sources[i]!).offsets[picks.rows[i]!]!;
    for (let j = offsets[i]!; j < offsets[i + 1]!; j++) {
      elementPicks.sources[j] = picks.sources[i]!;
      elementPicks.rows[j] = start + j - offsets[i]!;
    }
  }
  const { dataType } = first.elements;
  let elements: ArrayColumn['elements'];
  if (first.elements.kind === 'bytes') {
    elements = gatherBytes(dataType, elementPicks, (source) => column(source).elements as BytesColumn);
  } else {
    const values = newFixedArray(dataType, count);
    copyValues(values, elementPicks, (source) => (column(source).elements as FixedColumn).values);
    elements = { kind: 'fixed', dataType, rows: count, values, validity: undefined };
  }
  return { kind: 'array', dataType: first.dataType, rows: picks.count, offsets, elements, validity: undefined };
}

/** Compares two primary keys: Int64 by value, VarChar by bytes. */
export function compareKeys(a: Column, rowA: number, b: Column, rowB: number): number {
  if (a.kind === 'bytes' && b.kind === 'bytes') return compareBytes(a, rowA, b, rowB);
  const left = (a as FixedColumn).values[rowA]!;
  const right = (b as FixedColumn).values[rowB]!;
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareBytes(a: BytesColumn, rowA: number, b: BytesColumn, rowB: number): number {
  const startA = a.offsets[rowA]!;
  const startB = b.offsets[rowB]!;
  const lengthA = a.offsets[rowA + 1]! - startA;
  const lengthB = b.offsets[rowB + 1]! - startB;
  const length = Math.min(lengthA, lengthB);
  for (let i = 0; i < length; i++) {
    const difference = a.bytes[startA + i]! - b.bytes[startB + i]!;
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
