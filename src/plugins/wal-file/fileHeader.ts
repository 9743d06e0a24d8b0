import { crc32 } from 'node:zlib';
import { corrupt, walFileError } from './errors.ts';
import type { FileSystem, WalFile } from './fileSystem.ts';
import { FRAME_ALIGN_BYTES, FRAME_MAGIC } from './frame.ts';

/**
 * The head of a file (little endian), written twice in a row so that one flipped bit does not cost the file:
 *    0 'ELANWAL1'
 *    8 u32 CRC-32 of bytes 12..headBytes
 *   12 u32 headBytes (of one copy)   16 u32 salt, random   20 u32 number of seals
 *   24 u64 term   32 u32 index   36 u32 checksum in use: 1 = CRC-32 (zlib)   40 u64 firstSeq
 *   48 seals, 24 bytes each: u64 term, u32 index, u32 bytes, u64 nextSeq
 * Frames begin at 2 × headBytes. The head is durable before the first frame is written.
 */
export interface FileHeader {
  readonly term: number;
  readonly index: number;
  readonly salt: number;
  readonly firstSeq: number;
  /** Of index 0: the last file of every earlier term that still counts, ascending. Else: the file before this one. */
  readonly seals: readonly Seal[];
  /** Where the first frame lies. */
  readonly framesOffset: number;
}

/** The end of a term's records, fixed: what lies after `bytes` of that file, or in a later one, does not count. */
export interface Seal {
  readonly term: number;
  readonly index: number;
  readonly bytes: number;
  readonly nextSeq: number;
}

const MAGIC = Buffer.from('ELANWAL1', 'latin1');
const FIXED_BYTES = 48;
const SEAL_BYTES = 24;
const CHECKSUM_CRC32 = 1;
const READ_BYTES = 4096;

export function framesOffsetOf(sealCount: number): number {
  return 2 * (FIXED_BYTES + SEAL_BYTES * sealCount);
}

/** Both copies. */
export function encodeFileHeader(header: Omit<FileHeader, 'framesOffset'>): Buffer {
  const headBytes = FIXED_BYTES + SEAL_BYTES * header.seals.length;
  const head = Buffer.alloc(headBytes);
  MAGIC.copy(head, 0);
  head.writeUInt32LE(headBytes, 12);
  head.writeUInt32LE(header.salt, 16);
  head.writeUInt32LE(header.seals.length, 20);
  head.writeBigUInt64LE(BigInt(header.term), 24);
  head.writeUInt32LE(header.index, 32);
  head.writeUInt32LE(CHECKSUM_CRC32, 36);
  head.writeBigUInt64LE(BigInt(header.firstSeq), 40);
  header.seals.forEach((seal, i) => {
    const at = FIXED_BYTES + i * SEAL_BYTES;
    head.writeBigUInt64LE(BigInt(seal.term), at);
    head.writeUInt32LE(seal.index, at + 8);
    head.writeUInt32LE(seal.bytes, at + 12);
    head.writeBigUInt64LE(BigInt(seal.nextSeq), at + 16);
  });
  head.writeUInt32LE(crc32(head.subarray(12)), 8);
  return Buffer.concat([head, head]);
}

function decodeAt(bytes: Buffer, at: number): FileHeader | undefined {
  if (bytes.length < at + FIXED_BYTES || MAGIC.compare(bytes, at, at + MAGIC.length) !== 0) return undefined;
  const headBytes = bytes.readUInt32LE(at + 12);
  if (headBytes < FIXED_BYTES || bytes.length < at + headBytes) return undefined;
  if (bytes.readUInt32LE(at + 8) !== crc32(bytes.subarray(at + 12, at + headBytes))) return undefined;
  const sealCount = bytes.readUInt32LE(at + 20);
  const seals: Seal[] = [];
  for (let i = 0; i < sealCount; i++) {
    const from = at + FIXED_BYTES + i * SEAL_BYTES;
    seals.push({
      term: Number(bytes.readBigUInt64LE(from)),
      index: bytes.readUInt32LE(from + 8),
      bytes: bytes.readUInt32LE(from + 12),
      nextSeq: Number(bytes.readBigUInt64LE(from + 16)),
    });
  }
  return {
    term: Number(bytes.readBigUInt64LE(at + 24)),
    index: bytes.readUInt32LE(at + 32),
    salt: bytes.readUInt32LE(at + 16),
    firstSeq: Number(bytes.readBigUInt64LE(at + 40)),
    seals,
    framesOffset: 2 * headBytes,
  };
}

/**
 * The head of a file; undefined when it was never finished: the first file of a term is empty then, a later one has no
 * frames. Errors: Corrupt (no copy can be read; or it belongs to another file), NotFound, Unavailable.
 */
export async function readFileHeader(
  fs: FileSystem,
  path: string,
  term: number,
  index: number,
): Promise<FileHeader | undefined> {
  let file: WalFile | undefined;
  try {
    file = await fs.openToRead(path);
    const sizeBytes = await file.size();
    const header = await findHeader(file, sizeBytes);
    if (header === undefined) {
      const wasFinished = index === 0 ? sizeBytes > 0 : await hasFrames(file, sizeBytes);
      if (wasFinished) throw corrupt(path, 0, 'neither copy of the file head can be read');
      return undefined;
    }
    if (header.framesOffset > sizeBytes) {
      if (index === 0) throw corrupt(path, sizeBytes, 'the file ends within its head');
      return undefined;
    }
    if (header.term !== term || header.index !== index) {
      throw corrupt(path, 0, `the head belongs to term ${header.term}, file ${header.index}`);
    }
    return header;
  } catch (caught) {
    throw walFileError(caught, 'reading', path);
  } finally {
    await file?.close();
  }
}

async function findHeader(file: WalFile, sizeBytes: number): Promise<FileHeader | undefined> {
  for (let bytes = READ_BYTES; ; bytes *= 8) {
    const head = await readStart(file, Math.min(bytes, sizeBytes));
    for (let at = 0; at >= 0; at = head.indexOf(MAGIC, at + 1)) {
      const header = decodeAt(head, at);
      if (header !== undefined) return header;
    }
    if (bytes >= sizeBytes) return undefined;
  }
}

async function hasFrames(file: WalFile, sizeBytes: number): Promise<boolean> {
  const bytes = await readStart(file, sizeBytes);
  for (let at = bytes.indexOf(FRAME_MAGIC); at >= 0; at = bytes.indexOf(FRAME_MAGIC, at + 1)) {
    if (at % FRAME_ALIGN_BYTES === 0) return true;
  }
  return false;
}

async function readStart(file: WalFile, bytes: number): Promise<Buffer> {
  const into = Buffer.allocUnsafe(bytes);
  let got = 0;
  while (got < bytes) {
    const n = await file.read(into, got, bytes - got, got);
    if (n === 0) break;
    got += n;
  }
  return into.subarray(0, got);
}
