import { ElanusError, type Logger } from 'elanus/plugin';
import pg from 'pg';
import type { MetaPostgresConfig } from './config.ts';
import { postgresError } from './errors.ts';

const READERS = 4;
/** What the client waits longer than the server, which then says that nothing happened. */
const CLIENT_MARGIN_MS = 5_000;

type Row = Record<string, unknown>;

/** Connections to one schema: one for all changes, which keeps their order, and a few for reads. */
export class Database {
  readonly #changes: pg.Pool;
  readonly #reads: pg.Pool;
  readonly #options: pg.PoolConfig;
  readonly #logger: Logger;
  readonly #inFlight = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor({ connectionString, schema, timeoutMs }: MetaPostgresConfig, logger: Logger) {
    this.#logger = logger;
    this.#options = {
      connectionString,
      application_name: 'elanus',
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs + CLIENT_MARGIN_MS,
      options: `-c search_path=${schema} -c statement_timeout=${timeoutMs} -c synchronous_commit=on`,
    };
    this.#changes = this.#pool(1);
    this.#reads = this.#pool(READERS);
  }

  /** Runs a statement that changes nothing. Errors: Closed, Unavailable, Timeout. */
  read(operation: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#run(operation, this.#reads, false, sql, values);
  }

  /** Runs one statement as a transaction, after those that were called before. Errors: those of a read, Unknown. */
  change(operation: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#run(operation, this.#changes, true, sql, values);
  }

  /** Several statements, which the server takes as one transaction. */
  setup(sql: string): Promise<Row[]> {
    return this.#run('setup', this.#changes, false, sql);
  }

  /** A connection that hears `channel`; calls `onEnd` when it breaks. */
  async listen(
    channel: string,
    onNotice: (payload: string) => void,
    onEnd: () => void,
  ): Promise<() => Promise<void>> {
    const client = new pg.Client(this.#options);
    client.on('error', () => undefined); // The end follows.
    client.on('end', onEnd);
    client.on('notification', ({ payload = '' }) => onNotice(payload));
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
    } catch (caught) {
      throw postgresError(caught, 'listen', false);
    }
    return () => client.end();
  }

  refuseNew(): void {
    this.#isClosed = true;
  }

  checkOpen(): void {
    if (this.#isClosed) throw new ElanusError('Closed', 'meta store is closed');
  }

  /** Waits for what is in flight. */
  async close(): Promise<void> {
    this.refuseNew();
    await Promise.allSettled(this.#inFlight);
    await Promise.all([this.#changes.end(), this.#reads.end()]);
  }

  async #run(
    operation: string,
    pool: pg.Pool,
    isWrite: boolean,
    sql: string,
    values?: readonly unknown[],
  ): Promise<Row[]> {
    const running = pool.query(sql, values === undefined ? undefined : [...values]);
    this.#inFlight.add(running);
    try {
      return (await running).rows as Row[];
    } catch (caught) {
      throw postgresError(caught, operation, isWrite);
    } finally {
      this.#inFlight.delete(running);
    }
  }

  #pool(max: number): pg.Pool {
    const pool = new pg.Pool({ ...this.#options, max });
    // Of a connection that nobody uses: the next call makes another one.
    pool.on('error', ({ message }) => this.#logger.debug('an idle connection broke', { reason: message }));
    return pool;
  }
}
