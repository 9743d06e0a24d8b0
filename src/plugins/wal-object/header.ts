import { crc32 } from 'node:zlib';
import { ElanusError } from '../../core/domain/errors.ts';
import { corrupt } from './errors.ts';

/**
 * What every object begins with, and a fence, a skip and a cut consist of (little endian, 64 bytes):
 *    0 u32 magic 'EWo1'
 *    4 u16 version of the format, 1; later ones keep these 64 bytes' magic, version and CRC where they are
 *    6 u16 kind
 *    8 8 bytes of the SHA-256 of the channel's name
 *   16 u64 term, 24 u64 seq: those of the key; cut: of the last record that was given up
 *   32 16 bytes put id: which call made it
 *   48 u32 records: block, and cut for the block it lies in; else 0
 *   52 u64 value: block, the seq below which all of its term was durable when it was made; fence, the next term; skip, the
 *      seq to go on at; cut, the index in the block
 *   60 u32 CRC-32 (zlib) of bytes 0..60
 * Only a block is longer than its header, so a listing tells blocks from the rest.
 */
export const HEADER_BYTES = 64;
export const KIND_BLOCK = 1;
/** The term ends here: `value` is the term that took over. */
export const KIND_FENCE = 2;
/** The objects from here to `value` do not count: the store had no room for the one that belonged here. */
export const KIND_SKIP = 3;
export const KIND_CUT = 4;
export const CHANNEL_HASH_BYTES = 8;

const MAGIC = Buffer.from('EWo1', 'latin1').readUInt32LE(0);
const VERSION = 1;
const CRC_OFFSET = 60;
const TWO_32 = 0x1_0000_0000;

export interface ObjectHeader {
  readonly kind: number;
  readonly term: number;
  readonly seq: number;
  /** 32 hexadecimal digits. */
  readonly putId: string;
  readonly records: number;
  readonly value: number;
}

export function writeHeader(into: Buffer, channelHash: Uint8Array, header: ObjectHeader): void {
  into.writeUInt32LE(MAGIC, 0);
  into.writeUInt16LE(VERSION, 4);
  into.writeUInt16LE(header.kind, 6);
  into.set(channelHash, 8);
  writeU64(into, header.term, 16);
  writeU64(into, header.seq, 24);
  into.write(header.putId, 32, 'hex');
  into.writeUInt32LE(header.records, 48);
  writeU64(into, header.value, 52);
  into.writeUInt32LE(crc32(into.subarray(0, CRC_OFFSET)), CRC_OFFSET);
}

/** A header alone: a fence, a skip or a cut. */
export function headerObject(channelHash: Uint8Array, header: ObjectHeader): Uint8Array {
  const bytes = Buffer.alloc(HEADER_BYTES);
  writeHeader(bytes, channelHash, header);
  return bytes;
}

/** Errors: Corrupt; Unsupported for an object of a newer version. */
export function parseHeader(content: Uint8Array, channelHash: Uint8Array, key: string): ObjectHeader {
  if (content.length < HEADER_BYTES) throw corrupt(key, content.length, 'it ends within its header');
  const bytes = Buffer.from(content.buffer, content.byteOffset, HEADER_BYTES);
  if (bytes.readUInt32LE(0) !== MAGIC) throw corrupt(key, 0, 'it is no object of the log');
  // @mutation header-crc
  if (bytes.readUInt32LE(CRC_OFFSET) !== crc32(bytes.subarray(0, CRC_OFFSET)))
    throw corrupt(key, 0, 'checksum of the header');
  const version = bytes.readUInt16LE(4);
  if (version !== VERSION) throw newerVersion(key, version);
  if (!bytes.subarray(8, 16).equals(channelHash)) throw corrupt(key, 8, 'it belongs to another channel');
  return {
    kind: bytes.readUInt16LE(6),
    term: readU64(bytes, 16),
    seq: readU64(bytes, 24),
    putId: bytes.toString('hex', 32, 48),
    records: bytes.readUInt32LE(48),
    value: readU64(bytes, 52),
  };
}

function newerVersion(key: string, version: number): ElanusError {
  return new ElanusError(
    'Unsupported',
    `object ${key} has version ${version} of the log's format, this release reads version ${VERSION}`,
    { context: { file: key, version } },
  );
}

function writeU64(into: Buffer, value: number, at: number): void {
  into.writeUInt32LE(value % TWO_32, at);
  into.writeUInt32LE(Math.floor(value / TWO_32), at + 4);
}

function readU64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * TWO_32;
}
