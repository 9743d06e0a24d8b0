import { invalid } from '../../core/domain/errors.ts';
import type { WalEntry, WalPosition } from '../../core/ports/wal.ts';
import { type Chain, isCut, type LogFile, loadChain } from './chain.ts';
import type { Channel } from './channel.ts';
import { corrupt, isKind, throwIfAborted, walFileError } from './errors.ts';
import type { WalFile } from './fileSystem.ts';
import { FrameReader } from './frameReader.ts';
import { comparePlaces, encodePosition, highestTermOf, type Place, truncatedError } from './names.ts';
import { requireTail } from './recovery.ts';
import type { DurableEnd } from './writer.ts';

export interface ReadRange {
  readonly from: Place | undefined;
  readonly inclusive: boolean;
  readonly signal: AbortSignal | undefined;
}

/** The files that count and, if we are the writer, where the durable part ends. */
export interface Snapshot {
  readonly chain: Chain;
  readonly durableEnd: DurableEnd | undefined;
}

/**
 * The end is taken before the listing: a file begun in between is then left out, never read ahead of its sync. An ended
 * writer of the newest term counts too: what it wrote and could not sync must not be shown, though it can be read.
 */
export async function takeSnapshot(channel: Channel): Promise<Snapshot> {
  // What is there while we take over is decided at the end of that.
  while (channel.opening !== undefined) await channel.opening;
  const durableEnd = channel.writer?.durableEnd;
  const chain = await loadChain(channel);
  const newest = chain.files.at(-1);
  if (durableEnd === undefined || newest === undefined || newest.term !== durableEnd.term) {
    return { chain, durableEnd: undefined };
  }
  const files = chain.files.filter((file) => file.term < durableEnd.term || file.index <= durableEnd.index);
  return { chain: { ...chain, files }, durableEnd };
}

/** Records of a snapshot in order. Errors: Truncated, Corrupt, Invalid (a position that names no record), Closed. */
export async function* readRecords(
  channel: Channel,
  range: ReadRange,
  bufferBytes: number,
): AsyncGenerator<WalEntry, void, undefined> {
  const { chain, durableEnd } = await takeSnapshot(channel);
  const start = await startOf(channel, chain, range);
  // Behind the truncation point when no position was given.
  const inclusive = range.inclusive && range.from !== undefined;
  for (const log of chain.files) {
    if (
      start !== undefined &&
      (log.term < start.term || (log.term === start.term && log.index < start.index))
    )
      continue;
    throwIfAborted(range.signal, `reading channel ${channel.name}`);
    const within =
      start !== undefined && log.term === start.term && log.index === start.index ? start : undefined;
    const limit = durableEnd !== undefined && isSame(log, durableEnd) ? durableEnd.bytes : log.end;
    yield* readFile(channel, log, limit, { from: within, inclusive, signal: range.signal }, bufferBytes);
  }
}

/** Where to begin; undefined = with the first file. Checks `from` against the truncation point and the files. */
async function startOf(channel: Channel, chain: Chain, range: ReadRange): Promise<Place | undefined> {
  const cut = chain.listing.cut;
  const from = range.from;
  if (from === undefined) return cut;
  const order = cut === undefined ? 1 : comparePlaces(from, cut);
  if (order < 0 || (order === 0 && range.inclusive)) {
    throw truncatedError(channel.name, from, await firstPosition(channel));
  }
  if (!chain.files.some((file) => isSame(file, from))) throw unknownPosition(channel, from);
  return from;
}

function unknownPosition(channel: Channel, place: Place): Error {
  const { term, index, offset } = place;
  return invalid(`the position names no record of channel ${channel.name}`, { term, file: index, offset });
}

function isSame(file: { term: number; index: number }, other: { term: number; index: number }): boolean {
  return file.term === other.term && file.index === other.index;
}

async function* readFile(
  channel: Channel,
  log: LogFile,
  limit: number | undefined,
  range: ReadRange,
  bufferBytes: number,
): AsyncGenerator<WalEntry, void, undefined> {
  let file: WalFile | undefined;
  try {
    file = await channel.fs.openToRead(log.path);
    const { end, isOpen } =
      limit === undefined ? await openEnd(channel, log, file) : { end: limit, isOpen: false };
    const reader = await seek(channel, log, file, end, range, bufferBytes);
    if (reader === undefined) return;
    for (let step = reader.step(); step !== 'end'; step = reader.step()) {
      if (step === 'record') {
        const position = encodePosition(log.term, log.index, reader.frameOffset);
        yield { position, record: reader.record, term: log.term };
      } else if (step === 'fill') {
        throwIfAborted(range.signal, `reading channel ${channel.name}`);
        await reader.fill();
      } else if (step === 'bad') {
        if (!isOpen) throw corrupt(log.path, reader.offset, reader.reason);
        await requireTail(log, file, reader.offset, end, reader.reason);
        return;
      }
    }
  } catch (caught) {
    const error = walFileError(caught, 'reading', log.path);
    if (!isKind(error, 'NotFound')) throw error;
    await requireNeedless(channel, log);
  } finally {
    await file?.close();
  }
}

/** The writer is elsewhere or gone. What we hand out must not vanish, so it is made durable first. */
export async function syncedSize(file: WalFile): Promise<number> {
  const sizeBytes = await file.size();
  await file.datasync();
  return sizeBytes;
}

/**
 * How far a file may be read whose writer is elsewhere or gone. When nobody claimed a higher term after the bytes were
 * there, whoever does will seal them too; else the seal says which of them count.
 */
async function openEnd(
  channel: Channel,
  log: LogFile,
  file: WalFile,
): Promise<{ readonly end: number; readonly isOpen: boolean }> {
  const sizeBytes = await syncedSize(file);
  // Our own writer, if it opened after the files were listed.
  const own = channel.writer?.durableEnd;
  if (own !== undefined && isSame(own, log)) return { end: own.bytes, isOpen: false };
  if (highestTermOf(channel.fs.listNames(channel.directory)) === log.term)
    return { end: sizeBytes, isOpen: true };
  while (channel.opening !== undefined) await channel.opening;
  const { files } = await loadChain(channel);
  const now = files.find((other) => isSame(other, log));
  if (now === undefined) {
    await requireNeedless(channel, log);
    return { end: log.header.framesOffset, isOpen: false };
  }
  return now.end === undefined ? { end: sizeBytes, isOpen: true } : { end: now.end, isOpen: false };
}

/** A reader that stands before the first record wanted; undefined when the file has none behind `from`. */
async function seek(
  channel: Channel,
  log: LogFile,
  file: WalFile,
  end: number,
  range: ReadRange,
  bufferBytes: number,
): Promise<FrameReader | undefined> {
  const { framesOffset, firstSeq, salt } = log.header;
  const open = (from: number, nextSeq: number | undefined): FrameReader =>
    new FrameReader(file, salt, { from, limit: end, nextSeq }, bufferBytes);
  const from = range.from;
  if (from === undefined) return open(framesOffset, firstSeq);
  if (from.offset < framesOffset || from.offset >= end) throw unknownPosition(channel, from);
  const direct = open(from.offset, undefined);
  if ((await direct.next()) === 'record') return range.inclusive ? open(from.offset, undefined) : direct;
  // Given up by a repair, or never a position: walking from the start tells.
  const walker = open(framesOffset, firstSeq);
  let step = await walker.next();
  while ((step === 'record' || step === 'gap') && walker.offset <= from.offset) step = await walker.next();
  if (step === 'bad') throw corrupt(log.path, walker.offset, walker.reason);
  if (step !== 'gap') throw unknownPosition(channel, from);
  return walker;
}

/** A file that is gone was truncated (an error), or belonged to a take-over that never got a record (none). */
async function requireNeedless(channel: Channel, log: LogFile): Promise<void> {
  const { files, listing } = await loadChain(channel);
  if (isCut(listing.cut, log)) {
    const place = { term: log.term, index: log.index, offset: 0 };
    throw truncatedError(channel.name, place, await firstPosition(channel));
  }
  if (files.some((file) => isSame(file, log))) throw corrupt(log.path, 0, 'the file is missing');
}

const FIRST_READ_BYTES = 16 * 1024;

/** The first readable record; undefined when there is none. */
export async function firstPosition(channel: Channel): Promise<WalPosition | undefined> {
  const everything: ReadRange = { from: undefined, inclusive: false, signal: undefined };
  for await (const entry of readRecords(channel, everything, FIRST_READ_BYTES)) return entry.position;
  return undefined;
}
