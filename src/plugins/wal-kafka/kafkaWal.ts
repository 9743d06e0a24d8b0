import { invalid } from '../../core/domain/errors.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import type { Wal, WalEntry, WalInfo, WalPosition, WalReadOptions, WalWriter } from '../../core/ports/wal.ts';
import { Brokers } from './brokers.ts';
import type { WalKafkaConfig } from './config.ts';
import { aborted, closed } from './errors.ts';
import { channelInfo } from './info.ts';
import { readLogEnd } from './logEnd.ts';
import { checkChannelName, checkTerm, decodePosition, encodePosition } from './names.ts';
import { type FetchedBatch, type FetchOptions, Partition } from './partition.ts';
import { LogCursor, type ReadRange } from './reader.ts';
import { type RetryParts, retrying } from './retry.ts';
import { TakeOver } from './takeOver.ts';
import { truncateLog } from './truncate.ts';
import { type KafkaWalWriter, laneOf, type WriterParts } from './writer.ts';

/** How long a broker holds a request of `tail` back when there is nothing new, at most. */
const TAIL_WAIT_MS_MAX = 500;
/** Between two looks for a topic that nobody made yet. */
const NO_TOPIC_WAIT_MS = 100;
const WRITER_DIGITS = 12;

/** Errors: Unavailable when no broker answers or lets us in; Invalid when a file of `tls` cannot be read. */
export async function openKafkaWal(config: WalKafkaConfig, deps: PluginDeps): Promise<Wal> {
  const brokers = await Brokers.connect(config);
  const wal = new KafkaWal(config, deps, brokers);
  try {
    await wal.checkBrokers();
    return wal;
  } catch (caught) {
    brokers.close();
    throw caught;
  }
}

/** The log on Kafka. It starts no timer, and holds a connection for every writer and every tail, and one for the rest. */
class KafkaWal implements Wal {
  readonly recordBytesMax: number;
  readonly #config: WalKafkaConfig;
  readonly #deps: RetryParts;
  readonly #logger: Logger;
  readonly #brokers: Brokers;
  readonly #fetch: FetchOptions;
  readonly #partitions = new Map<string, Partition>();
  #writers: KafkaWalWriter[] = [];
  readonly #closed = new AbortController();
  #tails = 0;
  #closing: Promise<void> | undefined;

  constructor(config: WalKafkaConfig, deps: PluginDeps, brokers: Brokers) {
    this.recordBytesMax = config.recordBytesMax;
    this.#config = config;
    this.#deps = deps;
    this.#logger = deps.logger.child('wal-kafka');
    this.#brokers = brokers;
    this.#fetch = { lane: 'any', bytesMax: config.fetchBytesMax, waitMs: 0 };
  }

  checkBrokers(): Promise<void> {
    return this.#retrying('connecting to Kafka', () => this.#brokers.check());
  }

  async open(channel: string, term: number, signal?: AbortSignal): Promise<WalWriter> {
    const partition = this.#partition(channel);
    checkTerm(term);
    const parts: WriterParts = {
      ...this.#deps,
      channel,
      term,
      writer: Number.parseInt(this.#deps.random.uuid().replaceAll('-', '').slice(0, WRITER_DIGITS), 16),
      partition,
      fetch: this.#fetch,
      config: this.#config,
      logger: this.#logger,
    };
    const takeOver = new TakeOver(parts);
    let writer: KafkaWalWriter;
    try {
      writer = await this.#retrying(`opening channel ${channel}`, () => takeOver.attempt(), signal);
    } catch (caught) {
      this.#brokers.dropLane(laneOf(parts));
      throw caught;
    }
    for (const other of this.#writers) if (other.channel === channel) other.supersede(term);
    this.#writers = [...this.#writers.filter((other) => other.isLive), writer];
    return writer;
  }

  async *read(
    channel: string,
    from: WalPosition | undefined,
    options: WalReadOptions = {},
  ): AsyncGenerator<WalEntry, void, undefined> {
    const partition = this.#partition(channel);
    const range = { from: from && decodePosition(from), inclusive: options.inclusive === true };
    const doing = `reading channel ${channel}`;
    const { signal } = options;
    const begun = await this.#retrying(doing, () => this.#begin(partition, range, this.#fetch), signal);
    if (begun === undefined) return;
    const { cursor, end } = begun;
    while (cursor.offset < end) {
      const batches = await this.#retrying(doing, () => cursor.fetch(this.#fetch), signal);
      for (const batch of batches) {
        if (batch.offset >= end) return;
        for (const entry of entriesOf(cursor, batch)) {
          yield entry;
          this.#throwIfOver(doing, signal);
        }
      }
    }
  }

  async *tail(
    channel: string,
    from: WalPosition | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<WalEntry, void, undefined> {
    const partition = this.#partition(channel);
    const range = { from: from && decodePosition(from), inclusive: false };
    const doing = `following channel ${channel}`;
    const over = this.#signal(signal);
    const lane = `tail-${this.#tails++}`;
    const fetch = { ...this.#fetch, lane };
    const waiting = { ...fetch, waitMs: Math.min(TAIL_WAIT_MS_MAX, this.#config.requestTimeoutMs / 2) };
    try {
      let begun = await this.#retrying(doing, () => this.#begin(partition, range, fetch), signal);
      while (begun === undefined) {
        await this.#deps.clock.sleep(NO_TOPIC_WAIT_MS, over);
        begun = await this.#retrying(doing, () => this.#begin(partition, range, fetch), signal);
      }
      const { cursor } = begun;
      for (;;) {
        for (const batch of await this.#retrying(doing, () => cursor.fetch(waiting), signal)) {
          for (const entry of entriesOf(cursor, batch)) {
            yield entry;
            if (over.aborted) throw closed('the log');
          }
        }
      }
    } catch (caught) {
      if (!signal.aborted) throw this.#closed.signal.aborted ? closed('the log', caught) : caught;
    } finally {
      this.#brokers.dropLane(lane);
    }
  }

  async truncate(channel: string, upTo: WalPosition): Promise<void> {
    const partition = this.#partition(channel);
    const place = decodePosition(upTo);
    await this.#retrying(`truncating channel ${channel}`, async () => {
      if (!(await partition.exists())) throw invalid(`channel ${channel} was never opened`);
      const writer = this.#writers.findLast((other) => other.channel === channel);
      await truncateLog(partition, place, writer, this.#fetch);
    });
  }

  info(channel: string): Promise<WalInfo> {
    return this.#retrying(`reading channel ${channel}`, () =>
      channelInfo(this.#partition(channel), this.#fetch),
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    await Promise.all(this.#writers.map((writer) => writer.close()));
    this.#brokers.close();
  }

  /** Undefined when nobody opened the channel yet. */
  async #begin(
    partition: Partition,
    range: ReadRange,
    fetch: FetchOptions,
  ): Promise<{ readonly cursor: LogCursor; readonly end: number } | undefined> {
    if (!(await partition.exists())) return undefined;
    const logEnd = await readLogEnd(partition, fetch);
    return { cursor: await LogCursor.at(partition, range, logEnd, fetch), end: logEnd.end };
  }

  #retrying<Result>(doing: string, attempt: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const timeoutMs = this.#config.callTimeoutMs;
    return retrying({ ...this.#deps, doing, timeoutMs, signal: this.#signal(signal) }, attempt);
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closed.signal : AbortSignal.any([this.#closed.signal, signal]);
  }

  #throwIfOver(doing: string, signal: AbortSignal | undefined): void {
    const over = this.#closed.signal.aborted ? this.#closed.signal : signal;
    if (over?.aborted) throw aborted(doing, over.reason);
  }

  #partition(channel: string): Partition {
    if (this.#closed.signal.aborted) throw closed('the log');
    const known = this.#partitions.get(channel);
    if (known !== undefined) return known;
    checkChannelName(channel);
    const { topicPrefix, requestTimeoutMs } = this.#config;
    const partition = new Partition(topicPrefix + channel, this.#brokers, requestTimeoutMs);
    this.#partitions.set(channel, partition);
    return partition;
  }
}

function* entriesOf(cursor: LogCursor, batch: FetchedBatch): Generator<WalEntry, void, undefined> {
  for (const { place, record } of cursor.take(batch)) {
    yield { position: encodePosition(place), record, term: place.term };
  }
}
