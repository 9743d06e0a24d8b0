import { ElanusError } from '../../core/domain/errors.ts';
import { corrupt, isKind } from './errors.ts';
import { type FileHeader, readFileHeader } from './fileHeader.ts';
import type { FileSystem } from './fileSystem.ts';
import { type Listing, logName, type Place, parseListing } from './names.ts';
import { retryVanished } from './vanished.ts';

/** One file whose records count. */
export interface LogFile {
  readonly term: number;
  readonly index: number;
  readonly path: string;
  readonly header: FileHeader;
  /** Where its records end; undefined for the newest file, whose end is open. */
  readonly end: number | undefined;
  /** Sequence number after its last record; undefined as long as `end` is. */
  readonly nextSeq: number | undefined;
}

/** The files of a channel that count, in order of their positions. */
export interface Chain {
  readonly files: readonly LogFile[];
  readonly listing: Listing;
}

/** Where a channel lies, and the file heads read until now: a finished head never changes. */
export interface ChannelFiles {
  readonly fs: FileSystem;
  readonly directory: string;
  readonly headers: Map<string, FileHeader>;
}

/**
 * Reads which files count: those of the newest term whose take-over was done, and before it what that sealed. A file
 * of a term that is neither holds no record that counts.
 * Errors: Corrupt (a head, or a file that must be there), Unavailable.
 */
export function loadChain(channel: ChannelFiles, belowTerm = Number.POSITIVE_INFINITY): Promise<Chain> {
  return retryVanished(channel.directory, async () => {
    const names = channel.fs.listNames(channel.directory);
    const known = new Set(names);
    for (const name of channel.headers.keys()) if (!known.has(name)) channel.headers.delete(name);
    const listing = parseListing(names);
    try {
      return { files: await filesOf(channel, listing, belowTerm), listing };
    } catch (caught) {
      // A head that was finished after the listing may name a file that was begun after it.
      if (isKind(caught, 'Corrupt') && channel.fs.listNames(channel.directory).join() !== names.join()) {
        throw new ElanusError('NotFound', `${channel.directory} changed while it was read`, {
          cause: caught,
        });
      }
      throw caught;
    }
  });
}

async function filesOf(channel: ChannelFiles, listing: Listing, belowTerm: number): Promise<LogFile[]> {
  const terms = [...listing.terms.keys()].filter((term) => term < belowTerm).sort((a, b) => b - a);
  for (const term of terms) {
    const indices = listing.terms.get(term)!;
    const first = await headerOf(channel, term, indices[0]!);
    if (first === undefined) {
      if (indices.length === 1 && indices[0] === 0) continue;
      throw corrupt(pathOf(channel, term, indices[0]!), 0, 'the file head cannot be read');
    }
    return [
      ...(await sealedFiles(channel, listing, first)),
      ...(await newestTermFiles(channel, listing, term)),
    ];
  }
  return [];
}

/** Files of the newest term; the last one is open. A last file without a finished head was never written to. */
async function newestTermFiles(channel: ChannelFiles, listing: Listing, term: number): Promise<LogFile[]> {
  const indices = listing.terms.get(term)!;
  const last = indices.at(-1)!;
  const unfinished = last > indices[0]! && (await headerOf(channel, term, last)) === undefined;
  return termFiles(channel, listing, { term, index: unfinished ? last - 1 : last });
}

async function sealedFiles(channel: ChannelFiles, listing: Listing, newest: FileHeader): Promise<LogFile[]> {
  const files: LogFile[] = [];
  for (const seal of newest.seals) {
    if (seal.term < newest.term && !isCut(listing.cut, seal)) {
      files.push(...(await termFiles(channel, listing, { ...seal, end: seal.bytes })));
    }
  }
  return files;
}

interface TermEnd {
  readonly term: number;
  readonly index: number;
  readonly end?: number;
  readonly nextSeq?: number;
}

/** Files of one term from the first that is not cut to `last.index`, each ending where its successor says. */
async function termFiles(channel: ChannelFiles, listing: Listing, last: TermEnd): Promise<LogFile[]> {
  const files: LogFile[] = [];
  let end = last.end;
  let nextSeq = last.nextSeq;
  const present = listing.terms.get(last.term) ?? [];
  const firstIndex = listing.cut?.term === last.term ? listing.cut.index : 0;
  for (let index = last.index; index >= firstIndex; index--) {
    const path = pathOf(channel, last.term, index);
    if (!present.includes(index)) throw corrupt(path, 0, 'the file is missing');
    const header = await headerOf(channel, last.term, index);
    if (header === undefined) throw corrupt(path, 0, 'the file head cannot be read');
    files.unshift({ term: last.term, index, path, header, end, nextSeq });
    const before = header.seals[0];
    end = before?.bytes;
    nextSeq = before?.nextSeq;
  }
  return files;
}

/** A whole file lies below the truncation point; the file that holds the point itself is kept. */
export function isCut(
  cut: Place | undefined,
  file: { readonly term: number; readonly index: number },
): boolean {
  return cut !== undefined && (file.term < cut.term || (file.term === cut.term && file.index < cut.index));
}

export function pathOf(channel: ChannelFiles, term: number, index: number): string {
  return `${channel.directory}/${logName(term, index)}`;
}

async function headerOf(channel: ChannelFiles, term: number, index: number): Promise<FileHeader | undefined> {
  const name = logName(term, index);
  const known = channel.headers.get(name);
  if (known !== undefined) return known;
  const header = await readFileHeader(channel.fs, `${channel.directory}/${name}`, term, index);
  if (header !== undefined) channel.headers.set(name, header);
  return header;
}
