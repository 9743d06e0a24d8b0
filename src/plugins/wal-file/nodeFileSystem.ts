import fs from 'node:fs';
import path from 'node:path';
import type { FileSystem, WalFile } from './fileSystem.ts';

/** Each write returns when it is on the disk, as with fdatasync behind it, for one trip to another thread less. Not on Windows. */
const SYNCED_WRITES = fs.constants.O_DSYNC ?? 0;
/** The kernel syncs a synced write page group by page group; from here on write and fdatasync together take less time. */
const PLAIN_BYTES_MIN = 256 * 1024;
const NEW_FILE = fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL | SYNCED_WRITES;

/** The coarsest clock of a file system that stamps directories, and then some. */
const STAMP_MS_MAX = 2_500;

interface Listing {
  readonly inode: number;
  readonly changedMs: number;
  readonly names: readonly string[];
}

/** Of directories that had not changed for so long that every later change gives them another stamp. By path. */
const settledListings = new Map<string, Listing>();

/** One system call for a directory that is as it was seconds ago, four for others: a log writer asks twice a batch. */
function listNames(directory: string): string[] {
  const stats = fs.statSync(directory, { throwIfNoEntry: false });
  if (stats === undefined) {
    settledListings.delete(directory);
    return [];
  }
  const settled = settledListings.get(directory);
  if (settled?.changedMs === stats.mtimeMs && settled.inode === stats.ino) return [...settled.names];
  const names = readNames(directory);
  if (Date.now() - stats.mtimeMs > STAMP_MS_MAX)
    settledListings.set(directory, { inode: stats.ino, changedMs: stats.mtimeMs, names });
  else settledListings.delete(directory);
  return [...names];
}

function readNames(directory: string): readonly string[] {
  try {
    return fs.readdirSync(directory);
  } catch (caught) {
    if (caught instanceof Error && 'code' in caught && caught.code === 'ENOENT') return [];
    throw caught;
  }
}

/** The real one. Callbacks and descriptors, not FileHandle: a few µs less a call. */
export const nodeFileSystem: FileSystem = {
  async makeDirectory(directory) {
    const first = await call<string | undefined>((done) => fs.mkdir(directory, { recursive: true }, done));
    if (first === undefined) return;
    for (let made = path.resolve(directory); ; made = path.dirname(made)) {
      await nodeFileSystem.syncDirectory(path.dirname(made));
      if (made === path.resolve(first)) return;
    }
  },

  listNames,

  async create(file) {
    const fd = await openFile(file, NEW_FILE);
    return new NodeFile(fd, SYNCED_WRITES === 0 ? undefined : await openAgain(file));
  },
  openToRead: async (file) => new NodeFile(await openFile(file, 'r')),
  openToWrite: async (file) => new NodeFile(await openFile(file, 'r+')),
  link: (file, newFile) => call((done) => fs.link(file, newFile, done)),
  remove: (file) => call((done) => fs.unlink(file, done)),

  async syncDirectory(directory) {
    const fd = await call<number>((done) => fs.open(directory, 'r', done));
    try {
      await call<void>((done) => fs.fsync(fd, done));
    } finally {
      await call<void>((done) => fs.close(fd, done));
    }
  },

  watch(directory, onChange) {
    const watcher = fs.watch(directory, { persistent: false }, (_event, name) => onChange(name ?? undefined));
    // A watch that breaks wakes the reader once more; its next call then meets the cause.
    watcher.on('error', () => onChange(undefined));
    return () => watcher.close();
  },
};

function openFile(file: string, flags: string | number): Promise<number> {
  return call<number>((done) => fs.open(file, flags, 0o640, done));
}

/** A second descriptor, without synced writes; undefined when there is none, as of a file that another instance removed already. */
async function openAgain(file: string): Promise<number | undefined> {
  try {
    return await openFile(file, 'r+');
  } catch {
    // Whatever the cause, the first descriptor does all that this one does, if slower.
    return undefined;
  }
}

class NodeFile implements WalFile {
  readonly #fd: number;
  /** Of the same file, without synced writes; undefined when `#fd` has none either. */
  readonly #plainFd: number | undefined;
  /** Something other than a synced write changed the file. */
  #isDirty = false;

  constructor(fd: number, plainFd?: number) {
    this.#fd = fd;
    this.#plainFd = plainFd;
  }

  read(into: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return call((done) => fs.read(this.#fd, into, offset, length, position, done));
  }

  writev(buffers: readonly Uint8Array[], position: number): Promise<number> {
    const fd = this.#fdFor(buffers);
    if (buffers.length === 1) {
      const only = buffers[0]!;
      return call((done) => fs.write(fd, only, 0, only.length, position, done));
    }
    return call((done) => fs.writev(fd, buffers, position, done));
  }

  async datasync(): Promise<void> {
    if (this.#plainFd !== undefined && !this.#isDirty) return;
    this.#isDirty = false;
    await call<void>((done) => fs.fdatasync(this.#fd, done));
  }

  truncate(bytes: number): Promise<void> {
    this.#isDirty = true;
    return call((done) => fs.ftruncate(this.#fd, bytes, done));
  }

  async size(): Promise<number> {
    return (await call<fs.Stats>((done) => fs.fstat(this.#fd, done))).size;
  }

  async close(): Promise<void> {
    if (this.#plainFd !== undefined) await closeFile(this.#plainFd);
    await closeFile(this.#fd);
  }

  #fdFor(buffers: readonly Uint8Array[]): number {
    if (this.#plainFd === undefined) return this.#fd;
    let bytes = 0;
    for (const { length } of buffers) bytes += length;
    if (bytes < PLAIN_BYTES_MIN) return this.#fd;
    this.#isDirty = true;
    return this.#plainFd;
  }
}

function closeFile(fd: number): Promise<void> {
  return call((done) => fs.close(fd, done));
}

function call<T>(start: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null || error === undefined ? resolve(value as T) : reject(error)));
  });
}
