import { ElanusError } from '../domain/errors.ts';
import { HybridClock, type Timestamp } from '../domain/timestamp.ts';
import type { Wal, WalPosition, WalWriter } from '../ports/wal.ts';
import { clusterTag, encodeRecord, type WalRecord } from './record.ts';
import { RecordBuffers } from './recordBuffers.ts';
import type { Shard } from './shard.ts';

interface InFlight {
  readonly timestamp: Timestamp;
  readonly done: Promise<unknown>;
}

/** What a write came to: its timestamp, where it lies in the log, and how many rows it hid. */
export interface Applied {
  readonly timestamp: Timestamp;
  readonly hiddenRows: number;
}

export interface ChannelWriterOptions {
  readonly pchannel: string;
  readonly clusterId: string;
  readonly wal: Wal;
  readonly writer: WalWriter;
  readonly nowMs: () => number;
  /** Told once when the writer has died, with the reason. */
  readonly onDeath: (error: ElanusError) => void;
}

/** One physical channel: draws timestamps, appends records and applies them to their shards in log order. */
export class ChannelWriter {
  readonly pchannel: string;
  readonly clock: HybridClock;
  /** Log position of the last record that was applied, hex; undefined = none yet. */
  lastPosition: string | undefined;
  /** Bytes appended since the process started. */
  appendedBytes = 0;
  #failure: ElanusError | undefined;
  #writer: WalWriter;
  readonly #recordBytesMax: number;
  readonly #tag: bigint;
  readonly #onDeath: (error: ElanusError) => void;
  readonly #inFlight: InFlight[] = [];
  readonly #buffers = new RecordBuffers();

  constructor(options: ChannelWriterOptions) {
    this.pchannel = options.pchannel;
    this.clock = new HybridClock(options.nowMs);
    this.#writer = options.writer;
    this.#onDeath = options.onDeath;
    this.#recordBytesMax = options.wal.recordBytesMax;
    this.#tag = clusterTag(options.clusterId);
  }

  get term(): number {
    return this.#writer.term;
  }

  /**
   * Sequences one record: `make` gets the timestamp and must not wait. Resolves when the record is durable and applied.
   * Errors: TooLarge, Exhausted (nothing happened), Unknown, Fenced, Closed (the channel is dead until it resumes).
   */
  async append(shard: Shard, make: (timestamp: Timestamp) => WalRecord): Promise<Applied> {
    if (this.#failure !== undefined) throw this.#failure;
    const record = make(this.clock.next());
    const bytes = encodeRecord(record, this.#tag, (length) => this.#buffers.take(length));
    if (bytes.length > this.#recordBytesMax) {
      throw new ElanusError('TooLarge', 'the write is larger than a log record can be', {
        context: { bytes: bytes.length, limit: this.#recordBytesMax },
      });
    }
    const done = this.#writer.append(bytes).then(
      (position) => {
        this.#buffers.give(bytes);
        return this.#applied(shard, record, bytes.length, position);
      },
      (caught) => this.#failed(caught),
    );
    const entry: InFlight = { timestamp: record.timestamp, done };
    this.#inFlight.push(entry);
    try {
      return await done;
    } finally {
      this.#inFlight.splice(this.#inFlight.indexOf(entry), 1);
    }
  }

  /** Makes sure that later writes are after `timestamp`, and waits for those before it that are under way. */
  async settle(timestamp: Timestamp): Promise<void> {
    this.clock.observe(timestamp);
    const earlier = this.#inFlight.filter((entry) => entry.timestamp <= timestamp);
    await Promise.allSettled(earlier.map((entry) => entry.done));
  }

  /** Waits for everything under way. */
  drain(): Promise<void> {
    return this.settle(this.clock.last);
  }

  /**
   * Takes writes again, through a writer of a higher term. What the dead one left in the log must have been applied. Returns
   * the dead one, which is the caller's to close.
   */
  resume(writer: WalWriter): WalWriter {
    const dead = this.#writer;
    this.#writer = writer;
    this.#failure = undefined;
    return dead;
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  #applied(shard: Shard, record: WalRecord, bytes: number, position: WalPosition): Applied {
    this.appendedBytes += bytes;
    shard.appliedBytes += bytes;
    const at = toHex(position);
    try {
      const hiddenRows = shard.apply(record, at, this.lastPosition);
      return { timestamp: record.timestamp, hiddenRows };
    } catch (caught) {
      // Durable but not applied: serving on would show a state that the log contradicts.
      shard.failure = ElanusError.from(caught);
      throw shard.failure;
    } finally {
      this.lastPosition = at;
    }
  }

  #failed(caught: unknown): never {
    const error = ElanusError.from(caught);
    if (error.kind !== 'Exhausted' && error.kind !== 'TooLarge' && this.#failure === undefined) {
      this.#failure = afterwards(error);
      this.#onDeath(error);
    }
    throw error;
  }
}

/** What later writes are told: unlike the one that failed they surely did not happen. */
function afterwards(error: ElanusError): ElanusError {
  if (error.kind === 'Fenced' || error.kind === 'Closed' || error.kind === 'Corrupt') return error;
  return new ElanusError('Unavailable', 'the log channel takes no writes until it is opened again', {
    subject: 'channel',
    context: { reason: error.text },
    cause: error,
  });
}

export function toHex(position: WalPosition): string {
  let hex = '';
  for (const byte of position) hex += (byte < 16 ? '0' : '') + byte.toString(16);
  return hex;
}

export function fromHex(hex: string): WalPosition {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}
