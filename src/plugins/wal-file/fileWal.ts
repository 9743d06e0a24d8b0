import type { Logger } from '../../core/ports/logger.ts';
import type { Wal, WalEntry, WalInfo, WalPosition, WalReadOptions, WalWriter } from '../../core/ports/wal.ts';
import { Channel } from './channel.ts';
import type { WalFileConfig } from './config.ts';
import { closed, throwIfAborted, walFileError } from './errors.ts';
import type { FileSystem } from './fileSystem.ts';
import { channelInfo } from './info.ts';
import type { OpenLogFile } from './logFiles.ts';
import { checkChannelName, checkTerm, decodePosition } from './names.ts';
import { nodeFileSystem } from './nodeFileSystem.ts';
import { type ReadRange, readRecords } from './reader.ts';
import { takeOver } from './takeOver.ts';
import { truncateChannel } from './truncate.ts';
import { FileWalWriter } from './writer.ts';

/** `fileSystem` is the disk: the real one, unless a test brings its own. */
export function openFileWal(
  config: WalFileConfig,
  logger: Logger,
  fileSystem: FileSystem = nodeFileSystem,
): Wal {
  return new FileWal(config, fileSystem, logger.child('wal-file'));
}

/** The log on a directory. It starts no timer and holds no file open for a channel without a writer. */
export class FileWal implements Wal {
  readonly recordBytesMax: number;
  readonly #config: WalFileConfig;
  readonly #fs: FileSystem;
  readonly #logger: Logger;
  readonly #channels = new Map<string, Channel>();
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(config: WalFileConfig, fs: FileSystem, logger: Logger) {
    this.recordBytesMax = config.recordBytesMax;
    this.#config = config;
    this.#fs = fs;
    this.#logger = logger;
  }

  async open(channelName: string, term: number, signal?: AbortSignal): Promise<WalWriter> {
    const channel = this.#channel(channelName);
    checkTerm(term);
    throwIfAborted(signal, `opening channel ${channelName}`);
    while (channel.opening !== undefined) await channel.opening;
    const taking = takeOver(channel, term, {
      config: this.#config,
      logger: this.#logger,
      signal: this.#signal(signal),
      install: (first) => this.#install(channel, term, first),
    });
    channel.opening = taking.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await taking;
    } catch (caught) {
      throw walFileError(caught, 'opening', channel.directory);
    } finally {
      channel.opening = undefined;
    }
  }

  #install(channel: Channel, term: number, first: OpenLogFile): FileWalWriter {
    if (this.#closed.signal.aborted) throw closed('the log');
    const { name } = channel;
    const onChange = (): void => channel.notify();
    const logger = this.#logger;
    const parts = { channel: name, term, files: channel, config: this.#config, logger, onChange };
    channel.writer = new FileWalWriter(parts, first);
    channel.notify();
    return channel.writer;
  }

  async *read(
    channelName: string,
    from: WalPosition | undefined,
    options: WalReadOptions = {},
  ): AsyncGenerator<WalEntry, void, undefined> {
    const channel = this.#channel(channelName);
    const signal = this.#signal(options.signal);
    const place = from === undefined ? undefined : decodePosition(from);
    const range = { from: place, inclusive: options.inclusive === true, signal };
    yield* this.#records(channel, range);
  }

  async *#records(channel: Channel, range: ReadRange): AsyncGenerator<WalEntry, void, undefined> {
    try {
      yield* readRecords(channel, range, this.#config.readBufferBytes);
    } catch (caught) {
      throw walFileError(caught, 'reading', channel.directory);
    }
  }

  async *tail(
    channelName: string,
    from: WalPosition | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<WalEntry, void, undefined> {
    const channel = this.#channel(channelName);
    const ended = this.#signal(signal);
    let place = from === undefined ? undefined : decodePosition(from);
    // Its directory must exist to be watched; an empty one changes nothing for a reader.
    const stopWatching = await this.#watch(channel);
    try {
      while (!ended.aborted) {
        const version = channel.version;
        const range = { from: place, inclusive: false, signal: this.#closed.signal };
        for await (const entry of this.#records(channel, range)) {
          place = decodePosition(entry.position);
          yield entry;
          if (signal.aborted) return;
        }
        await channel.changed(version, ended);
      }
    } finally {
      stopWatching();
    }
    if (this.#closed.signal.aborted) throw closed('the log');
  }

  async truncate(channelName: string, upTo: WalPosition): Promise<void> {
    const channel = this.#channel(channelName);
    try {
      await truncateChannel(channel, upTo, this.#config.readBufferBytes);
    } catch (caught) {
      throw walFileError(caught, 'truncating', channel.directory);
    }
  }

  async info(channelName: string): Promise<WalInfo> {
    const channel = this.#channel(channelName);
    try {
      return await channelInfo(channel, this.#config.readBufferBytes);
    } catch (caught) {
      throw walFileError(caught, 'reading', channel.directory);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    const writers = [...this.#channels.values()].map((channel) => channel.writer?.close());
    const failed = (await Promise.allSettled(writers)).find((result) => result.status === 'rejected');
    for (const channel of this.#channels.values()) channel.notify();
    if (failed !== undefined) throw failed.reason;
  }

  async #watch(channel: Channel): Promise<() => void> {
    try {
      await this.#fs.makeDirectory(channel.directory);
      return this.#fs.watch(channel.directory, (name) => channel.notifyFile(name));
    } catch (caught) {
      throw walFileError(caught, 'watching', channel.directory);
    }
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closed.signal : AbortSignal.any([this.#closed.signal, signal]);
  }

  #channel(name: string): Channel {
    if (this.#closed.signal.aborted) throw closed('the log');
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    checkChannelName(name);
    const channel = new Channel(this.#fs, this.#config.path, name);
    this.#channels.set(name, channel);
    return channel;
  }
}
