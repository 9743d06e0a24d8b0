import type { Logger } from '../../core/ports/logger.ts';
import { type Chain, isCut, type LogFile, loadChain, pathOf } from './chain.ts';
import type { Channel } from './channel.ts';
import type { WalFileConfig } from './config.ts';
import { corrupt, fenced, isKind, throwIfAborted, walFileError } from './errors.ts';
import type { Seal } from './fileHeader.ts';
import type { WalFile } from './fileSystem.ts';
import { type OpenLogFile, syncDirectory, writeHead } from './logFiles.ts';
import { highestTermOf, logName, parseListing } from './names.ts';
import { findTail } from './recovery.ts';
import { retryVanished } from './vanished.ts';
import { writeFully } from './writeFully.ts';
import type { FileWalWriter } from './writer.ts';

/** What a take-over needs of its log. `install` runs in the same turn as the last ownership check. */
export interface TakeOver {
  readonly config: WalFileConfig;
  readonly logger: Logger;
  readonly signal: AbortSignal | undefined;
  readonly install: (first: OpenLogFile) => FileWalWriter;
}

/**
 * Takes a channel over: CLAIM by creating `<term>.0.log`, which only one can do and which every writer's check sees; then find the
 * end of the term before, then SEAL it by writing the head of the claimed file, then check that no higher term came.
 * The claim is durable before we look for the end, so a batch that we miss fails its writer's check.
 */
export async function takeOver(channel: Channel, term: number, parts: TakeOver): Promise<FileWalWriter> {
  const { logger, signal } = parts;
  await channel.fs.makeDirectory(channel.directory);
  requireHighest(channel, term, term - 1);
  throwIfAborted(signal, `opening channel ${channel.name}`);
  const file = await claim(channel, term);
  let writer: FileWalWriter;
  let chain: Chain;
  let isSealed = false;
  try {
    await syncDirectory(channel.fs, channel.directory);
    requireHighest(channel, term, term);
    await endWriterBefore(channel, term);
    const found = await retryVanished(channel.directory, () => findSeals(channel, term, parts));
    chain = found.chain;
    throwIfAborted(signal, `opening channel ${channel.name}`);
    const header = await writeHead(file, { term, index: 0, firstSeq: 0, seals: found.seals });
    isSealed = true;
    requireHighest(channel, term, term);
    writer = parts.install({ path: pathOf(channel, term, 0), file, header });
  } catch (caught) {
    await giveUp(channel, term, { file, isSealed }, logger);
    requireHighest(channel, term, term);
    throw walFileError(caught, 'opening', channel.directory);
  }
  await removeDead(channel, term, chain, logger);
  return writer;
}

/**
 * A claim without a finished head holds nothing, so it is taken back. A finished head stays: its seals are right, and
 * readers, and a later take-over that met it, went by them. It holds no record, and the next take-over removes it.
 */
async function giveUp(
  channel: Channel,
  term: number,
  claimed: { readonly file: WalFile; readonly isSealed: boolean },
  logger: Logger,
): Promise<void> {
  try {
    await claimed.file.close();
    if (!claimed.isSealed) await channel.fs.remove(pathOf(channel, term, 0));
  } catch (caught) {
    const error = walFileError(caught, 'removing', pathOf(channel, term, 0));
    logger.warn('could not take back the claim of a failed take-over', { channel: channel.name, term, error });
  }
}

async function claim(channel: Channel, term: number): Promise<WalFile> {
  const path = pathOf(channel, term, 0);
  try {
    return await channel.fs.create(path);
  } catch (caught) {
    const error = walFileError(caught, 'creating', path);
    throw isKind(error, 'AlreadyExists') ? fenced(channel.name, term, term) : error;
  }
}

/** Fails with Fenced when another has a term above `termMax`, or more files of our own term than the claim. */
function requireHighest(channel: Channel, term: number, termMax: number): void {
  const names = channel.fs.listNames(channel.directory);
  const highest = highestTermOf(names);
  if (highest > termMax) throw fenced(channel.name, term, highest);
  if ((parseListing(names).terms.get(term)?.length ?? 0) > 1) throw fenced(channel.name, term, term);
}

async function endWriterBefore(channel: Channel, term: number): Promise<void> {
  const writer = channel.writer;
  if (writer === undefined) return;
  writer.fence(term);
  await writer.close();
}

/** The files of the terms before, and where each of these terms ends. */
async function findSeals(channel: Channel, term: number, parts: TakeOver): Promise<{ chain: Chain; seals: Seal[] }> {
  const chain = await loadChain(channel, term);
  const seals: Seal[] = [];
  const last = chain.files.at(-1);
  if (last === undefined) return { chain, seals };
  for (const file of chain.files) {
    if (file.term === last.term) break;
    const seal = { term: file.term, index: file.index, bytes: file.end!, nextSeq: file.nextSeq! };
    if (seals.at(-1)?.term === file.term) seals.pop();
    seals.push(seal);
  }
  const own = await sealTail(channel, last, parts.config, parts.logger);
  if (own.index > 0 || own.nextSeq > 0) seals.push(own);
  return { chain, seals };
}

async function sealTail(
  channel: Channel,
  log: LogFile,
  config: WalFileConfig,
  logger: Logger,
): Promise<Seal> {
  let file: WalFile | undefined;
  try {
    file = await channel.fs.openToWrite(log.path);
    const sizeBytes = await file.size();
    if (sizeBytes < log.header.framesOffset)
      throw corrupt(log.path, sizeBytes, 'the file ends within its head');
    const end = await findTail(log, file, sizeBytes, config.readBufferBytes, logger);
    await rewrite(file, Math.max(end.durableUpTo, log.header.framesOffset), end.bytes, config.readBufferBytes);
    return { term: log.term, index: log.index, bytes: end.bytes, nextSeq: end.nextSeq };
  } catch (caught) {
    throw walFileError(caught, 'reading', log.path);
  } finally {
    await file?.close();
  }
}

/**
 * Writes the bytes that are not known to be durable once more, as they are, and syncs: what we seal must be on the disk.
 * A sync alone proves nothing, because one that failed before us leaves pages in memory that count as clean.
 */
async function rewrite(file: WalFile, from: number, to: number, bufferBytes: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(bufferBytes, to - from));
  for (let at = from; at < to; ) {
    const got = await file.read(buffer, 0, Math.min(buffer.length, to - at), at);
    if (got === 0) throw new Error(`the file ended at ${at} while it was read up to ${to}`);
    const { failure } = await writeFully(file, [buffer.subarray(0, got)], at);
    if (failure !== undefined) throw failure;
    at += got;
  }
  await file.datasync();
}

/** Removes what no reader needs any more: files below the truncation point, and take-overs that never finished. */
async function removeDead(channel: Channel, term: number, chain: Chain, logger: Logger): Promise<void> {
  const kept = new Set(chain.files.map((file) => logName(file.term, file.index)));
  const { terms, cut } = chain.listing;
  for (const [oldTerm, indices] of terms) {
    if (oldTerm >= term) continue;
    for (const index of indices) {
      const name = logName(oldTerm, index);
      // A file of a sealed term that is not in the chain lies behind its seal or before the truncation point.
      if (kept.has(name) && !isCut(cut, { term: oldTerm, index })) continue;
      try {
        await channel.fs.remove(`${channel.directory}/${name}`);
      } catch (caught) {
        logger.warn('could not remove a dead file of the log', {
          file: name,
          channel: channel.name,
          error: caught,
        });
      }
    }
  }
}
