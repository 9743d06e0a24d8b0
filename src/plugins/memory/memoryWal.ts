import { ElanusError, invalid } from '../../core/domain/errors.ts';
import {
  compareWalPositions,
  type Wal,
  type WalEntry,
  type WalInfo,
  type WalPosition,
  type WalReadOptions,
  type WalWriter,
} from '../../core/ports/wal.ts';

interface MemoryChannel {
  term: number;
  entries: WalEntry[];
  cut: WalPosition | undefined;
}

/** What survives a crash. Several Wals may share one, as several processes share a disk. */
export class MemoryWalStorage {
  readonly channels = new Map<string, MemoryChannel>();
  readonly waiters = new Set<() => void>();
  /** Rises with a crash; a Wal of an earlier boot is dead. */
  boot = 0;

  /** Every Wal on this storage dies, and so does what it has not made durable. */
  crash(): void {
    this.boot++;
    this.notify();
  }

  channel(name: string): MemoryChannel {
    const known = this.channels.get(name);
    if (known !== undefined) return known;
    const made: MemoryChannel = { term: 0, entries: [], cut: undefined };
    this.channels.set(name, made);
    return made;
  }

  notify(): void {
    for (const wake of [...this.waiters]) wake();
  }
}

/** The reference log: what each call means, in as few lines as possible. Position: term u64, number u64, big endian. */
export class MemoryWal implements Wal {
  readonly recordBytesMax: number;
  readonly storage: MemoryWalStorage;
  readonly #boot: number;
  readonly #writers = new Set<MemoryWalWriter>();
  #closed = false;

  constructor(storage: MemoryWalStorage, recordBytesMax = 128 * 1024 * 1024) {
    this.storage = storage;
    this.recordBytesMax = recordBytesMax;
    this.#boot = storage.boot;
  }

  get isAlive(): boolean {
    return !this.#closed && this.#boot === this.storage.boot;
  }

  async open(name: string, term: number, signal?: AbortSignal): Promise<WalWriter> {
    this.requireAlive();
    if (!Number.isSafeInteger(term) || term < 1) throw invalid(`term must be an integer from 1, got ${term}`);
    if (signal?.aborted) throw new ElanusError('Closed', `opening channel ${name} was aborted`);
    const channel = this.storage.channel(name);
    if (term <= channel.term) throw fenced(name, term, channel.term);
    channel.term = term;
    const writer = new MemoryWalWriter(this, name, term);
    this.#writers.add(writer);
    return writer;
  }

  async *read(
    name: string,
    from: WalPosition | undefined,
    options: WalReadOptions = {},
  ): AsyncGenerator<WalEntry> {
    this.requireAlive();
    const channel = this.storage.channel(name);
    const entries = channel.entries.slice(startOf(name, channel, from, options.inclusive === true));
    for (const entry of entries) {
      if (options.signal?.aborted) throw new ElanusError('Closed', `reading channel ${name} was aborted`);
      this.requireAlive();
      yield entry;
    }
  }

  async *tail(name: string, from: WalPosition | undefined, signal: AbortSignal): AsyncGenerator<WalEntry> {
    let last = from;
    while (!signal.aborted) {
      for await (const entry of this.read(name, last)) {
        yield entry;
        last = entry.position;
        if (signal.aborted) return;
      }
      const { entries } = this.storage.channel(name);
      const newest = entries.at(-1)?.position;
      if (newest === undefined || (last !== undefined && compareWalPositions(newest, last) <= 0)) {
        await this.#changed(signal);
      }
    }
  }

  async truncate(name: string, upTo: WalPosition): Promise<void> {
    this.requireAlive();
    const channel = this.storage.channel(name);
    if (channel.cut !== undefined && compareWalPositions(upTo, channel.cut) <= 0) return;
    if (!channel.entries.some(({ position }) => compareWalPositions(position, upTo) === 0)) {
      throw invalid(`the position to truncate up to names no record of channel ${name}`);
    }
    channel.cut = new Uint8Array(upTo);
    channel.entries = channel.entries.filter(({ position }) => compareWalPositions(position, upTo) > 0);
  }

  async info(name: string): Promise<WalInfo> {
    this.requireAlive();
    const { entries, term } = this.storage.channel(name);
    const retainedBytes = entries.reduce((bytes, { record }) => bytes + record.length, 0);
    return { first: entries[0]?.position, last: entries.at(-1)?.position, term, retainedBytes };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#writers].map((writer) => writer.close()));
    this.#closed = true;
    this.storage.notify();
  }

  requireAlive(): void {
    if (!this.isAlive) throw new ElanusError('Closed', 'the log is closed');
  }

  #changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.storage.waiters.delete(wake);
        resolve();
      };
      this.storage.waiters.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}

function startOf(
  name: string,
  channel: MemoryChannel,
  from: WalPosition | undefined,
  inclusive: boolean,
): number {
  if (from === undefined) return 0;
  const order = channel.cut === undefined ? 1 : compareWalPositions(from, channel.cut);
  if (order < 0 || (order === 0 && inclusive)) {
    const first = channel.entries[0]?.position;
    const context = { first: first === undefined ? undefined : hex(first) };
    throw new ElanusError('Truncated', `position ${hex(from)} of channel ${name} was truncated`, { context });
  }
  if (order === 0) return 0;
  const at = channel.entries.findIndex(({ position }) => compareWalPositions(position, from) === 0);
  if (at < 0) throw invalid(`the position ${hex(from)} names no record of channel ${name}`);
  return inclusive ? at : at + 1;
}

class MemoryWalWriter implements WalWriter {
  readonly channel: string;
  readonly term: number;
  readonly #wal: MemoryWal;
  #nextNumber = 0;
  #closed = false;
  #lastAppend: Promise<unknown> = Promise.resolve();

  constructor(wal: MemoryWal, channel: string, term: number) {
    this.#wal = wal;
    this.channel = channel;
    this.term = term;
  }

  append(record: Uint8Array): Promise<WalPosition> {
    const refusal = this.#refuse(record);
    if (refusal !== undefined) return Promise.reject(refusal);
    // A turn passes between the call and durability, as with every other log.
    const appended = Promise.resolve().then(() => this.#makeDurable(record));
    this.#lastAppend = Promise.allSettled([this.#lastAppend, appended]);
    return appended;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#lastAppend;
  }

  #makeDurable(record: Uint8Array): WalPosition {
    this.#wal.requireAlive();
    const channel = this.#wal.storage.channel(this.channel);
    if (channel.term > this.term) throw fenced(this.channel, this.term, channel.term);
    const position = new Uint8Array(16);
    const view = new DataView(position.buffer);
    view.setBigUint64(0, BigInt(this.term));
    view.setBigUint64(8, BigInt(this.#nextNumber++));
    channel.entries.push({ position, record: new Uint8Array(record), term: this.term });
    this.#wal.storage.notify();
    return new Uint8Array(position);
  }

  #refuse(record: Uint8Array): ElanusError | undefined {
    const { isAlive, recordBytesMax, storage } = this.#wal;
    if (this.#closed || !isAlive)
      return new ElanusError('Closed', `the writer of channel ${this.channel} is closed`);
    const { term } = storage.channel(this.channel);
    if (term > this.term) return fenced(this.channel, this.term, term);
    if (record.length === 0) return invalid('a record must have at least 1 byte, got 0');
    if (record.length <= recordBytesMax) return undefined;
    return new ElanusError(
      'TooLarge',
      `a record of ${record.length} bytes is above recordBytesMax ${recordBytesMax}`,
    );
  }
}

function fenced(channel: string, term: number, byTerm: number): ElanusError {
  return new ElanusError('Fenced', `term ${term} of channel ${channel} is fenced by term ${byTerm}`, {
    subject: 'channel',
    context: { channel, term, byTerm },
  });
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
