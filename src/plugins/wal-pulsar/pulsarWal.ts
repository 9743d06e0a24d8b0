import type { PluginDeps } from '../../core/ports/plugin.ts';
import type { Wal, WalEntry, WalInfo, WalPosition, WalReadOptions, WalWriter } from '../../core/ports/wal.ts';
import { Admin } from './admin.ts';
import { Channel, type LogParts } from './channel.ts';
import { ChannelIndex } from './channelIndex.ts';
import type { WalPulsarConfig } from './config.ts';
import { aborted, closed } from './errors.ts';
import { channelInfo } from './info.ts';
import { checkChannelName, checkTerm, decodePosition, encodePosition } from './names.ts';
import { requireNamespace } from './namespace.ts';
import { type LogRecord, readRecords } from './reader.ts';
import { Patience, type TimeParts } from './retry.ts';
import { takeOver } from './takeOver.ts';
import type { Transport } from './transport.ts';
import { truncateChannel } from './truncate.ts';
import { PulsarWalWriter } from './writer.ts';

/** Errors: Unsupported (no native client), Invalid (the namespace is not fit for a log), Unavailable. */
export async function openPulsarWal(config: WalPulsarConfig, deps: PluginDeps): Promise<Wal> {
  const { clock, random, logger } = deps;
  const admin = await Admin.connect(config);
  try {
    const transport = await openTransport(config, admin, deps);
    const parts = { clock, random, logger, config, admin, transport };
    const patience = new Patience(parts, config.callTimeoutMs, new AbortController().signal);
    try {
      await requireNamespace(admin, config, patience);
    } catch (error) {
      await transport.close();
      throw error;
    }
    return new PulsarWal(parts);
  } catch (error) {
    admin.close();
    throw error;
  }
}

async function openTransport(config: WalPulsarConfig, admin: Admin, parts: TimeParts): Promise<Transport> {
  if (config.transport === 'websocket')
    return new (await import('./webSocketTransport.ts')).WebSocketTransport(config, admin, parts);
  return new (await import('./nativeTransport.ts')).NativeTransport(config);
}

/** The log on a namespace. Any number of processes may use it at once. */
class PulsarWal implements Wal {
  readonly recordBytesMax: number;
  readonly #parts: LogParts;
  readonly #channels = new Map<string, Channel>();
  readonly #writers = new Set<PulsarWalWriter>();
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(parts: LogParts) {
    this.recordBytesMax = parts.config.recordBytesMax;
    this.#parts = parts;
  }

  async open(channelName: string, term: number, signal?: AbortSignal): Promise<WalWriter> {
    const channel = this.#channel(channelName);
    checkTerm(term);
    const owned = await takeOver(channel, term, this.#signal(signal));
    const writer = new PulsarWalWriter(channel, owned);
    this.#writers.add(writer);
    if (this.#closed.signal.aborted) {
      await writer.close();
      throw closed('the log');
    }
    this.#supersede(channel, writer);
    return writer;
  }

  /** Of two writers of one Wal only the newer is kept. */
  #supersede(channel: Channel, writer: PulsarWalWriter): void {
    const other = channel.writer;
    const [older, newer] =
      other === undefined || other.term < writer.term ? [other, writer] : [writer, other];
    channel.writer = newer;
    if (older === undefined) return;
    older.fence(newer.term);
    // It waits for what is in flight, which the broker answers without us.
    void older.close().then(() => this.#writers.delete(older));
  }

  async *read(
    channelName: string,
    from: WalPosition | undefined,
    options: WalReadOptions = {},
  ): AsyncGenerator<WalEntry, void, undefined> {
    const channel = this.#channel(channelName);
    const signal = this.#signal(options.signal);
    const place = from && decodePosition(from);
    for await (const found of readRecords(channel, {
      from: place,
      inclusive: options.inclusive === true,
      signal,
    })) {
      yield entryOf(found);
      if (signal.aborted) throw aborted(`reading channel ${channelName}`, signal.reason);
    }
  }

  async *tail(
    channelName: string,
    from: WalPosition | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<WalEntry, void, undefined> {
    const channel = this.#channel(channelName);
    const ended = this.#signal(signal);
    let place = from && decodePosition(from);
    while (!ended.aborted) {
      const { version } = channel;
      try {
        for await (const found of readRecords(channel, { from: place, inclusive: false, signal: ended })) {
          place = found.place;
          yield entryOf(found);
          if (ended.aborted) break;
        }
      } catch (caught) {
        if (!ended.aborted) throw caught;
      }
      await channel.changed(version, this.#parts.config.pollIntervalMs, ended);
    }
    if (this.#closed.signal.aborted) throw closed('the log');
  }

  async truncate(channelName: string, upTo: WalPosition): Promise<void> {
    await truncateChannel(this.#channel(channelName), decodePosition(upTo), this.#closed.signal);
  }

  async info(channelName: string): Promise<WalInfo> {
    return channelInfo(this.#channel(channelName), this.#closed.signal);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    await Promise.all([...this.#writers].map((writer) => writer.close()));
    await this.#parts.transport.close();
    this.#parts.admin.close();
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closed.signal : AbortSignal.any([this.#closed.signal, signal]);
  }

  #channel(name: string): Channel {
    if (this.#closed.signal.aborted) throw closed('the log');
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    checkChannelName(name);
    const { config, admin, transport } = this.#parts;
    const stem = config.topicPrefix + name;
    const channel = new Channel(name, stem, this.#parts, new ChannelIndex(admin, transport, stem));
    this.#channels.set(name, channel);
    return channel;
  }
}

function entryOf({ place, record }: LogRecord): WalEntry {
  return { position: encodePosition(place), record, term: place.term };
}
