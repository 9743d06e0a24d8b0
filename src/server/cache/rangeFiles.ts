import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { crc32 } from 'node:zlib';
import { ElanusError } from '../../core/domain/errors.ts';
import type { RangeFiles } from '../../core/layers/readCache.ts';
import { RecentEntries } from '../../core/layers/recentEntries.ts';
import type { Logger } from '../../core/ports/logger.ts';

/** CRC-32 of key, offset and content, little-endian, before the content. */
const HEAD_BYTES = 4;
/** Ranges that wait to be written; more are not kept. */
const QUEUED_BYTES_MAX = 64 * 1024 * 1024;
const TEMP_SUFFIX = '~';

export interface RangeFilesOptions {
  /** The cache's own: what is no range is removed. */
  readonly folder: string;
  readonly bytesMax: number;
}

/**
 * Ranges as files `<folder>/<key>/<offset>+<length>`, up to a total size, object by object; the object that was not read
 * for longest goes first. Nothing is synced: a file that a crash left half fails its checksum. Takes over what an earlier
 * process left. Error: Unavailable, when the folder cannot be used.
 */
export function openRangeFiles(options: RangeFilesOptions, logger: Logger): RangeFiles {
  try {
    return new DiskRanges(resolve(options.folder), options.bytesMax, logger);
  } catch (caught) {
    throw new ElanusError('Unavailable', 'the folder of the cache cannot be used', {
      context: { folder: options.folder, reason: (caught as Error).message },
      cause: caught,
    });
  }
}

class DiskRanges implements RangeFiles {
  readonly #folder: string;
  readonly #logger: Logger;
  /** Sizes of the files of each key by name. */
  readonly #objects: RecentEntries<Map<string, number>>;
  /** Changes of files, one after the other. */
  #changes: Promise<void> = Promise.resolve();
  #queuedBytes = 0;

  constructor(folder: string, bytesMax: number, logger: Logger) {
    this.#folder = folder;
    this.#logger = logger;
    this.#objects = new RecentEntries(bytesMax, (key) => this.#remove(key));
    mkdirSync(folder, { recursive: true });
    for (const [key, files] of filesByKey(folder)) this.#enter(key, files);
  }

  async read(key: string, offset: number, into: Uint8Array): Promise<boolean> {
    const name = `${offset}+${into.length}`;
    if (!this.#objects.get(key)?.has(name)) return false;
    const head = new Uint8Array(HEAD_BYTES);
    try {
      const file = await open(join(this.#folder, key, name));
      try {
        const { bytesRead } = await file.readv([head, into]);
        if (bytesRead === HEAD_BYTES + into.length && sameSum(head, checksum(key, offset, into))) return true;
      } finally {
        await file.close();
      }
      this.#logger.warn('a cached range is damaged and was removed', { key, offset, bytes: into.length });
    } catch (caught) {
      // Removed meanwhile, most likely.
      this.#logger.debug('a cached range cannot be read', { key, offset, reason: (caught as Error).message });
    }
    this.delete(key);
    return false;
  }

  add(key: string, offset: number, bytes: Uint8Array): void {
    const size = HEAD_BYTES + bytes.length;
    if (this.#queuedBytes + size > QUEUED_BYTES_MAX) return;
    this.#queuedBytes += size;
    this.#change(async () => {
      this.#queuedBytes -= size;
      const name = `${offset}+${bytes.length}`;
      const path = join(this.#folder, key, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}${TEMP_SUFFIX}`, [checksum(key, offset, bytes), bytes]);
      await rename(`${path}${TEMP_SUFFIX}`, path);
      const files = this.#objects.get(key) ?? new Map<string, number>();
      this.#enter(key, files.set(name, size));
    });
  }

  delete(key: string): void {
    this.#drop(key);
    // A range that is being written is entered later.
    if (this.#queuedBytes > 0) this.#change(async () => this.#drop(key));
  }

  async close(): Promise<void> {
    // A change may ask for another one, to make room.
    for (let last: unknown; last !== this.#changes; ) {
      last = this.#changes;
      await last;
    }
  }

  #enter(key: string, files: Map<string, number>): void {
    let total = 0;
    for (const bytes of files.values()) total += bytes;
    this.#objects.set(key, files, total);
  }

  #drop(key: string): void {
    if (this.#objects.get(key) === undefined) return;
    this.#objects.delete(key);
    this.#remove(key);
  }

  #remove(key: string): void {
    this.#change(() => rm(join(this.#folder, key), { recursive: true, force: true }));
  }

  #change(change: () => Promise<void>): void {
    this.#changes = this.#changes.then(change).catch((caught: unknown) => {
      this.#logger.warn('the cache on disk cannot be changed', { reason: (caught as Error).message });
    });
  }
}

/** The ranges below a folder, the objects that were written last at the end. Everything else there is removed. */
function filesByKey(folder: string): Iterable<[string, Map<string, number>]> {
  const found = new Map<string, { readonly files: Map<string, number>; newestMs: number }>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { size, mtimeMs } = statSync(path);
    const length = /^\d+\+(\d+)$/.exec(entry.name)?.[1];
    if (length === undefined || size !== HEAD_BYTES + Number(length)) {
      rmSync(path);
      continue;
    }
    const key = relative(folder, entry.parentPath).split(sep).join('/');
    const object = found.get(key) ?? { files: new Map<string, number>(), newestMs: 0 };
    object.files.set(entry.name, size);
    object.newestMs = Math.max(object.newestMs, mtimeMs);
    found.set(key, object);
  }
  return [...found]
    .sort(([, a], [, b]) => a.newestMs - b.newestMs)
    .map(([key, { files }]): [string, Map<string, number>] => [key, files]);
}

function checksum(key: string, offset: number, content: Uint8Array): Uint8Array {
  const sum = new Uint8Array(HEAD_BYTES);
  new DataView(sum.buffer).setUint32(0, crc32(content, crc32(`${key}\n${offset}`)), true);
  return sum;
}

function sameSum(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}
