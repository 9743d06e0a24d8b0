import type { ArrayColumn, BytesColumn, Column, FixedColumn } from '../../../../src/core/domain/columns.ts';
import { newFixedArray } from '../../../../src/core/domain/columns.ts';
import { DataType, isVectorType } from '../../../../src/core/domain/dataTypes.ts';
import type { CollectionSchema, FieldSchema } from '../../../../src/core/domain/schema.ts';
import { evaluateFilter } from '../../../../src/core/expr/evaluate.ts';
import { parseFilter, type TemplateValue } from '../../../../src/core/expr/parseFilter.ts';
import type { FilterPlan } from '../../../../src/core/expr/plan.ts';

/** One value of a row: JSON columns hold documents (or a raw string with `raw`), arrays hold lists. */
export type Cell = unknown;

export interface FieldSpec {
  readonly name: string;
  readonly dataType: DataType;
  readonly elementType?: DataType;
  readonly nullable?: boolean;
  readonly isDynamic?: boolean;
  readonly isPrimaryKey?: boolean;
}

export function schemaOf(specs: readonly FieldSpec[]): CollectionSchema {
  return {
    name: 'things',
    description: '',
    fields: specs.map(fieldOf),
    enableDynamicField: specs.some((spec) => spec.isDynamic === true),
    version: 1,
  };
}

function fieldOf(spec: FieldSpec, index: number): FieldSchema {
  return {
    fieldId: 100 + index,
    name: spec.name,
    description: '',
    dataType: spec.dataType,
    isPrimaryKey: spec.isPrimaryKey ?? false,
    autoId: false,
    isPartitionKey: false,
    isClusteringKey: false,
    isDynamic: spec.isDynamic ?? false,
    nullable: spec.nullable ?? false,
    defaultValue: undefined,
    elementType: spec.elementType,
    dim: isVectorType(spec.dataType) ? 4 : 0,
    maxLength: 1_000,
    maxCapacity: 100,
    typeParams: [],
  };
}

/** Text that is put into a JSON column as it is. */
export class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Rows as columns, in shared memory and longer than needed, as segments have them. */
export class Table {
  readonly schema: CollectionSchema;
  readonly rows: readonly Readonly<Record<string, Cell>>[];
  readonly #columns = new Map<number, Column>();

  constructor(specs: readonly FieldSpec[], rows: readonly Readonly<Record<string, Cell>>[]) {
    this.schema = schemaOf(specs);
    this.rows = rows;
    for (const field of this.schema.fields) {
      this.#columns.set(
        field.fieldId,
        columnOf(
          field,
          rows.map((row) => row[field.name]),
        ),
      );
    }
  }

  column(fieldId: number): Column {
    const column = this.#columns.get(fieldId);
    if (column === undefined) throw new Error(`the filter asked for field ${fieldId}`);
    return column;
  }

  /** Numbers of the rows that pass. */
  matching(plan: FilterPlan): number[] {
    const count = this.rows.length;
    const out = new Uint8Array((count + 7) >> 3).fill(0xaa);
    evaluateFilter(structuredClone(plan), this, count, out);
    const found: number[] = [];
    for (let row = 0; row < out.length * 8; row++)
      if (((out[row >> 3]! >> (row & 7)) & 1) === 1) found.push(row);
    return found;
  }

  query(text: string, templates?: ReadonlyMap<string, TemplateValue>): number[] {
    return this.matching(parseFilter(text, this.schema, templates));
  }
}

function columnOf(field: FieldSchema, cells: readonly Cell[]): Column {
  const isNull = (cell: Cell): boolean => cell === null || cell === undefined;
  const validity = cells.some(isNull) ? bitmap(cells.map((cell) => !isNull(cell))) : undefined;
  if (field.dataType === DataType.Array) {
    const lists = cells.map((cell) => (isNull(cell) ? [] : (cell as Cell[])));
    const elements = scalarColumn(field.elementType!, lists.flat(), undefined);
    const offsets = offsetsOf(lists.map((list) => list.length));
    return {
      kind: 'array',
      dataType: DataType.Array,
      rows: cells.length,
      offsets,
      elements,
      validity,
    } as ArrayColumn;
  }
  return scalarColumn(field.dataType, cells, validity);
}

function scalarColumn(
  dataType: DataType,
  cells: readonly Cell[],
  validity: Uint8Array | undefined,
): FixedColumn | BytesColumn {
  if (dataType === DataType.VarChar || dataType === DataType.JSON)
    return textColumn(dataType, cells, validity);
  const values = newFixedArray(dataType, cells.length + 3);
  cells.forEach((cell, i) => {
    if (cell === null || cell === undefined) return;
    if (values instanceof BigInt64Array) values[i] = BigInt(cell as number);
    else values[i] = Number(cell);
  });
  return { kind: 'fixed', dataType, rows: cells.length, values: sharedCopy(values), validity };
}

function textColumn(
  dataType: DataType,
  cells: readonly Cell[],
  validity: Uint8Array | undefined,
): BytesColumn {
  const texts = cells.map((cell) => {
    if (cell === null || cell === undefined) return Buffer.alloc(0);
    if (cell instanceof Raw) return Buffer.from(cell.text);
    return Buffer.from(dataType === DataType.JSON ? JSON.stringify(cell) : (cell as string));
  });
  const bytes = sharedCopy(new Uint8Array(Buffer.concat([...texts, Buffer.from('{"k":1}')])));
  const offsets = offsetsOf(texts.map((text) => text.length));
  return { kind: 'bytes', dataType, rows: cells.length, offsets, bytes, validity };
}

function offsetsOf(lengths: readonly number[]): Uint32Array {
  const offsets = new Uint32Array(lengths.length + 1);
  lengths.forEach((length, i) => {
    offsets[i + 1] = offsets[i]! + length;
  });
  return sharedCopy(offsets);
}

function bitmap(bits: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array((bits.length + 7) >> 3);
  bits.forEach((bit, i) => {
    if (bit) bytes[i >> 3] = bytes[i >> 3]! | (1 << (i & 7));
  });
  return sharedCopy(bytes);
}

function sharedCopy<T extends ArrayBufferView>(view: T): T {
  const shared = new SharedArrayBuffer(view.byteLength);
  new Uint8Array(shared).set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  const Type = view.constructor as new (buffer: ArrayBufferLike) => T;
  return new Type(shared);
}
