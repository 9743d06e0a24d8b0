import { ElanusError, type ErrorKind, invalid } from '../../core/domain/errors.ts';
import type { Clock } from '../../core/ports/clock.ts';
import {
  checkObjectKey,
  checkObjectLimit,
  checkObjectPrefix,
  checkObjectRange,
} from '../../core/ports/objectKeys.ts';
import type { ObjectContent, ObjectInfo, ObjectStore, ObjectVersion } from '../../core/ports/objectStore.ts';
import { SortedKeys } from './sortedKeys.ts';

/** What the stores of several simulated processes share. */
export class MemoryObjectState {
  readonly objects = new Map<string, ObjectContent>();
  readonly keys = new SortedKeys();
  versions = 0;
}

/** An ObjectStore in memory. As on a file system, no key may be a folder of another one. */
export class MemoryObjectStore implements ObjectStore {
  readonly #clock: Clock;
  readonly #state: MemoryObjectState;
  #closed = false;

  constructor(deps: { readonly clock: Clock }, state = new MemoryObjectState()) {
    this.#clock = deps.clock;
    this.#state = state;
  }

  async put(key: string, bytes: Uint8Array): Promise<ObjectVersion> {
    this.#check(key);
    return this.#write(key, bytes);
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<ObjectVersion> {
    this.#check(key);
    if (this.#state.objects.has(key)) throw failure('AlreadyExists', 'object exists', key);
    return this.#write(key, bytes);
  }

  async putIfMatch(key: string, bytes: Uint8Array, version: ObjectVersion): Promise<ObjectVersion> {
    this.#check(key);
    if (this.#state.objects.get(key)?.version !== version) {
      throw failure('Conflict', 'object has another version', key);
    }
    return this.#write(key, bytes);
  }

  async get(key: string): Promise<ObjectContent> {
    const object = this.#find(key);
    return { ...object, content: new Uint8Array(object.content) };
  }

  async getRange(key: string, offset: number, length: number, into: Uint8Array): Promise<void> {
    const { content } = this.#find(key);
    checkObjectRange(offset, length, into);
    if (offset + length > content.length) {
      throw invalid('range ends behind the object', { key, offset, length, bytes: content.length });
    }
    into.set(content.subarray(offset, offset + length));
  }

  async head(key: string): Promise<ObjectInfo> {
    return infoOf(this.#find(key));
  }

  async list(
    prefix: string,
    options: { readonly afterKey?: string; readonly limit?: number } = {},
  ): Promise<readonly ObjectInfo[]> {
    this.#checkOpen();
    checkObjectPrefix(prefix);
    const { keys, objects } = this.#state;
    const found = keys.range(prefix, options.afterKey, checkObjectLimit(options.limit));
    return found.map((key) => infoOf(objects.get(key)!));
  }

  async delete(key: string): Promise<void> {
    this.#check(key);
    this.#state.objects.delete(key);
    this.#state.keys.delete(key);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #write(key: string, bytes: Uint8Array): ObjectVersion {
    this.#checkFolders(key);
    const version = `v${++this.#state.versions}`;
    const modifiedMs = this.#clock.nowMs();
    const content = new Uint8Array(bytes);
    this.#state.objects.set(key, { key, bytes: content.length, version, modifiedMs, content });
    this.#state.keys.add(key);
    return version;
  }

  #checkFolders(key: string): void {
    const { keys, objects } = this.#state;
    const [below] = keys.range(`${key}/`, undefined, 1);
    if (below !== undefined) throw invalid('key is a folder of another object', { key, other: below });
    for (let end = key.indexOf('/'); end > 0; end = key.indexOf('/', end + 1)) {
      const folder = key.slice(0, end);
      if (objects.has(folder)) throw invalid('a folder of the key is an object', { key, other: folder });
    }
  }

  #find(key: string): ObjectContent {
    this.#check(key);
    const object = this.#state.objects.get(key);
    if (object === undefined) throw failure('NotFound', 'object not found', key);
    return object;
  }

  #check(key: string): void {
    this.#checkOpen();
    checkObjectKey(key);
  }

  #checkOpen(): void {
    if (this.#closed) throw new ElanusError('Closed', 'object store is closed');
  }
}

function infoOf({ key, bytes, version, modifiedMs }: ObjectInfo): ObjectInfo {
  return { key, bytes, version, modifiedMs };
}

function failure(kind: ErrorKind, message: string, key: string): ElanusError {
  return new ElanusError(kind, message, { context: { key } });
}
