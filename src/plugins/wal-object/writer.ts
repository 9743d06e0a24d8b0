import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { WalPosition, WalWriter } from '../../core/ports/wal.ts';
import { type Block, encodeBlock, frameBytes } from './block.ts';
import type { BlockMemory } from './blockMemory.ts';
import type { ChannelObjects } from './channelObjects.ts';
import type { WalObjectConfig } from './config.ts';
import { closed, corrupt, fenced, unknown } from './errors.ts';
import { HEADER_BYTES, KIND_FENCE, KIND_SKIP, type ObjectHeader } from './header.ts';
import { encodePosition, objectKey } from './names.ts';

export interface WriterParts {
  readonly objects: ChannelObjects;
  readonly term: number;
  readonly config: WalObjectConfig;
  readonly logger: Logger;
  readonly memory: BlockMemory;
  /** Called with every block when it is durable, in order. True: someone keeps it. */
  readonly onDurable: (block: Block) => boolean;
}

/** What waits is put beside the uploads under way when it has so many bytes. */
const PARALLEL_BYTES_MIN = 1024 * 1024;

/** An append that waits for the store. */
interface PendingAppend {
  readonly record: Uint8Array;
  readonly resolve: (position: WalPosition) => void;
  readonly reject: (error: ElanusError) => void;
}

/** An object on its way; a skip has no block and no appends. */
interface Upload {
  readonly seq: number;
  readonly block: Block | undefined;
  readonly appends: readonly PendingAppend[];
  isDurable: boolean;
  failure: ElanusError | undefined;
}

/**
 * One term of one channel. With nothing under way an append is put at once; else appends gather until an upload returns or
 * enough of them wait, so that many uploads are under way only when they are worth a request each. Uploads return in any order and are looked
 * at in the order of their numbers: appends are acknowledged when their block and all before it are durable, and the first
 * failure decides over all behind it.
 *
 * No look at who owns the channel is needed: a take-over puts a fence where our next block would go.
 */
export class ObjectWalWriter implements WalWriter {
  readonly channel: string;
  readonly term: number;
  readonly #parts: WriterParts;
  #nextSeq = 0;
  #queue: PendingAppend[] = [];
  /** Frames of #queue. */
  #queuedBytes = 0;
  /** Records that were taken and not settled. */
  #heldBytes = 0;
  /** By rising number. */
  #uploads: Upload[] = [];
  /** Calls of the store under way, those of failed uploads too. */
  #running = 0;
  /** The lowest number that got no object for want of room while higher ones were under way. */
  #gap: number | undefined;
  #isScheduled = false;
  /** Why no append is taken any more. */
  #ended: ElanusError | undefined;
  #closing: Promise<void> | undefined;
  #idleWaiters: (() => void)[] = [];

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.channel = parts.objects.name;
    this.term = parts.term;
  }

  /** It takes no append, and no call of the store is under way. */
  get isOver(): boolean {
    return (this.#ended ?? this.#closing) !== undefined && this.#running === 0 && this.#queue.length === 0;
  }

  append(record: Uint8Array): Promise<WalPosition> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refuse(record.length);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      this.#queue.push({ record, resolve, reject });
      this.#queuedBytes += frameBytes(record.length);
      this.#heldBytes += record.length;
      this.#schedule();
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#idle();
    return this.#closing;
  }

  #refuse(recordBytes: number): ElanusError | undefined {
    if (this.#ended !== undefined) return this.#ended;
    if (this.#closing !== undefined) return closed(this.#name());
    const { recordBytesMax, queuedBytesMax } = this.#parts.config;
    if (recordBytes === 0) return invalid('a record must have at least 1 byte, got 0');
    if (recordBytes > recordBytesMax) {
      return new ElanusError(
        'TooLarge',
        `a record of ${recordBytes} bytes is above recordBytesMax ${recordBytesMax}`,
      );
    }
    if (this.#heldBytes > 0 && this.#heldBytes + recordBytes > queuedBytesMax) {
      return new ElanusError(
        'Exhausted',
        `${this.#heldBytes} bytes wait for the store, with ${recordBytes} more above queuedBytesMax ${queuedBytesMax}`,
      );
    }
    return undefined;
  }

  /** After what the callers do in this turn, so that appends started together share a block. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      this.#start(false);
      this.#settleIdle();
    });
  }

  /** Starts what may start; `hasReturned`: at least one block, because an upload returned. */
  #start(hasReturned: boolean): void {
    const { uploadsMax, blockBytesMax } = this.#parts.config;
    const worthBytes = Math.min(PARALLEL_BYTES_MIN, blockBytesMax);
    let isDue = hasReturned;
    while (this.#queue.length > 0 && this.#uploads.length < uploadsMax) {
      // What lies behind a failure is not read, so nothing more is put there.
      if (this.#uploads.some(({ failure }) => failure !== undefined)) return;
      if (!isDue && this.#uploads.length > 0 && this.#queuedBytes < worthBytes) return;
      isDue = false;
      if (this.#gap !== undefined) this.#skip(this.#gap);
      this.#putBlock();
    }
  }

  #putBlock(): void {
    const { objects, config, memory } = this.#parts;
    let bodyBytes = 0;
    let count = 0;
    for (const { record } of this.#queue) {
      const next = bodyBytes + frameBytes(record.length);
      if (count > 0 && next > config.blockBytesMax) break;
      bodyBytes = next;
      count++;
    }
    const appends = this.#queue.splice(0, count);
    this.#queuedBytes -= bodyBytes;
    const seq = this.#nextSeq++;
    const durableSeq = this.#uploads[0]?.seq ?? seq;
    const head = { term: this.term, seq, putId: objects.newPutId(), durableSeq };
    const records = appends.map(({ record }) => record);
    const block = encodeBlock(memory.take(HEADER_BYTES + bodyBytes), objects.hash, head, records);
    const put = objects.place(head, head.putId, block.bytes);
    void this.#follow({ seq, block, appends, isDurable: false, failure: undefined }, put);
  }

  /** Puts the object that leads over the gap, which must be there before anything behind it is read. */
  #skip(seq: number): void {
    const { objects } = this.#parts;
    this.#gap = undefined;
    const put = objects.placeHeader({
      kind: KIND_SKIP,
      term: this.term,
      seq,
      putId: objects.newPutId(),
      records: 0,
      value: this.#nextSeq,
    });
    void this.#follow({ seq, block: undefined, appends: [], isDurable: false, failure: undefined }, put);
  }

  async #follow(upload: Upload, put: Promise<ObjectHeader | undefined>): Promise<void> {
    this.#uploads.push(upload);
    this.#running++;
    try {
      const other = await put;
      if (other === undefined) upload.isDurable = true;
      else upload.failure = this.#notOurs(other);
    } catch (caught) {
      upload.failure = ElanusError.from(caught);
    }
    this.#running--;
    this.#settle();
    // Whoever was acknowledged appends again before the next block is cut.
    process.nextTick(() => {
      this.#start(true);
      this.#settleIdle();
    });
  }

  #notOurs(other: ObjectHeader): ElanusError {
    if (other.kind === KIND_FENCE) return fenced(this.channel, this.term, other.value);
    return corrupt(
      objectKey(this.#parts.objects.folder, other),
      32,
      'another writer of the same term put it',
    );
  }

  /** Acknowledges what is durable without a gap, then looks at the failure behind that. */
  #settle(): void {
    // @mutation ack-order
    while (this.#uploads[0]?.isDurable) this.#acknowledge(this.#uploads.shift()!);
    const failed = this.#uploads[0];
    if (failed?.failure === undefined) return;
    if (failed.failure.kind === 'Exhausted') this.#giveBack(failed.seq, failed.failure);
    else this.#end(failed.failure);
  }

  #acknowledge({ seq, block, appends }: Upload): void {
    if (block === undefined) return;
    const { term } = this;
    for (let index = 0; index < appends.length; index++) {
      const { record, resolve } = appends[index]!;
      this.#heldBytes -= record.length;
      resolve(encodePosition({ term, seq, index }));
    }
    // A try that was given up and still sends it meets the object that is there: its bytes no longer matter.
    if (!this.#parts.onDurable(block)) this.#parts.memory.giveBack(block.bytes);
  }

  /** The store had no room for `seq`, so nothing from there on is read. If anything may lie behind it, a skip must follow. */
  #giveBack(seq: number, failure: ElanusError): void {
    if (this.#uploads.length === 1 && this.#nextSeq === seq + 1) this.#nextSeq = seq;
    else this.#gap = seq;
    for (const { appends } of this.#uploads.splice(0)) this.#reject(appends, failure);
  }

  /** Nothing after `failure` can be in order. */
  #end(failure: ElanusError): void {
    const { channel, term } = this;
    const isFenced = failure.kind === 'Fenced';
    if (isFenced)
      this.#parts.logger.info('a writer of the log was fenced', { channel, term, error: failure });
    else this.#parts.logger.error('a writer of the log ended', { channel, term, error: failure });
    this.#ended = isFenced ? failure : closed(this.#name(), failure);
    const outcome = isFenced || failure.kind === 'Corrupt' ? failure : unknown(failure);
    for (const { appends } of this.#uploads.splice(0)) this.#reject(appends, outcome);
    this.#queuedBytes = 0;
    this.#reject(this.#queue.splice(0), this.#ended);
  }

  #reject(appends: readonly PendingAppend[], error: ElanusError): void {
    for (const { record, reject } of appends) {
      this.#heldBytes -= record.length;
      reject(error);
    }
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
      this.#settleIdle();
    });
  }

  #settleIdle(): void {
    if (this.#running > 0 || this.#queue.length > 0) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  #name(): string {
    return `the writer of channel ${this.channel} for term ${this.term}`;
  }
}
