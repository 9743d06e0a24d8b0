import { ElanusError } from '../../core/domain/errors.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import type { Wal, WalEntry, WalInfo, WalPosition, WalReadOptions, WalWriter } from '../../core/ports/wal.ts';
import { BlockMemory } from './blockMemory.ts';
import { Channel } from './channel.ts';
import type { StoreParts } from './channelObjects.ts';
import type { WalObjectConfig } from './config.ts';
import { closed, throwIfAborted, walObjectError } from './errors.ts';
import { channelInfo } from './info.ts';
import { checkChannelName, checkTerm } from './names.ts';
import { chainFrom, recordsOfChain } from './reader.ts';
import { tailRecords } from './tail.ts';
import { takeOver } from './takeOver.ts';
import { truncateChannel } from './truncate.ts';
import { ObjectWalWriter } from './writer.ts';

/** Reads nothing yet. Error: Unsupported when the host gave no object store. */
export function openObjectWal(config: WalObjectConfig, deps: PluginDeps): Wal {
  const { objectStore: store, clock, random } = deps;
  if (store === undefined)
    throw new ElanusError('Unsupported', 'the log in an object store was given no object store');
  return new ObjectWal({ store, clock, random, config }, deps.logger.child('wal-object'));
}

/** The log in an object store, which its host closes. It holds no connection and starts no timer but those of tails. */
class ObjectWal implements Wal {
  readonly recordBytesMax: number;
  readonly #parts: StoreParts;
  readonly #logger: Logger;
  readonly #channels = new Map<string, Channel>();
  readonly #memory = new BlockMemory();
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(parts: StoreParts, logger: Logger) {
    this.recordBytesMax = parts.config.recordBytesMax;
    this.#parts = parts;
    this.#logger = logger;
  }

  async open(channelName: string, term: number, signal?: AbortSignal): Promise<WalWriter> {
    const channel = this.#channel(channelName);
    checkTerm(term);
    const { objects } = channel;
    await named('opening', channelName, () => takeOver(objects, term, this.#signal(signal)));
    if (this.#closed.signal.aborted) throw closed('the log');
    const writer = new ObjectWalWriter({
      objects,
      term,
      config: this.#parts.config,
      logger: this.#logger,
      memory: this.#memory,
      onDurable: (block) => channel.publish(block),
    });
    channel.addWriter(writer);
    return writer;
  }

  async *read(
    channelName: string,
    from: WalPosition | undefined,
    options: WalReadOptions = {},
  ): AsyncGenerator<WalEntry, void, undefined> {
    const { objects } = this.#channel(channelName);
    const signal = this.#signal(options.signal);
    throwIfAborted(signal, `reading channel ${channelName}`);
    try {
      const chain = await chainFrom(objects, from, options.inclusive === true);
      yield* recordsOfChain(objects, chain, this.#parts.config.readAheadBytes, signal);
    } catch (caught) {
      throw walObjectError(caught, 'reading', channelName);
    }
  }

  async *tail(
    channelName: string,
    from: WalPosition | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<WalEntry, void, undefined> {
    const channel = this.#channel(channelName);
    const { clock, config } = this.#parts;
    const closedSignal = this.#closed.signal;
    const feed = channel.addFeed(config.tailBytesMax);
    try {
      const parts = { objects: channel.objects, feed, clock, config, signal, closed: closedSignal };
      yield* tailRecords(parts, from);
    } catch (caught) {
      throw walObjectError(caught, 'reading', channelName);
    } finally {
      channel.removeFeed(feed);
    }
    if (closedSignal.aborted) throw closed('the log');
  }

  async truncate(channelName: string, upTo: WalPosition): Promise<void> {
    const { objects } = this.#channel(channelName);
    await named('truncating', channelName, () => truncateChannel(objects, upTo, this.#logger));
  }

  async info(channelName: string): Promise<WalInfo> {
    const { objects } = this.#channel(channelName);
    return named('reading', channelName, () => channelInfo(objects));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    await Promise.all([...this.#channels.values()].map((channel) => channel.closeWriters()));
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closed.signal : AbortSignal.any([this.#closed.signal, signal]);
  }

  #channel(name: string): Channel {
    if (this.#closed.signal.aborted) throw closed('the log');
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    checkChannelName(name);
    const channel = new Channel(name, this.#parts);
    this.#channels.set(name, channel);
    return channel;
  }
}

async function named<T>(doing: string, channel: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (caught) {
    throw walObjectError(caught, doing, channel);
  }
}
