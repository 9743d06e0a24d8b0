import { crc32 } from 'node:zlib';

/**
 * A frame (little endian, 32 bytes + record + zeros to a multiple of 8):
 *    0 u32 magic 'EWf1'
 *    4 u32 CRC-32 of bytes 8..32, begun at the salt of the file: bytes of a record never pass for a frame
 *    8 u32 recordBytes                                  gap: bytes that are skipped
 *   12 u32 CRC-32 of the record                         gap: records that were given up
 *   16 u64 sequence number within the term, from 0
 *   24 u32 durableUpTo: the offset in this file known to be synced when the frame was written
 *   28 u32 kind: 1 record, 2 gap (what `repair` puts over damaged bytes; an empty one ends a closed file)
 * CRC-32 is the one of zlib (polynomial EDB88320): 3.6 GB/s in node:zlib.
 */
export const FRAME_HEADER_BYTES = 32;
export const FRAME_ALIGN_BYTES = 8;
export const FRAME_MAGIC: Buffer = Buffer.from('EWf1', 'latin1');
export const FRAME_KIND_RECORD = 1;
export const FRAME_KIND_GAP = 2;

const MAGIC = FRAME_MAGIC.readUInt32LE(0);
const TWO_32 = 0x1_0000_0000;

export interface FrameHeader {
  readonly kind: number;
  readonly recordBytes: number;
  readonly recordCrc: number;
  readonly seq: number;
  readonly durableUpTo: number;
}

export function frameBytes(recordBytes: number): number {
  return FRAME_HEADER_BYTES + recordBytes + paddingBytes(recordBytes);
}

export function paddingBytes(recordBytes: number): number {
  return -recordBytes & (FRAME_ALIGN_BYTES - 1);
}

export function writeFrameHeader(into: Buffer, at: number, salt: number, header: FrameHeader): void {
  into.writeUInt32LE(MAGIC, at);
  into.writeUInt32LE(header.recordBytes, at + 8);
  into.writeUInt32LE(header.recordCrc, at + 12);
  into.writeUInt32LE(header.seq % TWO_32, at + 16);
  into.writeUInt32LE(Math.floor(header.seq / TWO_32), at + 20);
  into.writeUInt32LE(header.durableUpTo, at + 24);
  into.writeUInt32LE(header.kind, at + 28);
  into.writeUInt32LE(crc32(into.subarray(at + 8, at + FRAME_HEADER_BYTES), salt), at + 4);
}

/** The header at `at`, where 32 bytes must lie; undefined when its magic or checksum is wrong. */
export function parseFrameHeader(bytes: Buffer, at: number, salt: number): FrameHeader | undefined {
  if (bytes.readUInt32LE(at) !== MAGIC) return undefined;
  if (bytes.readUInt32LE(at + 4) !== crc32(bytes.subarray(at + 8, at + FRAME_HEADER_BYTES), salt))
    return undefined;
  return {
    recordBytes: bytes.readUInt32LE(at + 8),
    recordCrc: bytes.readUInt32LE(at + 12),
    seq: bytes.readUInt32LE(at + 16) + bytes.readUInt32LE(at + 20) * TWO_32,
    durableUpTo: bytes.readUInt32LE(at + 24),
    kind: bytes.readUInt32LE(at + 28),
  };
}
