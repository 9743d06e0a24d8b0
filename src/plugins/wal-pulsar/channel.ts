import type { Logger } from '../../core/ports/logger.ts';
import type { Admin } from './admin.ts';
import type { ChainTopic } from './chain.ts';
import type { ChannelIndex } from './channelIndex.ts';
import type { WalPulsarConfig } from './config.ts';
import type { Extent } from './entries.ts';
import { Patience, type TimeParts } from './retry.ts';
import type { Transport } from './transport.ts';
import type { PulsarWalWriter } from './writer.ts';

/** What the parts of one log share. */
export interface LogParts extends TimeParts {
  readonly config: WalPulsarConfig;
  readonly admin: Admin;
  readonly transport: Transport;
  readonly logger: Logger;
}

/** One channel as one Wal knows it. */
export class Channel {
  readonly name: string;
  /** What the names of its topics begin with. */
  readonly stem: string;
  readonly parts: LogParts;
  readonly index: ChannelIndex;
  /** The newest of this Wal. */
  writer: PulsarWalWriter | undefined;
  /** Of topics that can no longer grow. */
  readonly #sealed = new Map<string, Extent>();
  readonly #waiting = new Set<() => void>();
  #version = 0;

  constructor(name: string, stem: string, parts: LogParts, index: ChannelIndex) {
    this.name = name;
    this.stem = stem;
    this.parts = parts;
    this.index = index;
  }

  patience(signal: AbortSignal): Patience {
    return new Patience(this.parts, this.parts.config.callTimeoutMs, signal);
  }

  sealedExtent(topic: ChainTopic): Extent | undefined {
    return this.#sealed.get(topic.name);
  }

  rememberSealed(topic: ChainTopic, extent: Extent): void {
    this.#sealed.set(topic.name, extent);
  }

  forget(topic: string): void {
    this.#sealed.delete(topic);
  }

  /** Rises with everything that this Wal appended. */
  get version(): number {
    return this.#version;
  }

  notify(): void {
    this.#version++;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves when the version is above `version`, `signal` fired, or `waitMs` are over. */
  changed(version: number, waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#version > version || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      signal.addEventListener('abort', wake);
      this.#waiting.add(wake);
    });
  }
}
