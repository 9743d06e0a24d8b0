import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import wireFacts from '../../../gen/wireFacts.json' with { type: 'json' };

/** How the numbers of a list are written; readers must take each. */
export type Packing = 'packed' | 'chunked' | 'unpacked';

export type Message = Readonly<Record<string, unknown>>;

interface Field {
  readonly name: string;
  readonly number: number;
  readonly repeated: boolean;
  readonly type: string;
}

const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = wireFacts.messages;
const enums: Readonly<Record<string, unknown>> = wireFacts.enums;

const SCALARS = new Set(['bool', 'int32', 'int64', 'uint32', 'uint64', 'float', 'double', 'string', 'bytes']);
type Scalar = 'bool' | 'int32' | 'int64' | 'uint32' | 'uint64' | 'float' | 'double' | 'string' | 'bytes';

function fieldsOf(type: string): Field[] {
  const facts = messages[type];
  if (facts === undefined) throw new Error(`the wire has no message ${type}`);
  return Object.entries(facts).map(([name, fact]) => {
    const parts = fact.split(' ');
    return { name, number: Number(parts[0]), repeated: parts[1] === 'repeated', type: parts.at(-1)! };
  });
}

function scalarOf(type: string): Scalar | undefined {
  if (type in enums) return 'int32';
  return SCALARS.has(type) ? (type as Scalar) : undefined;
}

function wireTypeOf(scalar: Scalar): WireType {
  if (scalar === 'float') return WireType.Bit32;
  if (scalar === 'double') return WireType.Bit64;
  return scalar === 'string' || scalar === 'bytes' ? WireType.LengthDelimited : WireType.Varint;
}

/** A message of the wire (not of our declarations) from a plain object, as any client's library would write it. */
export function encodeMessage(type: string, message: Message, packing: Packing = 'packed'): Buffer {
  const writer = new BinaryWriter();
  for (const field of fieldsOf(type)) {
    const value = message[field.name];
    if (value === undefined) continue;
    const values = (field.repeated ? Array.from(value as Iterable<unknown>) : [value]) as unknown[];
    encodeField(writer, field, values, packing);
  }
  for (const name of Object.keys(message)) {
    if (!(name in messages[type]!)) throw new Error(`${type} has no field ${name}`);
  }
  return Buffer.from(writer.finish());
}

function encodeField(writer: BinaryWriter, field: Field, values: unknown[], packing: Packing): void {
  const scalar = scalarOf(field.type);
  if (scalar === undefined) {
    for (const value of values) {
      const inner = encodeMessage(field.type, value as Message, packing);
      writer.tag(field.number, WireType.LengthDelimited).bytes(inner);
    }
    return;
  }
  const wireType = wireTypeOf(scalar);
  if (!field.repeated || wireType === WireType.LengthDelimited || packing === 'unpacked') {
    for (const value of values) writeScalar(writer.tag(field.number, wireType), scalar, value);
    return;
  }
  const half = packing === 'chunked' ? Math.floor(values.length / 2) : 0;
  for (const part of [values.slice(0, half), values.slice(half)]) {
    if (part.length === 0) continue;
    writer.tag(field.number, WireType.LengthDelimited).fork();
    for (const value of part) writeScalar(writer, scalar, value);
    writer.join();
  }
}

function writeScalar(writer: BinaryWriter, scalar: Scalar, value: unknown): void {
  (writer[scalar] as (value: unknown) => unknown).call(writer, value);
}

/** A message of the wire as a plain object, with a list for each repeated field. */
export function decodeMessage(type: string, bytes: Uint8Array): Record<string, unknown> {
  const fields = fieldsOf(type);
  const message: Record<string, unknown> = {};
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = fields.find((one) => one.number === number);
    if (field === undefined) throw new Error(`${type} has no field ${number}`);
    const values = decodeField(reader, field, wireType);
    if (field.repeated) message[field.name] = [...((message[field.name] as unknown[]) ?? []), ...values];
    else message[field.name] = values[0];
  }
  return message;
}

function decodeField(reader: BinaryReader, { type }: Field, wireType: WireType): unknown[] {
  const scalar = scalarOf(type);
  if (scalar === undefined) return [decodeMessage(type, reader.bytes())];
  if (wireType === wireTypeOf(scalar)) return [reader[scalar]()];
  const end = reader.uint32() + reader.pos;
  const values: unknown[] = [];
  while (reader.pos < end) values.push(reader[scalar]());
  return values;
}
