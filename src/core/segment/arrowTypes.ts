import type * as arrow from 'apache-arrow';
import type { Column, FixedColumn } from '../domain/columns.ts';
import { fixedArrayView } from '../domain/columns.ts';
import { DataType, fixedWidthBytes } from '../domain/dataTypes.ts';
import { ElanusError } from '../domain/errors.ts';
import type { FieldSchema } from '../domain/schema.ts';
import { setBit, testBit } from './bitset.ts';

type Arrow = typeof arrow;

/** Our columns as Arrow types: Bool, Int8–64, Float32/64, Utf8 (VarChar and JSON), List, FixedSizeList of Float32. */
export function arrowType(
  lib: Arrow,
  field: Pick<FieldSchema, 'dataType' | 'elementType' | 'dim'>,
): arrow.DataType {
  switch (field.dataType) {
    case DataType.Bool:
      return new lib.Bool();
    case DataType.Int8:
      return new lib.Int8();
    case DataType.Int16:
      return new lib.Int16();
    case DataType.Int32:
      return new lib.Int32();
    case DataType.Int64:
      return new lib.Int64();
    case DataType.Float:
      return new lib.Float32();
    case DataType.Double:
      return new lib.Float64();
    case DataType.VarChar:
    case DataType.JSON:
      return new lib.Utf8();
    case DataType.Array: {
      const element = arrowType(lib, {
        dataType: field.elementType ?? DataType.Int64,
        elementType: undefined,
        dim: 0,
      });
      return new lib.List(new lib.Field('item', element, false));
    }
    case DataType.FloatVector:
      return new lib.FixedSizeList(field.dim, new lib.Field('item', new lib.Float32(), false));
  }
}

/** The first `rows` rows of a column as Arrow data; buffers are shared where the layouts agree. */
export function arrowData(lib: Arrow, type: arrow.DataType, column: Column, rows: number): arrow.Data {
  const nulls =
    column.validity === undefined
      ? {}
      : { nullBitmap: column.validity.subarray(0, (rows + 7) >> 3), nullCount: -1 };
  const common = { type, length: rows, ...nulls };
  if (column.kind === 'fixed') {
    const data =
      column.dataType === DataType.Bool ? packBits(column.values, rows) : column.values.subarray(0, rows);
    return lib.makeData({ ...common, data } as never);
  }
  if (column.kind === 'bytes') {
    const data = column.bytes.subarray(0, column.offsets[rows]);
    return lib.makeData({ ...common, valueOffsets: signed(column.offsets, rows), data } as never);
  }
  if (column.kind === 'array') {
    const count = column.offsets[rows]!;
    const elementType = (type as arrow.List).children[0]!.type;
    const child = arrowData(lib, elementType, column.elements, count);
    return lib.makeData({ ...common, valueOffsets: signed(column.offsets, rows), child } as never);
  }
  const { dim, stride } = column;
  let values = column.values.subarray(0, rows * stride);
  if (stride !== dim) {
    values = new Float32Array(rows * dim);
    for (let i = 0; i < rows; i++) values.set(column.values.subarray(i * stride, i * stride + dim), i * dim);
  }
  const child = lib.makeData({ type: new lib.Float32(), length: rows * dim, data: values } as never);
  return lib.makeData({ ...common, child } as never);
}

function signed(offsets: Uint32Array, rows: number): Int32Array {
  return new Int32Array(offsets.buffer, offsets.byteOffset, rows + 1);
}

function packBits(values: FixedColumn['values'], rows: number): Uint8Array {
  const bits = new Uint8Array((rows + 7) >> 3);
  for (let i = 0; i < rows; i++) if (values[i] !== 0) setBit(bits, i);
  return bits;
}

/** Takes the buffers of one column off the front of a batch's list and makes our column of them, as views on `body`. */
export class BodyReader {
  readonly #body: Uint8Array;
  readonly #buffers: readonly number[];
  #next = 0;

  constructor(body: Uint8Array, buffers: readonly number[]) {
    this.#body = body;
    this.#buffers = buffers;
  }

  column(field: Pick<FieldSchema, 'dataType' | 'elementType' | 'dim' | 'nullable'>, rows: number): Column {
    const { dataType } = field;
    const bitmap = this.#take();
    const validity = field.nullable && bitmap.length > 0 ? bitmap : undefined;
    if (dataType === DataType.FloatVector) {
      this.#take(); // the validity of the elements, which are never null
      const values = this.#view(DataType.Float, this.#take(), rows * field.dim) as Float32Array;
      return { kind: 'vector', dataType, rows, dim: field.dim, stride: field.dim, values, validity };
    }
    if (dataType === DataType.VarChar || dataType === DataType.JSON) {
      const offsets = this.#offsets(rows);
      return { kind: 'bytes', dataType, rows, offsets, bytes: this.#take(offsets[rows]!), validity };
    }
    if (dataType === DataType.Array) {
      const offsets = this.#offsets(rows);
      const element = {
        dataType: field.elementType ?? DataType.Int64,
        elementType: undefined,
        dim: 0,
        nullable: false,
      };
      const elements = this.column(element, offsets[rows]!);
      if (elements.kind === 'vector' || elements.kind === 'array')
        throw new ElanusError('Corrupt', 'a nested array');
      return { kind: 'array', dataType, rows, offsets, elements, validity };
    }
    const data = this.#take(dataType === DataType.Bool ? (rows + 7) >> 3 : 0);
    const values = dataType === DataType.Bool ? unpackBits(data, rows) : this.#view(dataType, data, rows);
    return { kind: 'fixed', dataType, rows, values, validity };
  }

  /** The next buffer, which has at least `bytesMin` bytes. */
  #take(bytesMin = 0): Uint8Array {
    const offset = this.#buffers[this.#next++];
    const bytes = this.#buffers[this.#next++];
    if (offset === undefined || bytes === undefined || offset + bytes > this.#body.length) {
      throw new ElanusError('Corrupt', 'a column buffer lies outside its batch');
    }
    if (offset % 8 !== 0 || bytes < bytesMin)
      throw new ElanusError('Corrupt', 'a column buffer is out of place or too short');
    return this.#body.subarray(offset, offset + bytes);
  }

  #offsets(rows: number): Uint32Array {
    const part = this.#take();
    // Arrow may leave the offsets of an empty column out.
    if (rows === 0) return new Uint32Array(1);
    if (part.length < (rows + 1) * 4) throw new ElanusError('Corrupt', 'a column is too short');
    return new Uint32Array(part.buffer, part.byteOffset, rows + 1);
  }

  #view(dataType: DataType, part: Uint8Array, length: number) {
    if (part.length < length * fixedWidthBytes(dataType))
      throw new ElanusError('Corrupt', 'a column is too short');
    return fixedArrayView(dataType, part.buffer, part.byteOffset, length);
  }
}

function unpackBits(bits: Uint8Array, rows: number): Uint8Array {
  const values = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) values[i] = testBit(bits, i) ? 1 : 0;
  return values;
}
