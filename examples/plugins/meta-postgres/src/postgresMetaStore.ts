import type {
  MetaCompare,
  MetaEntry,
  MetaEvent,
  MetaLease,
  MetaOperation,
  MetaStore,
  MetaTxnResult,
  PluginDeps,
} from 'elanus/plugin';
import { checkKey, checkPrefix, checkRange, checkTtl, checkTxn } from 'elanus/plugin/rules';
import { ChangeFeed } from './changeFeed.ts';
import type { MetaPostgresConfig } from './config.ts';
import { Database } from './database.ts';
import { Leases } from './leases.ts';
import { setupSql } from './schema.ts';

interface EntryRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly revision: string;
}

/** Makes what is missing of the schema. Errors: Unavailable, Exhausted, Timeout. */
export async function openPostgresMetaStore(
  config: MetaPostgresConfig,
  deps: PluginDeps,
): Promise<MetaStore> {
  const database = new Database(config, deps.logger);
  try {
    await database.setup(setupSql(config.schema));
  } catch (caught) {
    await database.close();
    throw caught;
  }
  return new PostgresMetaStore(database, config.schema, deps);
}

class PostgresMetaStore implements MetaStore {
  readonly #database: Database;
  readonly #feed: ChangeFeed;
  readonly #leases: Leases;
  /** Newest revision that an answer had. */
  #seen = 0n;
  #closing: Promise<void> | undefined;

  constructor(database: Database, schema: string, deps: PluginDeps) {
    this.#database = database;
    this.#feed = new ChangeFeed(database, schema, deps.logger);
    this.#leases = new Leases(database, deps, () => this.#feed.wake());
  }

  async get(key: string): Promise<MetaEntry | undefined> {
    this.#database.checkOpen();
    checkKey(key);
    const rows = await this.#database.read('get', 'SELECT key, value, revision FROM entries WHERE key = $1', [
      bytesOf(key),
    ]);
    return rows.map((row) => this.#entry(row as unknown as EntryRow))[0];
  }

  async range(
    prefix: string,
    options: { readonly afterKey?: string; readonly limit?: number } = {},
  ): Promise<readonly MetaEntry[]> {
    this.#database.checkOpen();
    const limit = checkRange(prefix, options);
    const rows = await this.#database.read(
      'range',
      `SELECT key, value, revision FROM entries
       WHERE key >= $1 AND ($2::bytea IS NULL OR key < $2) AND key > $3 ORDER BY key LIMIT $4`,
      [bytesOf(prefix), endOf(prefix), bytesOf(options.afterKey ?? ''), limit],
    );
    return rows.map((row) => this.#entry(row as unknown as EntryRow));
  }

  async txn(compares: readonly MetaCompare[], operations: readonly MetaOperation[]): Promise<MetaTxnResult> {
    this.#database.checkOpen();
    checkTxn(compares, operations);
    const [row] = await this.#database.change('txn', 'SELECT * FROM txn($1, $2, $3, $4, $5)', [
      compares.map(({ key }) => bytesOf(key)),
      compares.map(({ revision }) => revision),
      operations.map(({ key }) => bytesOf(key)),
      operations.map((operation) => (operation.op === 'put' ? Buffer.from(operation.value) : null)),
      operations.map((operation) => (operation.op === 'put' ? (operation.leaseId ?? null) : null)),
    ]);
    const { succeeded, at_revision } = row as { succeeded: boolean; at_revision: string };
    const revision = this.#sees(at_revision);
    this.#feed.wake();
    return { succeeded, revision };
  }

  async lease(ttlMs: number): Promise<MetaLease> {
    this.#database.checkOpen();
    checkTtl(ttlMs);
    return this.#leases.take(ttlMs);
  }

  watch(prefix: string, signal: AbortSignal): AsyncIterable<MetaEvent> {
    this.#database.checkOpen();
    checkPrefix(prefix);
    return this.#feed.watch(prefix, signal, this.#seen);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#database.refuseNew();
    try {
      await this.#feed.close();
      await this.#leases.close();
    } finally {
      await this.#database.close();
    }
  }

  #entry({ key, value, revision }: EntryRow): MetaEntry {
    return {
      key: new TextDecoder().decode(key),
      value: new Uint8Array(value),
      revision: this.#sees(revision),
    };
  }

  #sees(revision: string): bigint {
    const seen = BigInt(revision);
    if (seen > this.#seen) this.#seen = seen;
    return seen;
  }
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

/** The first bytes behind all that begin with `prefix`; null when there are none. UTF-8 has no byte 0xff. */
function endOf(prefix: string): Buffer | null {
  if (prefix === '') return null;
  const end = bytesOf(prefix);
  end[end.length - 1]!++;
  return end;
}
