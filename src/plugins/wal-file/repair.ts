import type { Logger } from '../../core/ports/logger.ts';
import { type LogFile, loadChain } from './chain.ts';
import { Channel } from './channel.ts';
import { isKind, walFileError } from './errors.ts';
import type { FileSystem, WalFile } from './fileSystem.ts';
import { FRAME_ALIGN_BYTES, FRAME_HEADER_BYTES, FRAME_KIND_GAP, writeFrameHeader } from './frame.ts';
import { FrameReader } from './frameReader.ts';
import { checkChannelName } from './names.ts';
import { nodeFileSystem } from './nodeFileSystem.ts';
import { findLaterHeader, requireTail } from './recovery.ts';
import { writeFully } from './writeFully.ts';

/** One stretch of damaged bytes that was given up. */
export interface RepairedGap {
  readonly file: string;
  readonly offset: number;
  readonly bytesDropped: number;
  readonly recordsDropped: number;
}

export interface RepairOptions {
  readonly logger: Logger;
  readonly fs?: FileSystem;
}

const BUFFER_BYTES = 1024 * 1024;

/**
 * Gives up the damaged records of a channel for good: puts a gap over them, which readers skip. No process may have the channel
 * open. An unfinished tail is left alone: opening cuts it. Acknowledged records may be lost; the result says which.
 * Errors: Invalid (name), Corrupt (a file head or a whole file is gone: restore it), Unavailable, Exhausted.
 */
export async function repairChannel(
  directory: string,
  channelName: string,
  options: RepairOptions,
): Promise<readonly RepairedGap[]> {
  checkChannelName(channelName);
  const channel = new Channel(options.fs ?? nodeFileSystem, directory, channelName);
  const gaps: RepairedGap[] = [];
  for (const log of (await loadChain(channel)).files) gaps.push(...(await repairFile(channel, log)));
  for (const gap of gaps) options.logger.warn('gave up damaged records of the log', { ...gap });
  return gaps;
}

async function repairFile(channel: Channel, log: LogFile): Promise<RepairedGap[]> {
  let file: WalFile | undefined;
  try {
    file = await channel.fs.openToWrite(log.path);
    const end = log.end ?? (await file.size());
    const gaps: RepairedGap[] = [];
    let range = { from: log.header.framesOffset, limit: end, nextSeq: log.header.firstSeq };
    for (;;) {
      const reader = new FrameReader(file, log.header.salt, range, BUFFER_BYTES);
      let step = await reader.next();
      while (step === 'record' || step === 'gap') step = await reader.next();
      if (step === 'end') return gaps;
      if (log.end === undefined && (await isTail(log, file, reader, end))) return gaps;
      const gap = await coverDamage(log, file, reader, end);
      gaps.push(gap);
      const from = gap.offset + gap.bytesDropped;
      range = { from, limit: end, nextSeq: (reader.nextSeq ?? 0) + gap.recordsDropped };
    }
  } catch (caught) {
    throw walFileError(caught, 'repairing', log.path);
  } finally {
    await file?.close();
  }
}

async function isTail(log: LogFile, file: WalFile, reader: FrameReader, end: number): Promise<boolean> {
  try {
    await requireTail(log, file, reader.offset, end, reader.reason);
    return true;
  } catch (caught) {
    if (isKind(caught, 'Corrupt')) return false;
    throw caught;
  }
}

/** Overwrites the head of the bad frame with a gap up to the next frame that can be read, or to the end. */
async function coverDamage(
  log: LogFile,
  file: WalFile,
  reader: FrameReader,
  end: number,
): Promise<RepairedGap> {
  const offset = reader.offset;
  const expectedSeq = reader.nextSeq ?? log.header.firstSeq;
  const next = await findLaterHeader(file, log.header.salt, offset + FRAME_ALIGN_BYTES, end);
  const nextOffset = next?.offset ?? end;
  const recordsDropped = Math.max(0, (next?.header.seq ?? log.nextSeq ?? expectedSeq) - expectedSeq);
  const head = Buffer.alloc(FRAME_HEADER_BYTES);
  writeFrameHeader(head, 0, log.header.salt, {
    kind: FRAME_KIND_GAP,
    recordBytes: nextOffset - offset - FRAME_HEADER_BYTES,
    recordCrc: recordsDropped,
    seq: expectedSeq,
    durableUpTo: nextOffset,
  });
  const { failure } = await writeFully(file, [head], offset);
  if (failure !== undefined) throw failure;
  await file.datasync();
  return { file: log.path, offset, bytesDropped: nextOffset - offset, recordsDropped };
}
