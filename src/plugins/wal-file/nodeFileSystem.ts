import fs from 'node:fs';
import path from 'node:path';
import type { FileSystem, WalFile } from './fileSystem.ts';

/** Each write returns when it is on the disk, as with fdatasync behind it, for one trip to another thread less. Not on Windows. */
const SYNCED_WRITES = fs.constants.O_DSYNC ?? 0;
const NEW_FILE = fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL | SYNCED_WRITES;

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

  listNames(directory) {
    try {
      return fs.readdirSync(directory);
    } catch (caught) {
      if (caught instanceof Error && 'code' in caught && caught.code === 'ENOENT') return [];
      throw caught;
    }
  },

  create: (file) => open(file, NEW_FILE, SYNCED_WRITES !== 0),
  openToRead: (file) => open(file, 'r'),
  openToWrite: (file) => open(file, 'r+'),
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

async function open(file: string, flags: string | number, writesAreSynced = false): Promise<WalFile> {
  return new NodeFile(await call<number>((done) => fs.open(file, flags, 0o640, done)), writesAreSynced);
}

class NodeFile implements WalFile {
  readonly #fd: number;
  /** What was written is on the disk when its call returns. */
  readonly #writesAreSynced: boolean;
  /** Something other than a synced write changed the file. */
  #isDirty = false;

  constructor(fd: number, writesAreSynced: boolean) {
    this.#fd = fd;
    this.#writesAreSynced = writesAreSynced;
  }

  read(into: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return call((done) => fs.read(this.#fd, into, offset, length, position, done));
  }

  writev(buffers: readonly Uint8Array[], position: number): Promise<number> {
    if (buffers.length === 1) {
      const only = buffers[0]!;
      return call((done) => fs.write(this.#fd, only, 0, only.length, position, done));
    }
    return call((done) => fs.writev(this.#fd, buffers, position, done));
  }

  async datasync(): Promise<void> {
    if (this.#writesAreSynced && !this.#isDirty) return;
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

  close(): Promise<void> {
    return call((done) => fs.close(this.#fd, done));
  }
}

function call<T>(start: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null || error === undefined ? resolve(value as T) : reject(error)));
  });
}
