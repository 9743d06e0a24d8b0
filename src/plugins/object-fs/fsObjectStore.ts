import type { FileHandle } from 'node:fs/promises';
import { link, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ElanusError, invalid } from '../../core/domain/errors.ts';
import {
  checkObjectKey,
  checkObjectLimit,
  checkObjectPrefix,
  checkObjectRange,
} from '../../core/ports/objectKeys.ts';
import type { ObjectContent, ObjectInfo, ObjectStore, ObjectVersion } from '../../core/ports/objectStore.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import type { ObjectFsConfig } from './config.ts';
import { codeOf, fsError, isMissing, unsyncedError } from './errors.ts';
import { versionOf } from './fileVersion.ts';
import { Folders, makeRoot, syncFolder } from './folders.ts';
import { KeyMutex } from './keyMutex.ts';
import { listObjects, OWN_NAME_PREFIX } from './listing.ts';
import { ProcessLock } from './processLock.ts';
import { TempFiles } from './tempFiles.ts';

/** Larger objects are not written before a look whether the name is taken. */
const UNSEEN_BYTES_MAX = 64 * 1024;
/** Another process that removes empty folders may win this often before a write gives up. */
const FOLDER_ATTEMPTS_MAX = 8;

/** Opens the store in the folder `config.path` and removes what dead writers left. Errors: Unavailable, Exhausted. */
export async function openFsObjectStore(config: ObjectFsConfig, deps: PluginDeps): Promise<ObjectStore> {
  const root = resolve(config.path);
  const temps = new TempFiles(join(root, `${OWN_NAME_PREFIX}temp`), deps);
  try {
    await makeRoot(root);
    await temps.open();
    await syncFolder(root);
  } catch (caught) {
    temps.close();
    throw fsError(caught, 'open', { path: root });
  }
  return new FsObjectStore(root, temps, new ProcessLock(join(root, `${OWN_NAME_PREFIX}lock`), deps.clock));
}

/**
 * An object is the file <root>/<key>; no key can be a folder of another one (Invalid). A put writes a temp file, syncs it
 * and renames it onto the key; putIfAbsent links it there instead, which fails when the name is taken.
 * Writers of one key take turns in this process. Between processes putIfAbsent and putIfMatch are exact among themselves;
 * a put or delete of another process may slip in between the compare and the rename of a putIfMatch.
 */
class FsObjectStore implements ObjectStore {
  readonly #root: string;
  readonly #temps: TempFiles;
  readonly #folders: Folders;
  readonly #lock: ProcessLock;
  readonly #writers = new KeyMutex();
  #running = 0;
  /** Resolves when the last call ended; undefined until close. */
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(root: string, temps: TempFiles, lock: ProcessLock) {
    this.#root = root;
    this.#temps = temps;
    this.#folders = new Folders(root);
    this.#lock = lock;
  }

  put(key: string, bytes: Uint8Array): Promise<ObjectVersion> {
    return this.#onKey('put', key, (path) => this.#write(key, path, bytes, (temp) => rename(temp, path)));
  }

  putIfAbsent(key: string, bytes: Uint8Array): Promise<ObjectVersion> {
    return this.#onKey('putIfAbsent', key, async (path) => {
      // Spares the loser the writing; link decides.
      if (bytes.length > UNSEEN_BYTES_MAX && (await this.#find(path)) !== undefined) throw alreadyExists(key);
      return this.#write(key, path, bytes, (temp) => linkNew(temp, path, key), 'stays');
    });
  }

  putIfMatch(key: string, bytes: Uint8Array, version: ObjectVersion): Promise<ObjectVersion> {
    return this.#onKey('putIfMatch', key, async (path) => {
      await this.#compare(key, path, version);
      return this.#write(key, path, bytes, (temp) =>
        this.#lock.run(async () => {
          await this.#compare(key, path, version);
          await rename(temp, path);
        }),
      );
    });
  }

  get(key: string): Promise<ObjectContent> {
    return this.#onFile('get', key, async (file) => {
      const info = { key, ...versionOf(await file.stat({ bigint: true })) };
      const content = new Uint8Array(info.bytes);
      await readAll(file, key, 0, info.bytes, content);
      return { ...info, content };
    });
  }

  getRange(key: string, offset: number, length: number, into: Uint8Array): Promise<void> {
    return this.#onFile('getRange', key, async (file) => {
      checkObjectRange(offset, length, into);
      await readAll(file, key, offset, length, into);
    });
  }

  head(key: string): Promise<ObjectInfo> {
    return this.#onRead('head', key, async (path) => {
      const stats = await stat(path, { bigint: true });
      if (!stats.isFile()) throw notFound(key);
      return { key, ...versionOf(stats) };
    });
  }

  list(
    prefix: string,
    options: { readonly afterKey?: string; readonly limit?: number } = {},
  ): Promise<readonly ObjectInfo[]> {
    return this.#run('list', { prefix }, () => {
      checkObjectPrefix(prefix);
      const limit = checkObjectLimit(options.limit);
      return listObjects(this.#root, { prefix, afterKey: options.afterKey, limit });
    });
  }

  delete(key: string): Promise<void> {
    return this.#onKey('delete', key, async (path) => {
      if ((await this.#find(path)) === undefined) return;
      await unlinkIfThere(path);
      const folder = this.#folders.prune(dirname(path));
      await this.#folders.syncNearest(folder).catch((caught: unknown) => {
        throw unsyncedError(caught, { key, folder });
      });
    });
  }

  async close(): Promise<void> {
    this.#idle ??= Promise.withResolvers();
    this.#settleClose();
    await this.#idle.promise;
    this.#temps.close();
    this.#lock.close();
  }

  /** Temp file, then `publish` gives it its name, then the folder is synced; meanwhile a temp name that stayed goes. */
  async #write(
    key: string,
    path: string,
    bytes: Uint8Array,
    publish: (temp: string) => Promise<void>,
    nameAfter: 'moved' | 'stays' = 'moved',
  ): Promise<ObjectVersion> {
    const temp = await this.#temps.write(bytes);
    const leftovers = [temp.closed];
    try {
      await this.#publish(dirname(path), key, async () => {
        await publish(temp.path);
        if (nameAfter === 'stays') leftovers.push(this.#temps.remove(temp.path));
      });
    } catch (caught) {
      leftovers.push(this.#temps.remove(temp.path));
      throw caught;
    } finally {
      await Promise.all(leftovers);
    }
    return temp.version.version;
  }

  async #publish(folder: string, key: string, publish: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#folders.hold(folder, async () => {
          await publish();
          await syncFolder(folder).catch((caught: unknown) => {
            throw unsyncedError(caught, { key, folder });
          });
        });
      } catch (caught) {
        if (codeOf(caught) !== 'ENOENT') throw caught;
        if (attempt === FOLDER_ATTEMPTS_MAX) throw folderGone(caught, key, folder);
      }
    }
  }

  async #compare(key: string, path: string, version: ObjectVersion): Promise<void> {
    const found = await this.#find(path);
    if (found === version) return;
    throw new ElanusError('Conflict', 'object has another version', { context: { key, version, found } });
  }

  /** The version of the object at `path`; undefined when there is none. */
  async #find(path: string): Promise<ObjectVersion | undefined> {
    try {
      const stats = await stat(path, { bigint: true });
      return stats.isFile() ? versionOf(stats).version : undefined;
    } catch (caught) {
      if (isMissing(caught)) return undefined;
      throw caught;
    }
  }

  #onKey<Result>(operation: string, key: string, action: (path: string) => Promise<Result>): Promise<Result> {
    return this.#onPath(operation, key, (path) => this.#writers.run(key, () => action(path)));
  }

  #onFile<Result>(
    operation: string,
    key: string,
    action: (file: FileHandle) => Promise<Result>,
  ): Promise<Result> {
    return this.#onRead(operation, key, async (path) => {
      const file = await open(path, 'r');
      try {
        return await action(file);
      } finally {
        await file.close();
      }
    });
  }

  /** A folder, or a name below an object, is no object. */
  #onRead<Result>(
    operation: string,
    key: string,
    action: (path: string) => Promise<Result>,
  ): Promise<Result> {
    return this.#onPath(operation, key, async (path) => {
      try {
        return await action(path);
      } catch (caught) {
        throw isMissing(caught) ? notFound(key) : caught;
      }
    });
  }

  #onPath<Result>(
    operation: string,
    key: string,
    action: (path: string) => Promise<Result>,
  ): Promise<Result> {
    return this.#run(operation, { key }, () => {
      checkObjectKey(key);
      return action(join(this.#root, key));
    });
  }

  async #run<Result>(
    operation: string,
    context: Readonly<Record<string, string>>,
    action: () => Promise<Result>,
  ): Promise<Result> {
    if (this.#idle !== undefined) throw new ElanusError('Closed', 'object store is closed', { context });
    this.#running++;
    try {
      return await action();
    } catch (caught) {
      throw fsError(caught, operation, context);
    } finally {
      this.#running--;
      this.#settleClose();
    }
  }

  #settleClose(): void {
    if (this.#running === 0) this.#idle?.resolve();
  }
}

async function linkNew(temp: string, path: string, key: string): Promise<void> {
  try {
    await link(temp, path);
  } catch (caught) {
    if (codeOf(caught) !== 'EEXIST' || (await stat(path)).isDirectory()) throw caught;
    throw alreadyExists(key);
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (caught) {
    if (codeOf(caught) !== 'ENOENT') throw caught;
  }
}

/** Reads exactly [offset, offset + length); Node reads into shared memory too. */
async function readAll(
  file: FileHandle,
  key: string,
  offset: number,
  length: number,
  into: Uint8Array,
): Promise<void> {
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(into, done, length - done, offset + done);
    if (bytesRead === 0) {
      const bytes = (await file.stat()).size;
      throw invalid('range ends behind the object', { key, offset, length, bytes });
    }
    done += bytesRead;
  }
}

function alreadyExists(key: string): ElanusError {
  return new ElanusError('AlreadyExists', 'object exists', { context: { key } });
}

function folderGone(cause: unknown, key: string, folder: string): ElanusError {
  const context = { key, folder, attempts: FOLDER_ATTEMPTS_MAX };
  return new ElanusError('Unavailable', 'object store: the folder was removed again and again', {
    context,
    cause,
  });
}

function notFound(key: string): ElanusError {
  return new ElanusError('NotFound', 'object not found', { context: { key } });
}
