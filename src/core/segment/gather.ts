import type { ArrayColumn, BytesColumn, Column, FixedColumn, VectorColumn } from '../domain/columns.ts';
import { isValid, newFixedArray } from '../domain/columns.ts';
import { wordsOf } from './keyOrder.ts';

/**
 * Rows picked from one or several columns of the same type: pick i is row `rows[i]` of column `sources[i]`
 * (of column 0 when `sources` is undefined).
 */
export interface Picks {
  readonly sources: Uint32Array | undefined;
  readonly rows: Uint32Array;
}

/** Above this many bytes or elements a row is copied by the engine's own copy, below by a loop. */
const LOOP_COPY_MAX = 48;

/** A new column of the picked rows, in their order. The sources are at least one column, all of one type. */
export function gatherColumn(columns: readonly Column[], picks: Picks): Column {
  const validity = gatherValidity(columns, picks);
  switch (columns[0]!.kind) {
    case 'fixed':
      return gatherFixed(columns as readonly FixedColumn[], picks, validity);
    case 'bytes':
      return gatherBytes(columns as readonly BytesColumn[], picks, validity);
    case 'array':
      return gatherArray(columns as readonly ArrayColumn[], picks, validity);
    case 'vector':
      return gatherVector(columns as readonly VectorColumn[], picks, validity);
  }
}

function gatherValidity(columns: readonly Column[], { sources, rows }: Picks): Uint8Array | undefined {
  if (columns.every((column) => column.validity === undefined)) return undefined;
  const bits = new Uint8Array((rows.length + 7) >> 3);
  for (let i = 0; i < rows.length; i++) {
    const column = columns[sources === undefined ? 0 : sources[i]!]!;
    if (isValid(column.validity, rows[i]!)) bits[i >> 3]! |= 1 << (i & 7);
  }
  return bits;
}

function gatherFixed(
  columns: readonly FixedColumn[],
  { sources, rows }: Picks,
  validity: Uint8Array | undefined,
): FixedColumn {
  const { dataType } = columns[0]!;
  const values = newFixedArray(dataType, rows.length);
  if (values instanceof BigInt64Array) {
    const from = columns.map((column) => wordsOf(column.values as BigInt64Array));
    const to = wordsOf(values);
    for (let i = 0; i < rows.length; i++) {
      const words = from[sources === undefined ? 0 : sources[i]!]!;
      to[2 * i] = words[2 * rows[i]!]!;
      to[2 * i + 1] = words[2 * rows[i]! + 1]!;
    }
  } else {
    const from = columns.map((column) => column.values as Float64Array);
    for (let i = 0; i < rows.length; i++) {
      values[i] = from[sources === undefined ? 0 : sources[i]!]![rows[i]!]!;
    }
  }
  return { kind: 'fixed', dataType, rows: rows.length, values, validity };
}

function gatherOffsets(
  columns: readonly (BytesColumn | ArrayColumn)[],
  { sources, rows }: Picks,
): Uint32Array {
  const offsets = new Uint32Array(rows.length + 1);
  let end = 0;
  for (let i = 0; i < rows.length; i++) {
    const from = columns[sources === undefined ? 0 : sources[i]!]!.offsets;
    end += from[rows[i]! + 1]! - from[rows[i]!]!;
    offsets[i + 1] = end;
  }
  return offsets;
}

function gatherBytes(
  columns: readonly BytesColumn[],
  picks: Picks,
  validity: Uint8Array | undefined,
): BytesColumn {
  const { sources, rows } = picks;
  const offsets = gatherOffsets(columns, picks);
  const bytes = new Uint8Array(offsets[rows.length]!);
  for (let i = 0; i < rows.length; i++) {
    const column = columns[sources === undefined ? 0 : sources[i]!]!;
    copyRow(column.bytes, column.offsets[rows[i]!]!, bytes, offsets[i]!, offsets[i + 1]! - offsets[i]!);
  }
  return { kind: 'bytes', dataType: columns[0]!.dataType, rows: rows.length, offsets, bytes, validity };
}

function gatherArray(
  columns: readonly ArrayColumn[],
  picks: Picks,
  validity: Uint8Array | undefined,
): ArrayColumn {
  const { sources, rows } = picks;
  const offsets = gatherOffsets(columns, picks);
  const elementRows = new Uint32Array(offsets[rows.length]!);
  const elementSources = sources === undefined ? undefined : new Uint32Array(elementRows.length);
  for (let i = 0; i < rows.length; i++) {
    const source = sources === undefined ? 0 : sources[i]!;
    const first = columns[source]!.offsets[rows[i]!]! - offsets[i]!;
    for (let e = offsets[i]!; e < offsets[i + 1]!; e++) elementRows[e] = first + e;
    elementSources?.fill(source, offsets[i]!, offsets[i + 1]!);
  }
  const elements = gatherColumn(
    columns.map((column) => column.elements),
    { sources: elementSources, rows: elementRows },
  ) as FixedColumn | BytesColumn;
  return { kind: 'array', dataType: columns[0]!.dataType, rows: rows.length, offsets, elements, validity };
}

function gatherVector(
  columns: readonly VectorColumn[],
  { sources, rows }: Picks,
  validity: Uint8Array | undefined,
): VectorColumn {
  const { dim, dataType } = columns[0]!;
  const values = new Float32Array(rows.length * dim);
  for (let i = 0; i < rows.length; i++) {
    const column = columns[sources === undefined ? 0 : sources[i]!]!;
    copyRow(column.values, rows[i]! * column.stride, values, i * dim, dim);
  }
  return { kind: 'vector', dataType, rows: rows.length, dim, stride: dim, values, validity };
}

function copyRow<Values extends Uint8Array | Float32Array>(
  from: Values,
  fromStart: number,
  to: Values,
  toStart: number,
  length: number,
): void {
  if (length > LOOP_COPY_MAX) {
    to.set(from.subarray(fromStart, fromStart + length), toStart);
    return;
  }
  for (let i = 0; i < length; i++) to[toStart + i] = from[fromStart + i]!;
}
