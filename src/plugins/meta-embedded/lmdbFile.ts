import { type Database, open } from 'lmdb';
import { ElanusError } from '../../core/domain/errors.ts';
import type { MetaEntry } from '../../core/ports/metaStore.ts';
import { commitError, storeError } from './errors.ts';
import {
  decodeEntry,
  decodeRevision,
  encodeRevision,
  entryKey,
  entryRange,
  FORMAT,
  FORMAT_KEY,
  keyOf,
  LEASED_RANGE,
  leasedKey,
  REVISION_KEY,
} from './records.ts';

/** What one key becomes: a record, or undefined = deleted. */
export interface Change {
  readonly record: Buffer | undefined;
  readonly leased: boolean;
}

/** The LMDB file: reads of what is committed, and commits that are on disk when they resolve. One thread only. */
export class LmdbFile {
  readonly path: string;
  readonly #db: Database<Buffer, Buffer>;

  constructor(path: string) {
    this.path = path;
    this.#db = openDatabase(path);
  }

  /** Writes the format of a new file, or checks it. Errors: Corrupt, Exhausted, Unavailable. */
  async prepare(): Promise<void> {
    const format = this.#get(FORMAT_KEY)?.toString('latin1');
    if (format === FORMAT) return;
    if (format !== undefined) {
      throw new ElanusError('Corrupt', 'catalogue has an unknown format', {
        context: { path: this.path, format },
      });
    }
    await this.#write(FORMAT.length, () => {
      void this.#db.put(FORMAT_KEY, Buffer.from(FORMAT, 'latin1'));
      void this.#db.put(REVISION_KEY, encodeRevision(0n));
    });
  }

  revision(): bigint {
    const record = this.#get(REVISION_KEY);
    if (record === undefined) {
      throw new ElanusError('Corrupt', 'catalogue has no revision', { context: { path: this.path } });
    }
    return decodeRevision(record);
  }

  entry(key: string): MetaEntry | undefined {
    const record = this.#get(entryKey(key));
    return record && decodeEntry(key, record);
  }

  /** Revision of `key`, 0n = absent. */
  revisionOf(key: string): bigint {
    try {
      // Memory of LMDB, valid until the next read and longer than the record: good for its first bytes.
      const record = this.#db.getBinaryFast(entryKey(key));
      return record === undefined ? 0n : decodeRevision(record);
    } catch (caught) {
      throw storeError(caught, this.path);
    }
  }

  range(prefix: string, afterKey: string | undefined, limit: number): MetaEntry[] {
    const found: MetaEntry[] = [];
    try {
      for (const { key, value } of this.#db.getRange({ ...entryRange(prefix, afterKey), limit })) {
        found.push(decodeEntry(keyOf(key), value));
      }
    } catch (caught) {
      throw storeError(caught, this.path);
    }
    return found;
  }

  leasedKeys(): string[] {
    return [...this.#db.getKeys(LEASED_RANGE)].map(keyOf);
  }

  /**
   * Makes all changes and the revision in one LMDB transaction; resolves when fdatasync and the write of the meta page
   * have returned. All or nothing. Errors: Exhausted, Corrupt, Unavailable (nothing happened), Unknown.
   */
  async commit(revision: bigint, changes: ReadonlyMap<string, Change>): Promise<void> {
    let bytes = 0;
    for (const [key, { record }] of changes) bytes += key.length + (record?.length ?? 0);
    await this.#write(bytes, () => {
      void this.#db.put(REVISION_KEY, encodeRevision(revision));
      for (const [key, { record, leased }] of changes) {
        if (record === undefined) void this.#db.remove(entryKey(key));
        else void this.#db.put(entryKey(key), record);
        if (leased) void this.#db.put(leasedKey(key), Buffer.alloc(0));
        else void this.#db.remove(leasedKey(key));
      }
    });
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  /** A copy. */
  #get(key: Buffer): Buffer | undefined {
    try {
      return this.#db.getBinary(key);
    } catch (caught) {
      throw storeError(caught, this.path);
    }
  }

  /** The promises of single operations inside a batch tell nothing; the batch's own tells all. */
  async #write(bytes: number, operations: () => void): Promise<void> {
    try {
      await this.#db.batch(operations);
    } catch (caught) {
      throw await commitError(caught, this.path, bytes);
    }
  }
}

function openDatabase(path: string): Database<Buffer, Buffer> {
  try {
    return open<Buffer, Buffer>({
      path,
      noSubdir: false,
      maxDbs: 1,
      keyEncoding: 'binary',
      encoding: 'binary',
      // A commit is then visible only when it is durable, and resolves then: no reader sees what may be lost.
      overlappingSync: false,
      // Otherwise a failed commit also rejects a promise inside lmdb that nobody can handle, which ends the process.
      eventTurnBatching: false,
    });
  } catch (caught) {
    throw storeError(caught, path);
  }
}
