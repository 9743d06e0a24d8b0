import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ElanusError } from '../../core/domain/errors.ts';

const SQLITE_BUSY = 5;
const LOCK_NAME = 'LOCK';
const OWNER_NAME = 'LOCK.owner';

/** Databases whose lock is held. A collected one would let go of its lock, whether or not somebody keeps the lock object. */
const held = new Set<DatabaseSync>();

/** A data directory held by this process. */
export interface DataDirectoryLock {
  /** Absolute path of the folder. */
  readonly path: string;
  /** Lets another process in. Doing it twice is the same as once. */
  release(): void;
}

/**
 * Makes `path` this process's own until `release` or its end, kill -9 included: an exclusive transaction of an empty SQLite
 * file, held for life. `address` (host:port) goes with the pid into a text file beside it, for the message of the loser.
 * Errors: AlreadyExists when another process, or this one, holds it; Unavailable when the folder cannot be used.
 */
export function lockDataDirectory(path: string, address: string): DataDirectoryLock {
  const folder = resolve(path);
  const database = openDatabase(folder);
  try {
    database.exec('BEGIN EXCLUSIVE');
    writeFileSync(join(folder, OWNER_NAME), `pid ${process.pid}, address ${address}\n`);
  } catch (caught) {
    database.close();
    throw isBusy(caught) ? ownedError(folder) : unusableError(caught, folder);
  }
  held.add(database);
  const release = (): void => {
    if (held.delete(database)) database.close();
  };
  return { path: folder, release };
}

function openDatabase(folder: string): DatabaseSync {
  try {
    mkdirSync(folder, { recursive: true });
    return new DatabaseSync(join(folder, LOCK_NAME), { timeout: 0 });
  } catch (caught) {
    throw unusableError(caught, folder);
  }
}

function isBusy(caught: unknown): boolean {
  return (caught as { errcode?: unknown }).errcode === SQLITE_BUSY;
}

function ownedError(folder: string): ElanusError {
  return new ElanusError(
    'AlreadyExists',
    `data directory ${folder} is in use by another server (${ownerOf(folder)}): stop it, or choose another folder`,
  );
}

function unusableError(cause: unknown, folder: string): ElanusError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ElanusError('Unavailable', `data directory ${folder} cannot be used: ${reason}`, { cause });
}

/** Only for the message: whoever holds the lock may not have come to writing the file. */
function ownerOf(folder: string): string {
  try {
    return readFileSync(join(folder, OWNER_NAME), 'utf8').trim() || 'pid unknown';
  } catch (caught) {
    return `pid unknown: ${caught instanceof Error ? caught.message : String(caught)}`;
  }
}
