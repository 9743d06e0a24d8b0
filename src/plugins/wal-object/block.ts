import { crc32 } from 'node:zlib';
import { corrupt } from './errors.ts';
import { HEADER_BYTES, KIND_BLOCK, type ObjectHeader, parseHeader, writeHeader } from './header.ts';
import type { Spot } from './names.ts';

/**
 * Behind the header of a block lie its records (little endian), each
 *   0 u32 bytes of the record
 *   4 u32 CRC-32 (zlib) of the record, begun at its length
 *   8 the record, and zeros to a multiple of 8
 * CRC-32 and not CRC-32C: Node has it natively, at several GB/s.
 */
const FRAME_HEADER_BYTES = 8;
const FRAME_ALIGN_BYTES = 8;

export interface Block {
  readonly term: number;
  readonly seq: number;
  readonly records: number;
  /** The whole object. */
  readonly bytes: Uint8Array;
}

interface BlockHead extends Spot {
  readonly putId: string;
  /** All objects of the term below this one are durable. */
  readonly durableSeq: number;
}

export function frameBytes(recordBytes: number): number {
  return FRAME_HEADER_BYTES + recordBytes + (-recordBytes & (FRAME_ALIGN_BYTES - 1));
}

/** Writes all of `bytes`, whose length is HEADER_BYTES and the sum of frameBytes over `records`, of which there is at least one. */
export function encodeBlock(
  bytes: Buffer,
  channelHash: Uint8Array,
  { term, seq, putId, durableSeq }: BlockHead,
  records: readonly Uint8Array[],
): Block {
  const header = { kind: KIND_BLOCK, term, seq, putId, records: records.length, value: durableSeq };
  writeHeader(bytes, channelHash, header);
  let at = HEADER_BYTES;
  for (const record of records) {
    const end = at + frameBytes(record.length);
    bytes.writeUInt32LE(record.length, at);
    bytes.writeUInt32LE(crc32(record, record.length), at + 4);
    bytes.set(record, at + FRAME_HEADER_BYTES);
    bytes.fill(0, at + FRAME_HEADER_BYTES + record.length, end);
    at = end;
  }
  return { term, seq, records: records.length, bytes };
}

/** Checks the header against the key; the records are checked as they are read. Errors: Corrupt, Unsupported. */
export function parseBlock(content: Uint8Array, channelHash: Uint8Array, spot: Spot, key: string): Block {
  const header = checkSpot(parseHeader(content, channelHash, key), spot, key);
  if (header.kind !== KIND_BLOCK) throw corrupt(key, 6, 'it is no block');
  return { term: header.term, seq: header.seq, records: header.records, bytes: content };
}

export function checkSpot(header: ObjectHeader, spot: Spot, key: string): ObjectHeader {
  if (header.term !== spot.term || header.seq !== spot.seq)
    throw corrupt(key, 16, 'it belongs under another key');
  return header;
}

/** Records from `fromIndex` on, as views. Errors: Corrupt, after those before the damage. */
export function* recordsOf(
  block: Block,
  fromIndex: number,
  key: string,
): Generator<{ index: number; record: Uint8Array }> {
  const bytes = Buffer.from(block.bytes.buffer, block.bytes.byteOffset, block.bytes.length);
  let at = HEADER_BYTES;
  for (let index = 0; index < block.records; index++) {
    if (at + FRAME_HEADER_BYTES > bytes.length) throw corrupt(key, at, 'it ends before its last record');
    const recordBytes = bytes.readUInt32LE(at);
    const start = at + FRAME_HEADER_BYTES;
    if (start + recordBytes > bytes.length) throw corrupt(key, at, 'a record ends behind the object');
    if (index >= fromIndex) {
      const record = bytes.subarray(start, start + recordBytes);
      // @mutation record-crc
      if (bytes.readUInt32LE(at + 4) !== crc32(record, recordBytes))
        throw corrupt(key, at, 'checksum of a record');
      yield { index, record };
    }
    at += frameBytes(recordBytes);
  }
  if (at !== bytes.length) throw corrupt(key, at, 'its length is not that of its records');
}
