import { randomInt } from 'node:crypto';
import { type ChannelFiles, pathOf } from './chain.ts';
import { walFileError } from './errors.ts';
import { encodeFileHeader, type FileHeader, framesOffsetOf, type Seal } from './fileHeader.ts';
import type { FileSystem, WalFile } from './fileSystem.ts';
import { writeFully } from './writeFully.ts';

/** A file that is being written, from its creation on. */
export interface OpenLogFile {
  readonly path: string;
  readonly file: WalFile;
  readonly header: FileHeader;
}

/** Creates the file that follows in a term and writes its head; nothing remains when that fails for want of space. */
export async function createNextFile(
  channel: ChannelFiles,
  head: {
    readonly term: number;
    readonly index: number;
    readonly firstSeq: number;
    readonly seals: readonly Seal[];
  },
): Promise<OpenLogFile> {
  const path = pathOf(channel, head.term, head.index);
  let file: WalFile;
  try {
    file = await channel.fs.create(path);
  } catch (caught) {
    throw walFileError(caught, 'creating', path);
  }
  try {
    const header = await writeHead(file, head);
    await syncDirectory(channel.fs, channel.directory);
    return { path, file, header };
  } catch (caught) {
    await file.close();
    await channel.fs.remove(path);
    throw walFileError(caught, 'writing the head of', path);
  }
}

/** Writes and syncs the head of a file. */
export async function writeHead(
  file: WalFile,
  head: Omit<FileHeader, 'salt' | 'framesOffset'>,
): Promise<FileHeader> {
  const header: FileHeader = {
    ...head,
    salt: randomInt(0x1_0000_0000),
    framesOffset: framesOffsetOf(head.seals.length),
  };
  const { failure } = await writeFully(file, [encodeFileHeader(header)], 0);
  if (failure !== undefined) throw failure;
  await file.datasync();
  return header;
}

export async function syncDirectory(fs: FileSystem, directory: string): Promise<void> {
  try {
    // @mutation directory-sync
    await fs.syncDirectory(directory);
  } catch (caught) {
    throw walFileError(caught, 'syncing', directory);
  }
}
