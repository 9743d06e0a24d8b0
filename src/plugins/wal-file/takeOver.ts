import type { Logger } from '../../core/ports/logger.ts';
import { type Chain, isCut, type LogFile, loadChain, pathOf } from './chain.ts';
import type { Channel } from './channel.ts';
import type { WalFileConfig } from './config.ts';
import { corrupt, fenced, isKind, throwIfAborted, walFileError } from './errors.ts';
import type { Seal } from './fileHeader.ts';
import type { WalFile } from './fileSystem.ts';
import { type OpenLogFile, syncDirectory, writeHead } from './logFiles.ts';
import { claimName, highestTermOf, logName, parseListing } from './names.ts';
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
 * Takes a channel over:
 * 1. CLAIM: create `<term>.claim`, which only one can. Every writer checks for higher claims before it acknowledges.
 * 2. VOID lower take-overs under way, by creating their first file empty: they can no longer finish, so what we find
 *    is final. One that finished before is found.
 * 3. SEAL: find the end of the newest term, make it durable, and write it into the head of the claimed file. What we
 *    miss was synced after the claim existed, so its writer's check fails.
 * 4. COMMIT: link the claimed file to `<term>.00000000.log`, which exists if somebody did step 2 to us.
 */
export async function takeOver(channel: Channel, term: number, parts: TakeOver): Promise<FileWalWriter> {
  const { fs, directory } = channel;
  const { logger, signal } = parts;
  await fs.makeDirectory(directory);
  requireHighest(channel, term, term - 1);
  throwIfAborted(signal, `opening channel ${channel.name}`);
  const file = await claim(channel, term);
  let found: Found;
  let writer: FileWalWriter;
  try {
    await syncDirectory(fs, directory);
    requireHighest(channel, term, term);
    requireUnused(channel, term);
    await endWriterBefore(channel, term);
    // @mutation void-others
    await voidOthers(channel, term);
    found = await retryVanished(directory, () => findSeals(channel, term, parts));
    throwIfAborted(signal, `opening channel ${channel.name}`);
    const header = await writeHead(file, { term, index: 0, firstSeq: 0, seals: found.seals });
    await commit(channel, term);
    requireHighest(channel, term, term);
    writer = parts.install({ path: pathOf(channel, term, 0), file, header });
  } catch (caught) {
    await giveUp(channel, term, file, logger);
    requireHighest(channel, term, term);
    throw walFileError(caught, 'opening', directory);
  }
  await removeNames(channel, [claimName(term), ...deadNames(channel, term, found.chain)], logger);
  return writer;
}

interface Found {
  readonly chain: Chain;
  readonly seals: readonly Seal[];
}

/** A claim holds nothing. A committed file stays: its seals are right, and others may have gone by them. */
async function giveUp(channel: Channel, term: number, file: WalFile, logger: Logger): Promise<void> {
  try {
    await file.close();
  } catch (caught) {
    logger.warn('could not close the claim of a failed take-over', {
      channel: channel.name,
      term,
      error: caught,
    });
  }
  await removeNames(channel, [claimName(term)], logger);
}

async function claim(channel: Channel, term: number): Promise<WalFile> {
  const path = `${channel.directory}/${claimName(term)}`;
  try {
    return await channel.fs.create(path);
  } catch (caught) {
    const error = walFileError(caught, 'creating', path);
    throw isKind(error, 'AlreadyExists') ? fenced(channel.name, term, term) : error;
  }
}

async function commit(channel: Channel, term: number): Promise<void> {
  const path = pathOf(channel, term, 0);
  try {
    await channel.fs.link(`${channel.directory}/${claimName(term)}`, path);
  } catch (caught) {
    const error = walFileError(caught, 'committing', path);
    // Without our claim somebody above us has finished, and removed it.
    const isLost = isKind(error, 'AlreadyExists') || isKind(error, 'NotFound');
    throw isLost ? fenced(channel.name, term, highestTermOf(channel.fs.listNames(channel.directory))) : error;
  }
  await syncDirectory(channel.fs, channel.directory);
}

/** After this no lower take-over can finish: those that claimed are void or done, later ones see our claim. */
async function voidOthers(channel: Channel, term: number): Promise<void> {
  const { claims, terms } = parseListing(channel.fs.listNames(channel.directory));
  for (const other of claims) {
    if (other >= term || terms.has(other)) continue;
    const path = pathOf(channel, other, 0);
    try {
      const file = await channel.fs.create(path);
      await file.close();
    } catch (caught) {
      const error = walFileError(caught, 'creating', path);
      if (!isKind(error, 'AlreadyExists')) throw error;
    }
  }
}

/** Fails with Fenced when somebody has a term above `termMax`. */
function requireHighest(channel: Channel, term: number, termMax: number): void {
  const highest = highestTermOf(channel.fs.listNames(channel.directory));
  if (highest > termMax) throw fenced(channel.name, term, highest);
}

/** Somebody else may have opened our term, and removed its claim, before we made ours. */
function requireUnused(channel: Channel, term: number): void {
  const { terms } = parseListing(channel.fs.listNames(channel.directory));
  if (terms.has(term)) throw fenced(channel.name, term, term);
}

async function endWriterBefore(channel: Channel, term: number): Promise<void> {
  const writer = channel.writer;
  if (writer === undefined) return;
  writer.fence(term);
  await writer.close();
}

/** The files of the terms before, and where each of these terms ends. */
async function findSeals(channel: Channel, term: number, parts: TakeOver): Promise<Found> {
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
    const proven = Math.max(end.durableUpTo, log.header.framesOffset);
    // @mutation tail-rewrite
    await rewrite(file, proven, end.bytes, config.readBufferBytes);
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

/** What no reader needs any more: files below the truncation point or behind a seal, and take-overs that never finished. */
function deadNames(channel: Channel, term: number, chain: Chain): string[] {
  const kept = new Set(chain.files.map((file) => logName(file.term, file.index)));
  const { terms, claims, cut } = parseListing(channel.fs.listNames(channel.directory));
  const names = claims.filter((other) => other < term).map(claimName);
  for (const [other, indices] of terms) {
    if (other >= term) continue;
    for (const index of indices) {
      const name = logName(other, index);
      if (!kept.has(name) || isCut(cut, { term: other, index })) names.push(name);
    }
  }
  return names;
}

/** Litter that cannot be removed is reported and left to the next take-over. */
async function removeNames(channel: Channel, names: readonly string[], logger: Logger): Promise<void> {
  for (const name of names) {
    try {
      await channel.fs.remove(`${channel.directory}/${name}`);
    } catch (caught) {
      const error = walFileError(caught, 'removing', name);
      if (!isKind(error, 'NotFound'))
        logger.warn('could not remove a dead file of the log', { file: name, error });
    }
  }
}
