import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import * as common from '../../../src/gen/milvus/common.ts';
import * as schema from '../../../src/gen/milvus/schema.ts';

/** Messages whose columns our copy of the protocol declares as bytes, written and read value by value. */

type Scalars = Parameters<typeof schema.ScalarField.fromPartial>[0];

function packed(write: (writer: BinaryWriter) => void): { data: Uint8Array } {
  const writer = new BinaryWriter();
  write(writer);
  return { data: writer.finish() };
}

export function longs(values: readonly (number | bigint)[]) {
  return packed((writer) => {
    for (const value of values) writer.int64(BigInt(value));
  });
}

export function ints(values: readonly number[]) {
  return packed((writer) => {
    for (const value of values) writer.int32(value);
  });
}

export function bools(values: readonly boolean[]) {
  return packed((writer) => {
    for (const value of values) writer.bool(value);
  });
}

export function floats(values: readonly number[]) {
  return packed((writer) => {
    for (const value of values) writer.float(value);
  });
}

export function doubles(values: readonly number[]) {
  return packed((writer) => {
    for (const value of values) writer.double(value);
  });
}

const encoder = new TextEncoder();

export function jsons(values: readonly unknown[]) {
  return { data: values.map((value) => encoder.encode(JSON.stringify(value))) };
}

export function keyValues(values: Readonly<Record<string, unknown>>): { key: string; value: string }[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: String(value) }));
}

export interface ColumnOptions {
  readonly valid?: readonly boolean[];
  readonly isDynamic?: boolean;
  readonly fieldId?: bigint;
}

/** A serialized FieldData of scalars. */
export function column(
  fieldName: string,
  type: schema.DataType,
  scalars: Scalars,
  options: ColumnOptions = {},
): Uint8Array {
  const message = schema.FieldData.fromPartial({
    type,
    fieldName,
    scalars,
    isDynamic: options.isDynamic ?? false,
    fieldId: options.fieldId ?? 0n,
    validData: options.valid === undefined ? new Uint8Array(0) : bools(options.valid).data,
  });
  return schema.FieldData.encode(message).finish();
}

/** A serialized FieldData of float vectors. */
export function vectorColumn(fieldName: string, vectors: readonly (readonly number[])[]): Uint8Array {
  const dim = BigInt(vectors[0]!.length);
  const message = schema.FieldData.fromPartial({
    type: schema.DataType.FloatVector,
    fieldName,
    vectors: { dim, floatVector: floats(vectors.flat()) },
  });
  return schema.FieldData.encode(message).finish();
}

export interface PlaceholderOptions {
  readonly type?: common.PlaceholderType;
  readonly tag?: string;
  readonly elementLevel?: boolean;
}

/** A serialized PlaceholderGroup of float vectors. */
export function placeholders(
  vectors: readonly (readonly number[])[],
  options: PlaceholderOptions = {},
): Uint8Array {
  const placeholder = {
    tag: options.tag ?? '$0',
    type: options.type ?? common.PlaceholderType.FloatVector,
    values: vectors.map((vector) => floats(vector).data),
    elementLevel: options.elementLevel ?? false,
  };
  return common.PlaceholderGroup.encode(
    common.PlaceholderGroup.fromPartial({ placeholders: [placeholder] }),
  ).finish();
}

export function numberIds(values: readonly number[]): Uint8Array {
  return schema.IDs.encode(schema.IDs.fromPartial({ intId: longs(values) })).finish();
}

export function textIds(values: readonly string[]): Uint8Array {
  return schema.IDs.encode(schema.IDs.fromPartial({ strId: { data: [...values] } })).finish();
}

/** Keys of a serialized IDs message, numbers as text. */
export function readIds(bytes: Uint8Array): string[] {
  const ids = schema.IDs.decode(bytes);
  return ids.strId?.data.slice() ?? readLongs(ids.intId?.data);
}

export function readLongs(bytes: Uint8Array | undefined): string[] {
  const values: string[] = [];
  const reader = new BinaryReader(bytes ?? new Uint8Array(0));
  while (reader.pos < reader.len) values.push(reader.int64().toString());
  return values;
}

export function readFloats(bytes: Uint8Array): number[] {
  const values: number[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) values.push(reader.float());
  return values;
}
