import { crc32 } from 'node:zlib';
import { corrupt } from './errors.ts';

/**
 * A message of a topic of records. Integers are big endian.
 *   magic u32, crc32 u32 of all that follows, writer 8 bytes, number u32, piece u32, pieces u32, records u32,
 *   then for each record: bytes u32, the record
 * `number` counts the messages of the topic from 0. A message has whole records (piece 0 of 1), or one piece of one record.
 */
const MAGIC = 0x454c_5031;
const HEAD_BYTES = 32;
const CRC_START = 8;
const LENGTH_BYTES = 4;
/** What a record costs in a message. */
export const RECORD_OVERHEAD_BYTES = LENGTH_BYTES;
/** What a message costs beside its records. */
export const MESSAGE_OVERHEAD_BYTES = HEAD_BYTES;

export interface Message {
  /** 16 hex digits. */
  readonly writer: string;
  readonly number: number;
  readonly piece: number;
  readonly pieces: number;
  readonly records: readonly Uint8Array[];
}

export function encodeMessage({ writer, number, piece, pieces, records }: Message): Buffer {
  const bytes = records.reduce((sum, record) => sum + LENGTH_BYTES + record.length, HEAD_BYTES);
  const buffer = Buffer.allocUnsafe(bytes);
  buffer.writeUInt32BE(MAGIC, 0);
  buffer.write(writer, CRC_START, 'hex');
  for (const [i, word] of [number, piece, pieces, records.length].entries()) {
    buffer.writeUInt32BE(word, 16 + i * 4);
  }
  let at = HEAD_BYTES;
  for (const record of records) {
    buffer.writeUInt32BE(record.length, at);
    buffer.set(record, at + LENGTH_BYTES);
    at += LENGTH_BYTES + record.length;
  }
  buffer.writeUInt32BE(crc32(buffer.subarray(CRC_START)), 4);
  return buffer;
}

/**
 * Undefined for what this log did not write. The records are views on `data`. Errors: Corrupt, naming `topic` and `ordinal`.
 */
export function decodeMessage(data: Buffer, topic: string, ordinal: number): Message | undefined {
  if (data.length < HEAD_BYTES || data.readUInt32BE(0) !== MAGIC) return undefined;
  if (data.readUInt32BE(4) !== crc32(data.subarray(CRC_START)))
    throw corrupt(topic, ordinal, 'the checksum is wrong');
  const records: Uint8Array[] = [];
  for (let at = HEAD_BYTES, left = data.readUInt32BE(28); left > 0; left--) {
    const end = at + LENGTH_BYTES + data.readUInt32BE(at);
    records.push(data.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return {
    writer: data.toString('hex', CRC_START, 16),
    number: data.readUInt32BE(16),
    piece: data.readUInt32BE(20),
    pieces: data.readUInt32BE(24),
    records,
  };
}
