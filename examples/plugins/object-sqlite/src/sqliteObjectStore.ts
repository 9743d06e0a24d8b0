import { DatabaseSync, type StatementSync } from 'node:sqlite';
import {
  type Clock,
  ElanusError,
  type ObjectContent,
  type ObjectInfo,
  type ObjectStore,
  type ObjectVersion,
  type PluginDeps,
} from 'elanus/plugin';
import {
  checkObjectKey,
  checkObjectLimit,
  checkObjectPrefix,
  checkObjectRange,
  invalid,
} from 'elanus/plugin/rules';
import type { ObjectSqliteConfig } from './config.ts';
import { sqliteError } from './errors.ts';

/** An object is stored in pieces, so that a range is read without the rest, and no blob meets SQLite's limit of 1 GB. */
const PIECE_BYTES = 1 << 20;

/** TEXT compares by its bytes. A version is never used again, since its counter only rises. */
const SCHEMA = `
  PRAGMA busy_timeout = 10000;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS objects (
    key TEXT PRIMARY KEY, bytes INTEGER NOT NULL, version INTEGER NOT NULL, modified_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS pieces (
    version INTEGER, number INTEGER, content BLOB NOT NULL, PRIMARY KEY (version, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY CHECK (id = 0), value INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO counter VALUES (0, 0);
`;

interface Row {
  readonly key: string;
  readonly bytes: number;
  readonly version: number;
  readonly modified_ms: number;
}

/** Errors: Unavailable (the folder is missing, another process holds the file too long), Corrupt. */
export function openSqliteObjectStore({ path }: ObjectSqliteConfig, deps: PluginDeps): ObjectStore {
  try {
    const database = new DatabaseSync(path);
    database.exec(SCHEMA);
    return new SqliteObjectStore(database, deps.clock);
  } catch (caught) {
    throw sqliteError(caught, 'open', false);
  }
}

/** SQLite works on the calling thread: a call takes as long as the disk does. */
class SqliteObjectStore implements ObjectStore {
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async put(key: string, bytes: Uint8Array): Promise<ObjectVersion> {
    return this.#write('put', key, () => this.#replace(key, bytes));
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<ObjectVersion> {
    return this.#write('putIfAbsent', key, () => {
      if (this.#find(key) !== undefined) throw failure('AlreadyExists', 'object exists', key);
      return this.#replace(key, bytes);
    });
  }

  async putIfMatch(key: string, bytes: Uint8Array, version: ObjectVersion): Promise<ObjectVersion> {
    return this.#write('putIfMatch', key, () => {
      const found = this.#find(key);
      if (found === undefined || String(found.version) !== version) {
        throw failure('Conflict', 'object has another version', key);
      }
      return this.#replace(key, bytes);
    });
  }

  async get(key: string): Promise<ObjectContent> {
    return this.#read('get', key, (row) => {
      const content = new Uint8Array(row.bytes);
      this.#copy(row, 0, content);
      return { ...infoOf(row), content };
    });
  }

  async getRange(key: string, offset: number, length: number, into: Uint8Array): Promise<void> {
    this.#read('getRange', key, (row) => {
      checkObjectRange(offset, length, into);
      if (offset + length > row.bytes) {
        throw invalid('range ends behind the object', { key, offset, length, bytes: row.bytes });
      }
      this.#copy(row, offset, into.subarray(0, length));
    });
  }

  async head(key: string): Promise<ObjectInfo> {
    return this.#read('head', key, infoOf);
  }

  async list(
    prefix: string,
    options: { readonly afterKey?: string; readonly limit?: number } = {},
  ): Promise<readonly ObjectInfo[]> {
    this.#checkOpen();
    checkObjectPrefix(prefix);
    const limit = checkObjectLimit(options.limit);
    // Keys are ASCII, so all that begin with the prefix lie below the prefix and DEL.
    const statement = this.#statement(
      'SELECT * FROM objects WHERE key >= ? AND key < ? AND key > ? ORDER BY key LIMIT ?',
    );
    try {
      const rows = statement.all(prefix, `${prefix}\u007f`, options.afterKey ?? '', limit);
      return (rows as unknown as Row[]).map(infoOf);
    } catch (caught) {
      throw sqliteError(caught, 'list', false);
    }
  }

  async delete(key: string): Promise<void> {
    this.#write('delete', key, () => this.#remove(key));
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  #replace(key: string, bytes: Uint8Array): ObjectVersion {
    this.#remove(key);
    const { value: version } = this.#statement(
      'UPDATE counter SET value = value + 1 RETURNING value',
    ).get() as {
      value: number;
    };
    this.#statement('INSERT INTO objects VALUES (?, ?, ?, ?)').run(
      key,
      bytes.length,
      version,
      this.#clock.nowMs(),
    );
    // A copy: SQLite takes no shared memory.
    const content = new Uint8Array(bytes);
    for (let from = 0, number = 0; from < content.length; from += PIECE_BYTES, number++) {
      const piece = content.subarray(from, from + PIECE_BYTES);
      this.#statement('INSERT INTO pieces VALUES (?, ?, ?)').run(version, number, piece);
    }
    return String(version);
  }

  #remove(key: string): void {
    const found = this.#find(key);
    if (found === undefined) return;
    this.#statement('DELETE FROM pieces WHERE version = ?').run(found.version);
    this.#statement('DELETE FROM objects WHERE key = ?').run(key);
  }

  #find(key: string): Row | undefined {
    return this.#statement('SELECT * FROM objects WHERE key = ?').get(key) as Row | undefined;
  }

  /** Fills `into` from the content at `offset`. */
  #copy({ key, version }: Row, offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const at = offset + done;
      const piece = this.#statement('SELECT content FROM pieces WHERE version = ? AND number = ?').get(
        version,
        Math.floor(at / PIECE_BYTES),
      ) as { content: Uint8Array } | undefined;
      if (piece === undefined) throw failure('Corrupt', 'a piece of the object is missing', key);
      const part = piece.content.subarray(at % PIECE_BYTES, (at % PIECE_BYTES) + into.length - done);
      into.set(part, done);
      done += part.length;
    }
  }

  /** Runs `change` in a transaction that no other one is beside. */
  #write<Result>(operation: string, key: string, change: () => Result): Result {
    this.#checkOpen();
    checkObjectKey(key);
    return this.#transaction(operation, 'BEGIN IMMEDIATE', change);
  }

  /** Runs `read` on the row of a key, in a transaction: another process may replace the object meanwhile. */
  #read<Result>(operation: string, key: string, read: (row: Row) => Result): Result {
    this.#checkOpen();
    checkObjectKey(key);
    return this.#transaction(operation, 'BEGIN', () => {
      const row = this.#find(key);
      if (row === undefined) throw failure('NotFound', 'object not found', key);
      return read(row);
    });
  }

  #transaction<Result>(operation: string, begin: string, run: () => Result): Result {
    try {
      this.#database.exec(begin);
      const result = run();
      this.#database.exec('COMMIT');
      return result;
    } catch (caught) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw sqliteError(caught, operation, begin !== 'BEGIN');
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }

  #checkOpen(): void {
    if (!this.#database.isOpen) throw new ElanusError('Closed', 'object store is closed');
  }
}

function infoOf({ key, bytes, version, modified_ms }: Row): ObjectInfo {
  return { key, bytes, version: String(version), modifiedMs: modified_ms };
}

function failure(kind: 'NotFound' | 'AlreadyExists' | 'Conflict' | 'Corrupt', message: string, key: string) {
  return new ElanusError(kind, message, { context: { key } });
}
