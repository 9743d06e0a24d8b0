import type { Logger } from '../../core/ports/logger.ts';
import type { LogFile } from './chain.ts';
import { corrupt } from './errors.ts';
import type { WalFile } from './fileSystem.ts';
import {
  FRAME_ALIGN_BYTES,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  type FrameHeader,
  parseFrameHeader,
} from './frame.ts';
import { FrameReader } from './frameReader.ts';

export interface TailEnd {
  /** Where the valid frames end. */
  readonly bytes: number;
  readonly nextSeq: number;
  /** What the frames themselves prove to be synced. */
  readonly durableUpTo: number;
}

/**
 * Finds where the last file of a term ends. Nothing is changed on disk: the end is fixed by the seal in the next term's
 * file head, so an opener that lost a race cannot destroy what the winner kept.
 * Errors: Corrupt when the bad bytes were synced before a later frame was written.
 */
export async function findTail(
  log: LogFile,
  file: WalFile,
  sizeBytes: number,
  bufferBytes: number,
  logger: Logger,
): Promise<TailEnd> {
  const { framesOffset, firstSeq, salt } = log.header;
  const range = { from: framesOffset, limit: sizeBytes, nextSeq: firstSeq };
  const reader = new FrameReader(file, salt, range, bufferBytes);
  let durableUpTo = 0;
  let step = await reader.next();
  while (step === 'record' || step === 'gap') {
    durableUpTo = Math.max(durableUpTo, reader.header?.durableUpTo ?? 0);
    step = await reader.next();
  }
  if (step === 'bad') {
    const framesBehind = await requireTail(log, file, reader.offset, sizeBytes, reader.reason);
    logger.warn('cut an unfinished tail of the log', {
      file: log.path,
      offset: reader.offset,
      bytes: sizeBytes - reader.offset,
      reason: reader.reason,
      wholeFrameHeadsBehind: framesBehind,
    });
  }
  // @mutation tail-cut
  const bytes = reader.offset;
  return { bytes, nextSeq: reader.nextSeq ?? firstSeq, durableUpTo: Math.min(durableUpTo, bytes) };
}

/**
 * Tells damage from an unfinished tail: looks behind the bad bytes for later frame heads. One batch is written after
 * the one before was synced, so a head that says `durableUpTo` > badOffset proves that the bad bytes were once whole.
 * Returns how many heads of the same unsynced batch follow. Errors: Corrupt.
 */
export async function requireTail(
  log: LogFile,
  file: WalFile,
  badOffset: number,
  limit: number,
  reason: string,
): Promise<number> {
  let count = 0;
  for (let from = badOffset + FRAME_ALIGN_BYTES; ; ) {
    const found = await findLaterHeader(file, log.header.salt, from, limit);
    if (found === undefined) return count;
    // @mutation look-behind
    if (found.header.durableUpTo > badOffset) throw corrupt(log.path, badOffset, reason);
    count++;
    from = found.offset + FRAME_HEADER_BYTES;
  }
}

const LOOK_BYTES = 256 * 1024;

/** The first valid frame head at or after `from`, wholly below `limit`. */
export async function findLaterHeader(
  file: WalFile,
  salt: number,
  from: number,
  limit: number,
): Promise<{ readonly offset: number; readonly header: FrameHeader } | undefined> {
  const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(LOOK_BYTES, limit - from)));
  for (let at = from; at + FRAME_HEADER_BYTES <= limit; ) {
    const filled = await readUpTo(file, buffer, at, limit);
    if (filled < FRAME_HEADER_BYTES) return undefined;
    for (let i = buffer.indexOf(FRAME_MAGIC); i >= 0; i = buffer.indexOf(FRAME_MAGIC, i + 1)) {
      if (i + FRAME_HEADER_BYTES > filled) break;
      if ((at + i) % FRAME_ALIGN_BYTES !== 0) continue;
      const header = parseFrameHeader(buffer, i, salt);
      if (header !== undefined) return { offset: at + i, header };
    }
    at += filled - FRAME_HEADER_BYTES + 1;
  }
  return undefined;
}

async function readUpTo(file: WalFile, into: Buffer, at: number, limit: number): Promise<number> {
  let filled = 0;
  while (filled < into.length && at + filled < limit) {
    const got = await file.read(
      into,
      filled,
      Math.min(into.length - filled, limit - at - filled),
      at + filled,
    );
    if (got === 0) break;
    filled += got;
  }
  return filled;
}
