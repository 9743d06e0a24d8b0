import { ElanusError } from '../../core/domain/errors.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { WalPosition, WalWriter } from '../../core/ports/wal.ts';
import { type BatchHead, KINDS } from './batchHead.ts';
import type { WalKafkaConfig } from './config.ts';
import { closed, fenced, isProducerStateLost, isTransient, kafkaError } from './errors.ts';
import { beyondLimits } from './limits.ts';
import { encodePosition, type Place } from './names.ts';
import {
  type FetchedBatch,
  type FetchOptions,
  type Partition,
  type Producer,
  sequenceAfter,
} from './partition.ts';
import { Backoff, type RetryParts } from './retry.ts';
import { SendQueue, type Value } from './sendQueue.ts';

/** Of which a broker remembers the sequence numbers. */
const BATCHES_IN_FLIGHT_MAX = 5;
const NO_BYTES = new Uint8Array(0);

export interface WriterParts extends RetryParts {
  readonly channel: string;
  readonly term: number;
  /** Its number in the heads of its batches. */
  readonly writer: number;
  readonly partition: Partition;
  readonly fetch: FetchOptions;
  readonly config: WalKafkaConfig;
  readonly logger: Logger;
}

/** How a take-over left things: the fence lies before `end`, and no fence of a later term does. */
export interface WriterStart {
  readonly end: number;
  readonly bytes: number;
  readonly cut: Place | undefined;
  readonly producer: Producer;
  readonly nextSequence: number;
}

interface Batch {
  readonly values: readonly Value[];
  readonly head: BatchHead;
  readonly sequence: number;
  /** Its offset, or why there is none; undefined while it is under way. */
  outcome: { readonly offset: number } | { readonly failure: unknown } | undefined;
}

/**
 * One term of one channel. With nothing in flight an append goes out at once; while a message set is in flight later
 * appends gather, and full sets follow it without waiting.
 *
 * The writer keeps account of where each of its batches must lie. An acknowledgement from there proves that nobody else
 * wrote before it. Any other, and any error, stops sending until it is known what became of the batches in flight: first
 * by sending them again under the same sequence numbers, to which the broker answers with their first offsets; where it
 * cannot, by reading the topic from the last batch that is known. There every batch that counts is acknowledged, a fence
 * of a later term ends the writer, and the rest goes out again under a new epoch. An earlier copy that a broker still
 * holds can lie in the place of the new one, or be void, so nothing is ever there twice.
 */
export class KafkaWalWriter implements WalWriter {
  readonly channel: string;
  readonly term: number;
  readonly #parts: WriterParts;
  readonly #lane: string;
  readonly #queue: SendQueue;
  #inFlight: Batch[] = [];
  /** Bytes of records that are not settled. */
  #pendingBytes = 0;
  #producer: Producer;
  #nextSequence: number;
  /** Where the next batch must lie. */
  #nextOffset: number;
  /** All before it is known: our own batches, and no fence of a later term. */
  #knownEnd: number;
  #cut: Place | undefined;
  /** Something was acknowledged since there was last nothing to send, so the broker knows our sequence numbers. */
  #isWarm = false;
  #isRecovering = false;
  #isPumpDue = false;
  #ended: ElanusError | undefined;
  #idleWaiters: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  constructor(parts: WriterParts, start: WriterStart) {
    this.#parts = parts;
    this.channel = parts.channel;
    this.term = parts.term;
    this.#lane = laneOf(parts);
    this.#queue = new SendQueue(parts.config.messageBytesMax, start.bytes);
    this.#producer = start.producer;
    this.#nextSequence = start.nextSequence;
    this.#nextOffset = start.end;
    this.#knownEnd = start.end;
    this.#cut = start.cut;
  }

  get isLive(): boolean {
    return this.#ended === undefined && this.#closing === undefined;
  }

  append(record: Uint8Array): Promise<WalPosition> {
    const refusal = this.#refuse(record.length);
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#add(record, undefined).then((offset) => encodePosition({ term: this.term, offset }));
  }

  /** Writes down that all records up to `cut` are given up. Errors: as `append`. */
  async truncate(cut: Place): Promise<void> {
    if (!this.isLive) throw this.#ended ?? this.#closed();
    await this.#add(NO_BYTES, cut);
  }

  /** A later term opened the channel. With something in flight the writer finds out by itself. */
  supersede(byTerm: number): void {
    if (this.#isIdle) this.#end(fenced(this.channel, this.term, byTerm));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#ended === undefined && !this.#isIdle)
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    this.#end(this.#closed());
  }

  #add(record: Uint8Array, cut: Place | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      const bytes = record.length;
      this.#pendingBytes += bytes;
      this.#queue.add({ resolve, reject, bytes, cut, firstPieceOffset: 0, isSent: false }, record);
      if (this.#isPumpDue) return;
      this.#isPumpDue = true;
      // After what the caller does in this turn, so that appends started together share a batch.
      process.nextTick(() => {
        this.#isPumpDue = false;
        this.#pump();
      });
    });
  }

  #refuse(recordBytes: number): ElanusError | undefined {
    if (this.#ended !== undefined) return this.#ended;
    if (this.#closing !== undefined) return this.#closed();
    return beyondLimits(recordBytes, this.#pendingBytes, this.#parts.config);
  }

  get #isIdle(): boolean {
    return this.#inFlight.length === 0 && this.#queue.isEmpty && !this.#isRecovering;
  }

  #pump(): void {
    if (this.#isRecovering || this.#ended !== undefined) return;
    while (!this.#queue.isEmpty && this.#mayFollow()) this.#send(this.#queue.takeBatch());
    if (!this.#isIdle) return;
    this.#isWarm = false;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /**
   * Without an acknowledgement just before, the broker may have forgotten us, and would take a second batch after it
   * refused the first.
   */
  #mayFollow(): boolean {
    const count = this.#inFlight.length;
    return count === 0 || (this.#isWarm && count < BATCHES_IN_FLIGHT_MAX && this.#queue.hasFullBatch);
  }

  #send(values: readonly Value[]): void {
    const batch: Batch = {
      values,
      head: this.#headOf(values[0]!),
      sequence: this.#nextSequence,
      outcome: undefined,
    };
    this.#nextOffset += values.length;
    this.#nextSequence = sequenceAfter(this.#nextSequence, values.length);
    this.#inFlight.push(batch);
    this.#produce(batch).then(
      (offset) => this.#settled(batch, { offset }),
      (failure) => this.#settled(batch, { failure }),
    );
  }

  #headOf({ pending, bytes: _bytes, ...value }: Value): BatchHead {
    const { term, writer } = this.#parts;
    const expectedOffset = this.#nextOffset;
    if (value.piece === 0) pending.firstPieceOffset = expectedOffset;
    // From its own batch on, as a later one may be all that remains of it.
    this.#cut = laterCut(this.#cut, pending.cut);
    const { firstPieceOffset } = pending;
    return { ...value, term, writer, expectedOffset, firstPieceOffset, cut: this.#cut };
  }

  #produce({ head, values, sequence }: Batch): Promise<number> {
    for (const { pending } of values) pending.isSent = true;
    const outgoing = { head, values: values.map(({ bytes }) => bytes) };
    return this.#parts.partition.produce(this.#lane, outgoing, this.#producer, sequence);
  }

  #settled(batch: Batch, outcome: NonNullable<Batch['outcome']>): void {
    batch.outcome = outcome;
    while (this.#inFlight[0] !== undefined && isPlaced(this.#inFlight[0])) this.#shift();
    if (this.#inFlight[0]?.outcome === undefined) {
      this.#pump();
      return;
    }
    // What follows one that failed is not sent before it is known what became of all.
    this.#isRecovering = true;
    if (this.#inFlight.every(({ outcome }) => outcome !== undefined)) void this.#recover();
  }

  /** The first batch in flight lies where it must. */
  #shift(): void {
    const { values, head } = this.#inFlight.shift()!;
    this.#acknowledge(values, head.expectedOffset);
    this.#knownEnd = head.expectedOffset + values.length;
    this.#isWarm = true;
  }

  /** `values`, which follow each other, lie from `offset` on, and all that was added before them lies before. */
  #acknowledge(values: readonly Value[], offset: number): void {
    for (const [i, { pending, piece, pieces }] of values.entries()) {
      if (piece + 1 < pieces) continue;
      this.#pendingBytes -= pending.bytes;
      pending.resolve(offset + i);
    }
  }

  /** Never rejects: it ends with nothing in flight, or with the writer. */
  async #recover(): Promise<void> {
    const { config, logger } = this.#parts;
    const backoff = new Backoff(this.#parts, config.appendTimeoutMs);
    const first = this.#inFlight[0]!.outcome!;
    // Undefined: a batch lies elsewhere than it must.
    let failure = 'failure' in first ? first.failure : undefined;
    let mustRead = false;
    let waits = 0;
    for (;;) {
      mustRead ||= failure === undefined || isProducerStateLost(failure);
      if (backoff.isOver || !(mustRead || isTransient(failure))) return this.#kill(failure);
      try {
        if (mustRead ? await this.#readUp() : await this.#sendAgain()) break;
        failure = undefined;
      } catch (caught) {
        failure = caught;
        if (!isTransient(caught) && !isProducerStateLost(caught)) return this.#kill(caught);
        if (waits++ === 0) logger.warn('appends wait for the brokers', { ...this.#name, error: caught });
        await backoff.wait();
      }
    }
    if (waits > 0) logger.info('appends go on', this.#name);
    this.#isRecovering = false;
    this.#isWarm = false;
    this.#pump();
  }

  /** One after the other, as each must have arrived before the next. False when one lies elsewhere. */
  async #sendAgain(): Promise<boolean> {
    for (let batch = this.#inFlight[0]; batch !== undefined; batch = this.#inFlight[0]) {
      batch.outcome = { offset: await this.#produce(batch) };
      if (!isPlaced(batch)) return false;
      this.#shift();
    }
    return true;
  }

  /** Reads what the topic got since the last batch that is known, and puts back to the queue what is not there. */
  async #readUp(): Promise<true> {
    const { partition, fetch } = this.#parts;
    this.#queue.putBack(this.#inFlight.splice(0).flatMap(({ values }) => values));
    const { start, end } = await partition.bounds();
    if (start > this.#knownEnd) {
      throw new ElanusError('Unknown', `topic ${partition.topic} was truncated over batches in flight`);
    }
    while (this.#knownEnd < end) {
      for (const batch of await partition.fetch(this.#knownEnd, fetch)) {
        this.#meet(batch);
        this.#knownEnd = batch.endOffset;
      }
    }
    this.#producer = await partition.newProducer();
    this.#nextSequence = 0;
    this.#nextOffset = this.#knownEnd;
    return true;
  }

  #meet({ head, offset, values }: FetchedBatch): void {
    if (head === undefined) return;
    this.#cut = laterCut(this.#cut, head.cut);
    if (head.kind === KINDS.fence && head.term > this.term) throw fenced(this.channel, this.term, head.term);
    if (head.writer !== this.#parts.writer || head.expectedOffset !== offset) return;
    const found = this.#queue.takeBefore(head.seq + values.length);
    this.#acknowledge(found, offset + values.length - found.length);
  }

  /** No append succeeds any more; what became of those that were sent is known only when `cause` is a fence. */
  #kill(cause: unknown): void {
    const { partition, logger } = this.#parts;
    const error = kafkaError(
      cause ?? 'others write into it all the time',
      `appending to topic ${partition.topic}`,
    );
    if (error.kind === 'Fenced') {
      logger.warn('a writer of the log was fenced', { ...this.#name, error });
      this.#end(error);
    } else {
      logger.error('a writer of the log ended', { ...this.#name, error });
      this.#end(this.#closed(error));
    }
  }

  #end(error: ElanusError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    const values = [
      ...this.#inFlight.splice(0).flatMap((batch) => batch.values),
      ...this.#queue.takeBefore(Number.POSITIVE_INFINITY),
    ];
    for (const { pending } of values)
      pending.reject(error.kind !== 'Fenced' && pending.isSent ? unknown(error) : error);
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
    this.#parts.partition.brokers.dropLane(this.#lane);
  }

  get #name() {
    return { channel: this.channel, term: this.term };
  }

  #closed(cause?: ElanusError): ElanusError {
    return closed(`the writer of channel ${this.channel} for term ${this.term}`, cause);
  }
}

/** Of the connection that a writer keeps to itself. */
export function laneOf({ partition, writer }: Pick<WriterParts, 'partition' | 'writer'>): string {
  return `write-${partition.topic}-${writer}`;
}

function isPlaced({ outcome, head }: Batch): boolean {
  return outcome !== undefined && 'offset' in outcome && outcome.offset === head.expectedOffset;
}

function laterCut(a: Place | undefined, b: Place | undefined): Place | undefined {
  return a === undefined || (b !== undefined && b.offset > a.offset) ? b : a;
}

function unknown({ cause }: ElanusError): ElanusError {
  const why = cause instanceof Error ? cause.message : 'the writer was closed';
  return new ElanusError('Unknown', `the append may or may not have happened: ${why}`, { cause });
}
