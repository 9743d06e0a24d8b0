import { crc32 } from 'node:zlib';
import { corrupt } from './errors.ts';
import type { Place } from './names.ts';

/**
 * A message set ("batch") of Kafka, which is written whole or not at all, begins with a head: the key of its first
 * message. Integers are big endian.
 *   magic u32, crc32 u32 of all that follows and of all values, kind u32, piece u32, pieces u32, values u32,
 *   term u64, writer u64, seq u64, expectedOffset u64, firstPieceOffset u64, bytesBefore u64, cut: term u64, offset u64
 */
const HEAD_BYTES = 88;
const MAGIC = 0x454c_5731;
const CRC_AT = 4;
const KIND_AT = 8;

/** Offset that no batch has, for heads that expect none. */
export const NOWHERE = Number.MAX_SAFE_INTEGER;

/**
 * records: every value is a record. piece: the one value is a part of a record. fence: a take-over. cut: a truncation.
 * The numbers are those of the format.
 */
export const KINDS = { records: 1, piece: 2, fence: 3, cut: 4 } as const;
export type Kind = (typeof KINDS)[keyof typeof KINDS];

export interface BatchHead {
  readonly kind: Kind;
  /** Of `pieces` in all; 0 of 1 for anything but a piece. */
  readonly piece: number;
  readonly pieces: number;
  readonly term: number;
  /** Number that the writer drew when it opened the channel, below 2^48. */
  readonly writer: number;
  /** Of the first value among all of the writer; the fence has 0. */
  readonly seq: number;
  /**
   * Where the writer means to write. A batch of records that lies anywhere else is void: the writer did not know of what
   * lies before it, which may be the fence of a later term.
   */
  readonly expectedOffset: number;
  /** Where the first piece of the same record lies. */
  readonly firstPieceOffset: number;
  /** Bytes of all records before in the channel. */
  readonly bytesBefore: number;
  /** The last truncation that the writer knows of. */
  readonly cut: Place | undefined;
}

/** Of a batch as it is sent or fetched. */
export function encodeHead(head: BatchHead, values: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES);
  bytes.writeUInt32BE(MAGIC);
  const words = [head.kind, head.piece, head.pieces, values.length];
  words.forEach((word, i) => {
    bytes.writeUInt32BE(word, KIND_AT + i * 4);
  });
  const longs = [
    head.term,
    head.writer,
    head.seq,
    head.expectedOffset,
    head.firstPieceOffset,
    head.bytesBefore,
    head.cut?.term ?? 0,
    head.cut?.offset ?? 0,
  ];
  longs.forEach((long, i) => {
    bytes.writeBigUInt64BE(BigInt(long), KIND_AT + 16 + i * 8);
  });
  bytes.writeUInt32BE(crcOf(bytes, values), CRC_AT);
  return bytes;
}

/** Undefined for what this log did not write. Errors: Corrupt. */
export function decodeHead(
  key: Buffer | null,
  values: readonly Uint8Array[],
  topic: string,
  offset: number,
): BatchHead | undefined {
  if (key?.length !== HEAD_BYTES || key.readUInt32BE() !== MAGIC) return undefined;
  if (key.readUInt32BE(CRC_AT) !== crcOf(key, values)) throw corrupt(topic, offset, 'the checksum is wrong');
  const word = (i: number): number => key.readUInt32BE(KIND_AT + i * 4);
  const long = (i: number): number => Number(key.readBigUInt64BE(KIND_AT + 16 + i * 8));
  const cut = { term: long(6), offset: long(7) };
  return {
    kind: word(0) as Kind,
    piece: word(1),
    pieces: word(2),
    term: long(0),
    writer: long(1),
    seq: long(2),
    expectedOffset: long(3),
    firstPieceOffset: long(4),
    bytesBefore: long(5),
    cut: cut.term === 0 ? undefined : cut,
  };
}

function crcOf(head: Buffer, values: readonly Uint8Array[]): number {
  let crc = crc32(head.subarray(KIND_AT));
  for (const value of values) crc = crc32(value, crc);
  return crc;
}
