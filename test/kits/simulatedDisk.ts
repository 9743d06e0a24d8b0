import type { FileSystem, WalFile } from '../../src/plugins/wal-file/fileSystem.ts';

/** A write or cut that was not yet synced, in order. */
type PendingChange = { readonly at: number; readonly bytes: Uint8Array } | { readonly cutTo: number };

interface Inode {
  /** What processes see. */
  bytes: Uint8Array;
  /** What survives power loss for certain. */
  durable: Uint8Array;
  pending: PendingChange[];
  /** Failed syncs until now. As on Linux each is reported once to every file that was open then, and to no other. */
  failedSyncs: number;
}

interface Directory {
  names: Map<string, Inode>;
  durable: Map<string, Inode>;
}

const SECTOR_BYTES = 64;

/**
 * A disk with a page cache in front, in memory. Power loss keeps what was synced, and of each unsynced change all, nothing or
 * some sectors; an unsynced directory entry appears or not. Every call takes a seeded number of turns, so that calls of
 * several processes interleave differently from seed to seed.
 */
export class SimulatedDisk {
  readonly #directories = new Map<string, Directory>();
  readonly #random: () => number;
  readonly #watchers = new Set<{ readonly directory: string; readonly onChange: (name: string) => void }>();
  steps = 0;
  #boot = 0;
  #stopped = false;
  #stopAt = Number.POSITIVE_INFINITY;
  #failSyncIn = Number.POSITIVE_INFINITY;
  #spaceBytes = Number.POSITIVE_INFINITY;
  #shortens = false;

  constructor(random: () => number) {
    this.#random = random;
  }

  stopAfter(steps: number): void {
    this.#stopAt = this.steps + steps;
  }

  failSyncAfter(syncs: number | undefined): void {
    this.#failSyncIn = syncs ?? Number.POSITIVE_INFINITY;
  }

  limitSpace(bytes: number | undefined): void {
    this.#spaceBytes = bytes ?? Number.POSITIVE_INFINITY;
  }

  shortenWrites(): void {
    this.#shortens = true;
  }

  restart(powerLost: boolean): void {
    this.#boot++;
    this.#stopped = false;
    this.#stopAt = Number.POSITIVE_INFINITY;
    this.#failSyncIn = Number.POSITIVE_INFINITY;
    this.#watchers.clear();
    if (powerLost) for (const directory of this.#directories.values()) this.#losePower(directory);
  }

  flipBit(random: () => number): string {
    const files = [...this.#directories].flatMap(([path, { names }]) =>
      [...names]
        .filter(([, inode]) => inode.bytes.length > 0)
        .map(([name, inode]) => ({ path, name, inode })),
    );
    const totalBytes = files.reduce((bytes, { inode }) => bytes + inode.bytes.length, 0);
    let at = Math.floor(random() * totalBytes);
    for (const { path, name, inode } of files) {
      if (at < inode.bytes.length) {
        const bit = Math.floor(random() * 8);
        inode.bytes[at]! ^= 1 << bit;
        inode.durable = inode.bytes.slice();
        inode.pending = [];
        return `bit ${bit} of byte ${at} of ${inode.bytes.length} in ${path}/${name}`;
      }
      at -= inode.bytes.length;
    }
    throw new Error('nothing is stored');
  }

  /** The disk as processes started since the last restart see it; it fails for them after the next one. */
  fileSystem(): FileSystem {
    const boot = this.#boot;
    const step = (): Promise<void> => this.#step(boot);
    return {
      makeDirectory: async (path) => {
        await step();
        this.#directory(path);
      },
      listNames: (path) => {
        this.#requireUp(boot);
        return [...(this.#directories.get(path)?.names.keys() ?? [])];
      },
      create: async (path) => {
        await step();
        const [directory, name] = this.#locate(path);
        if (directory.names.has(name)) throw systemError('EEXIST', path);
        const inode: Inode = {
          bytes: new Uint8Array(0),
          durable: new Uint8Array(0),
          pending: [],
          failedSyncs: 0,
        };
        directory.names.set(name, inode);
        this.#changed(path);
        return this.#open(inode, path, step);
      },
      openToRead: async (path) => {
        await step();
        return this.#open(this.#find(path), path, step);
      },
      openToWrite: async (path) => {
        await step();
        return this.#open(this.#find(path), path, step);
      },
      link: async (path, newPath) => {
        await step();
        const inode = this.#find(path);
        const [directory, name] = this.#locate(newPath);
        if (directory.names.has(name)) throw systemError('EEXIST', newPath);
        directory.names.set(name, inode);
        this.#changed(newPath);
      },
      remove: async (path) => {
        await step();
        const inode = this.#find(path);
        const [directory, name] = this.#locate(path);
        directory.names.delete(name);
        if (![...directory.names.values()].includes(inode)) this.#spaceBytes += inode.bytes.length;
        this.#changed(path);
      },
      syncDirectory: async (path) => {
        await step();
        this.#countSync(path);
        const directory = this.#directory(path);
        directory.durable = new Map(directory.names);
      },
      watch: (directory, onChange) => {
        const watcher = { directory, onChange };
        this.#watchers.add(watcher);
        return () => this.#watchers.delete(watcher);
      },
    };
  }

  #open(inode: Inode, path: string, step: () => Promise<void>): WalFile {
    let reportedFailures = inode.failedSyncs;
    return {
      read: async (into, offset, length, position) => {
        await step();
        const part = inode.bytes.subarray(position, position + length);
        into.set(part, offset);
        return part.length;
      },
      writev: async (buffers, position) => {
        const joined = new Uint8Array(Buffer.concat(buffers));
        // The step that stops the machine may have written a part.
        const isLast = this.steps === this.#stopAt;
        if (isLast)
          this.#write(inode, position, joined.subarray(0, Math.floor(this.#random() * joined.length)));
        await step();
        let wanted = joined;
        if (this.#shortens && joined.length > 1)
          wanted = joined.subarray(0, 1 + Math.floor(this.#random() * joined.length));
        const roomBytes = Math.max(0, inode.bytes.length - position) + this.#spaceBytes;
        const fits = wanted.subarray(0, Math.min(wanted.length, roomBytes));
        if (fits.length === 0 && wanted.length > 0) throw systemError('ENOSPC', path);
        this.#write(inode, position, fits);
        this.#changed(path);
        return fits.length;
      },
      datasync: async () => {
        // What is written while the sync runs may or may not be part of it: here it is not.
        const wanted = new Set(inode.pending);
        await step();
        try {
          this.#countSync(path);
        } catch (caught) {
          // As Linux does: the pages count as clean from now on, whether they reached the disk or not.
          inode.pending = [];
          inode.failedSyncs++;
          reportedFailures = inode.failedSyncs;
          throw caught;
        }
        if (reportedFailures < inode.failedSyncs) {
          reportedFailures = inode.failedSyncs;
          throw systemError('EIO', path);
        }
        for (const change of inode.pending)
          if (wanted.has(change)) inode.durable = applyWhole(inode.durable, change);
        inode.pending = inode.pending.filter((change) => !wanted.has(change));
      },
      truncate: async (bytes) => {
        await step();
        this.#spaceBytes += inode.bytes.length - bytes;
        inode.bytes = inode.bytes.slice(0, bytes);
        inode.pending.push({ cutTo: bytes });
        this.#changed(path);
      },
      size: async () => {
        await step();
        return inode.bytes.length;
      },
      close: async () => undefined,
    };
  }

  #write(inode: Inode, at: number, bytes: Uint8Array): void {
    this.#spaceBytes -= Math.max(0, at + bytes.length - inode.bytes.length);
    inode.bytes = withBytes(inode.bytes, at, bytes);
    inode.pending.push({ at, bytes: bytes.slice() });
  }

  async #step(boot: number): Promise<void> {
    this.#requireUp(boot);
    if (this.steps++ >= this.#stopAt) {
      this.#stopped = true;
      throw systemError('EIO', 'the machine');
    }
    const turns = Math.floor(this.#random() * 4);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    // Now and then a call waits for the event loop, as all real ones do.
    if (this.#random() < 0.2) await new Promise((resolve) => setImmediate(resolve));
    this.#requireUp(boot);
  }

  #requireUp(boot: number): void {
    if (this.#stopped || boot !== this.#boot) throw systemError('EIO', 'the machine');
  }

  #countSync(path: string): void {
    if (this.#failSyncIn-- === 0) throw systemError('EIO', path);
  }

  #losePower(directory: Directory): void {
    const names = new Map<string, Inode>();
    for (const name of new Set([...directory.durable.keys(), ...directory.names.keys()])) {
      const before = directory.durable.get(name);
      const after = directory.names.get(name);
      const survivor = before === after || this.#random() < 0.5 ? after : before;
      if (survivor !== undefined) names.set(name, survivor);
    }
    for (const inode of new Set(names.values())) {
      for (const change of inode.pending) inode.durable = this.#applyInPart(inode.durable, change);
      inode.bytes = inode.durable.slice();
      inode.pending = [];
    }
    directory.names = names;
    directory.durable = new Map(names);
  }

  #applyInPart(bytes: Uint8Array, change: PendingChange): Uint8Array {
    const dice = this.#random();
    if (dice < 0.3) return bytes;
    if (dice < 0.6 || 'cutTo' in change) return applyWhole(bytes, change);
    let result = bytes;
    for (let from = 0; from < change.bytes.length; from += SECTOR_BYTES) {
      if (this.#random() < 0.5) continue;
      result = withBytes(result, change.at + from, change.bytes.subarray(from, from + SECTOR_BYTES));
    }
    return result;
  }

  #changed(path: string): void {
    const [directory, name] = splitPath(path);
    for (const watcher of this.#watchers) {
      if (watcher.directory === directory) setImmediate(() => watcher.onChange(name));
    }
  }

  #directory(path: string): Directory {
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const made: Directory = { names: new Map(), durable: new Map() };
    this.#directories.set(path, made);
    return made;
  }

  #find(path: string): Inode {
    const [directory, name] = this.#locate(path);
    const inode = directory.names.get(name);
    if (inode === undefined) throw systemError('ENOENT', path);
    return inode;
  }

  #locate(path: string): [Directory, string] {
    const [directory, name] = splitPath(path);
    return [this.#directory(directory), name];
  }
}

function splitPath(path: string): [string, string] {
  const at = path.lastIndexOf('/');
  return [path.slice(0, at), path.slice(at + 1)];
}

function applyWhole(bytes: Uint8Array, change: PendingChange): Uint8Array {
  return 'cutTo' in change ? bytes.slice(0, change.cutTo) : withBytes(bytes, change.at, change.bytes);
}

function withBytes(bytes: Uint8Array, at: number, written: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.max(bytes.length, at + written.length));
  result.set(bytes);
  result.set(written, at);
  return result;
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
