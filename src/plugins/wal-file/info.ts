import type { WalInfo, WalPosition } from '../../core/ports/wal.ts';
import type { LogFile } from './chain.ts';
import type { Channel } from './channel.ts';
import { walFileError } from './errors.ts';
import type { WalFile } from './fileSystem.ts';
import { FrameReader } from './frameReader.ts';
import { comparePlaces, decodePosition, encodePosition, type Place, parseListing } from './names.ts';
import { firstPosition, type Snapshot, syncedSize, takeSnapshot } from './reader.ts';
import { requireTail } from './recovery.ts';
import { retryVanished } from './vanished.ts';

export function channelInfo(channel: Channel, bufferBytes: number): Promise<WalInfo> {
  return retryVanished(channel.directory, () => infoOnce(channel, bufferBytes));
}

async function infoOnce(channel: Channel, bufferBytes: number): Promise<WalInfo> {
  const term = parseListing(channel.fs.listNames(channel.directory)).highestTerm;
  const snapshot = await takeSnapshot(channel);
  const first = await firstPosition(channel);
  const last = first === undefined ? undefined : await lastPosition(channel, snapshot, bufferBytes);
  return { first, last, term, retainedBytes: await retainedBytes(channel, snapshot, first) };
}

/** The last readable record, by walking the newest file that has one. */
export async function lastPosition(
  channel: Channel,
  snapshot: Snapshot,
  bufferBytes: number,
): Promise<WalPosition | undefined> {
  const { chain } = snapshot;
  const written = snapshot.durableEnd === undefined ? undefined : channel.writer?.lastPosition;
  const cut = chain.listing.cut;
  if (written !== undefined && isAbove(decodePosition(written), cut)) return written;
  for (let i = chain.files.length - 1; i >= 0; i--) {
    const log = chain.files[i]!;
    const place = await lastOf(channel, log, await endOf(channel, snapshot, log), bufferBytes);
    if (place === undefined) continue;
    return isAbove(place, cut) ? encodePosition(place.term, place.index, place.offset) : undefined;
  }
  return undefined;
}

function isAbove(place: Place, cut: Place | undefined): boolean {
  return cut === undefined || comparePlaces(place, cut) > 0;
}

async function lastOf(
  channel: Channel,
  log: LogFile,
  end: number,
  bufferBytes: number,
): Promise<Place | undefined> {
  return withFile(channel, log, async (file) => {
    const { framesOffset, firstSeq, salt } = log.header;
    const range = { from: framesOffset, limit: end, nextSeq: firstSeq };
    const reader = new FrameReader(file, salt, range, bufferBytes);
    let last: Place | undefined;
    for (let step = await reader.next(); step !== 'end'; step = await reader.next()) {
      if (step === 'bad') {
        await requireTail(log, file, reader.offset, end, reader.reason);
        break;
      }
      if (step === 'record') last = { term: log.term, index: log.index, offset: reader.frameOffset };
    }
    return last;
  });
}

/** Bytes of the files from the first readable record on. */
async function retainedBytes(
  channel: Channel,
  snapshot: Snapshot,
  first: WalPosition | undefined,
): Promise<number> {
  if (first === undefined) return 0;
  const from = decodePosition(first);
  let bytes = 0;
  for (const log of snapshot.chain.files) {
    if (log.term < from.term || (log.term === from.term && log.index < from.index)) continue;
    const isFirst = log.term === from.term && log.index === from.index;
    bytes += (await endOf(channel, snapshot, log)) - (isFirst ? from.offset : log.header.framesOffset);
  }
  return bytes;
}

async function endOf(channel: Channel, snapshot: Snapshot, log: LogFile): Promise<number> {
  if (log.end !== undefined) return log.end;
  if (snapshot.durableEnd !== undefined) return snapshot.durableEnd.bytes;
  return withFile(channel, log, syncedSize);
}

async function withFile<T>(channel: Channel, log: LogFile, use: (file: WalFile) => Promise<T>): Promise<T> {
  let file: WalFile | undefined;
  try {
    file = await channel.fs.openToRead(log.path);
    return await use(file);
  } catch (caught) {
    throw walFileError(caught, 'reading', log.path);
  } finally {
    await file?.close();
  }
}
