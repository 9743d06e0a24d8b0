import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../../core/ports/logger.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import { codeOf } from './errors.ts';
import { type FileVersion, versionOf } from './fileVersion.ts';

/** Largest single write call. */
const WRITE_BYTES_MAX = 1 << 30;
/** A temp file that old belongs to nobody, whatever host it came from. */
const STALE_MS = 24 * 3_600_000;
/** Stores open in this process, by token. */
const liveTokens = new Set<string>();

/** A synced file, which nobody else knows. */
export interface TempFile {
  readonly path: string;
  readonly version: FileVersion;
  /** Never rejects. It need not be waited for before the file gets its name. */
  readonly closed: Promise<void>;
}

/**
 * Files on the way to becoming objects, in one folder, named <host>~<pid>~<token>~<number>. What a dead process left is
 * removed at open; what a living process of this host or any other host is writing stays.
 */
export class TempFiles {
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #clock: PluginDeps['clock'];
  readonly #token: string;
  #files = 0;
  #lastMicros = 0;

  constructor(folder: string, deps: PluginDeps) {
    this.#folder = folder;
    this.#logger = deps.logger;
    this.#clock = deps.clock;
    this.#token = deps.random.uuid();
    liveTokens.add(this.#token);
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    let removedFiles = 0;
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      if ((isOrphan(name) || (await this.#isStale(path))) && (await this.#tryRemove(path))) removedFiles++;
    }
    if (removedFiles > 0) this.#logger.info('removed unfinished objects', { removedFiles });
  }

  close(): void {
    liveTokens.delete(this.#token);
  }

  /**
   * Writes `bytes` to a new file and syncs it. The modification time is unique among the files of this process, since it
   * is what tells versions apart. On failure nothing is left.
   */
  async write(bytes: Uint8Array): Promise<TempFile> {
    const path = join(this.#folder, `${hostname()}~${process.pid}~${this.#token}~${this.#files++}`);
    const file = await open(path, 'wx');
    try {
      await writeAll(file, bytes);
      const seconds = this.#nextMicros() / 1e6;
      await file.utimes(seconds, seconds);
      const [stats] = await Promise.all([file.stat({ bigint: true }), file.sync()]);
      return { path, version: versionOf(stats), closed: this.#tryClose(file, path) };
    } catch (caught) {
      await Promise.all([this.#tryClose(file, path), this.#tryRemove(path)]);
      throw caught;
    }
  }

  /** Removes a file that is no longer needed. Never rejects: a failure only costs space until the next open, so it is logged. */
  async remove(path: string): Promise<void> {
    await this.#tryRemove(path);
  }

  /** What was synced is safe, whatever close says. */
  async #tryClose(file: FileHandle, path: string): Promise<void> {
    try {
      await file.close();
    } catch (caught) {
      this.#logger.warn('cannot close a temporary file', { path, error: caught });
    }
  }

  #nextMicros(): number {
    this.#lastMicros = Math.max(this.#clock.nowMs() * 1_000, this.#lastMicros + 1);
    return this.#lastMicros;
  }

  async #isStale(path: string): Promise<boolean> {
    try {
      return (await stat(path)).mtimeMs < this.#clock.nowMs() - STALE_MS;
    } catch (caught) {
      if (codeOf(caught) === 'ENOENT') return false;
      throw caught;
    }
  }

  async #tryRemove(path: string): Promise<boolean> {
    try {
      await unlink(path);
      return true;
    } catch (caught) {
      if (codeOf(caught) !== 'ENOENT')
        this.#logger.warn('cannot remove a temporary file', { path, error: caught });
      return false;
    }
  }
}

/** Whether the process that wrote a temp file of this name is known to be gone. */
function isOrphan(name: string): boolean {
  const [host, pid, token] = name.split('~');
  if (host !== hostname() || token === undefined) return false;
  if (Number(pid) === process.pid) return !liveTokens.has(token);
  return !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (caught) {
    return codeOf(caught) !== 'ESRCH';
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const length = Math.min(bytes.length - offset, WRITE_BYTES_MAX);
    offset += (await file.write(bytes, offset, length, offset)).bytesWritten;
  }
}
