import { DatabaseSync } from 'node:sqlite';
import { ElanusError } from '../../core/domain/errors.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { KeyMutex } from './keyMutex.ts';

const SQLITE_BUSY = 5;
const RETRY_MS = 2;
const WAIT_MS_MAX = 10_000;

/**
 * Mutual exclusion of processes on one machine: an exclusive transaction of an empty SQLite file, which the kernel ends
 * when the process dies. Nothing is ever written to the file.
 */
export class ProcessLock {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #mutex = new KeyMutex();
  #database: DatabaseSync | undefined;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Errors: Timeout when others held the lock for 10 s; then `action` did not run. */
  run<Result>(action: () => Promise<Result>): Promise<Result> {
    return this.#mutex.run('', async () => {
      const database = this.#open();
      await this.#begin(database);
      try {
        return await action();
      } finally {
        database.exec('ROLLBACK');
      }
    });
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
  }

  #open(): DatabaseSync {
    this.#database ??= new DatabaseSync(this.#path, { timeout: 0 });
    return this.#database;
  }

  async #begin(database: DatabaseSync): Promise<void> {
    const endMs = this.#clock.monotonicMs() + WAIT_MS_MAX;
    while (!tryBegin(database)) {
      if (this.#clock.monotonicMs() > endMs) {
        throw new ElanusError('Timeout', 'object store: another process holds the lock', {
          context: { path: this.#path, waitedMs: WAIT_MS_MAX },
        });
      }
      await this.#clock.sleep(RETRY_MS);
    }
  }
}

function tryBegin(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (caught) {
    if ((caught as { errcode?: unknown }).errcode === SQLITE_BUSY) return false;
    throw caught;
  }
}
