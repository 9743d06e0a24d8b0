import type { ChannelFiles } from './chain.ts';
import type { FileHeader } from './fileHeader.ts';
import type { FileSystem } from './fileSystem.ts';
import { logName } from './names.ts';
import type { FileWalWriter } from './writer.ts';

/** What one Wal keeps of a channel it was asked about: the file heads, its writer, and who waits for news. */
export class Channel implements ChannelFiles {
  readonly name: string;
  readonly directory: string;
  readonly fs: FileSystem;
  readonly headers = new Map<string, FileHeader>();
  writer: FileWalWriter | undefined;
  /** Settles when the take-over under way here ended; it never rejects. */
  opening: Promise<void> | undefined;
  /** Rises with everything that a reader may want to see. */
  #version = 0;
  readonly #waiters = new Set<() => void>();

  constructor(fs: FileSystem, root: string, name: string) {
    this.fs = fs;
    this.name = name;
    this.directory = `${root}/${name}`;
  }

  get liveWriter(): FileWalWriter | undefined {
    return this.writer?.isLive === true ? this.writer : undefined;
  }

  get version(): number {
    return this.#version;
  }

  notify(): void {
    this.#version++;
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  /** For a watch of the directory: what our own writer does to its file it reports itself, when it is durable. */
  notifyFile(name: string | undefined): void {
    const own = this.liveWriter?.durableEnd;
    if (own === undefined || name !== logName(own.term, own.index)) this.notify();
  }

  /** Resolves when `version` is no longer the one given, or when `signal` fires. */
  changed(version: number, signal: AbortSignal): Promise<void> {
    if (version !== this.#version || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#waiters.delete(wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}
