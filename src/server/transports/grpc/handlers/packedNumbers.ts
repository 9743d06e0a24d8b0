import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

const NUMBER_BYTES_MAX = 5;

/** A packed list of unsigned numbers (uint32, or int64 of that range) as one length-delimited value. */
export function packedVarints(values: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * NUMBER_BYTES_MAX);
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    let rest = values[i]!;
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
  }
  return bytes.subarray(0, at);
}

/** The packed list 0, 1, …, count - 1. */
export function packedCount(count: number): Uint8Array {
  const values = new Uint32Array(count);
  for (let i = 0; i < count; i++) values[i] = i;
  return packedVarints(values);
}

/** A packed list of floats: their little-endian bytes, as every machine that runs Node has them. */
export function packedFloats(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Field 1 of a message that is one repeated number, packed in one or several pieces or not packed. */
export function repeatedNumbers<Value>(message: Uint8Array, read: (reader: BinaryReader) => Value): Value[] {
  const values: Value[] = [];
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [fieldNo, wireType] = reader.tag();
    if (fieldNo !== 1) {
      reader.skip(wireType);
    } else if (wireType === WireType.LengthDelimited) {
      const end = reader.uint32() + reader.pos;
      while (reader.pos < end) values.push(read(reader));
    } else {
      values.push(read(reader));
    }
  }
  return values;
}
