import { crc32 } from 'node:zlib';
import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { WalPosition, WalWriter } from '../../core/ports/wal.ts';
import { BatchEncoder, batchLength, type PendingAppend, wholeAppends } from './batch.ts';
import type { ChannelFiles } from './chain.ts';
import type { WalFileConfig } from './config.ts';
import { writeEndMark } from './endMark.ts';
import { closed, fenced, isKind, walFileError } from './errors.ts';
import { frameBytes } from './frame.ts';
import { createNextFile, type OpenLogFile } from './logFiles.ts';
import { encodePosition, highestTermOf } from './names.ts';
import { writeFully } from './writeFully.ts';

export interface WriterParts {
  readonly channel: string;
  readonly term: number;
  readonly files: ChannelFiles;
  readonly config: WalFileConfig;
  readonly logger: Logger;
  /** Called after records became durable, and when the writer ends. */
  readonly onChange: () => void;
}

/** Up to where a local reader may read without asking the disk. */
export interface DurableEnd {
  readonly term: number;
  readonly index: number;
  readonly bytes: number;
}

/**
 * One term of one channel. While a batch is written and synced later appends gather, and go out together as the next.
 *
 * Ownership is checked in the listing of the directory, before a batch is written, so that a writer that was
 * superseded while idle fails with nothing done, and again after it was synced. The second check is what makes it safe: a new
 * owner creates its claim, then looks for the end of our file. A batch it did not see was synced after the claim
 * existed, so our check finds the claim and nothing of the batch is acknowledged.
 */
export class FileWalWriter implements WalWriter {
  readonly channel: string;
  readonly term: number;
  readonly #parts: WriterParts;
  readonly #encoder = new BatchEncoder();
  #current: OpenLogFile;
  /** Where the next frame goes. All before it is durable: only one batch is under way. */
  #offset: number;
  #seq = 0;
  #queue: PendingAppend[] = [];
  #queuedBytes = 0;
  #running = false;
  /** Why no append is taken any more. */
  #ended: ElanusError | undefined;
  #idleWaiters: (() => void)[] = [];
  #lastPosition: WalPosition | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: WriterParts, first: OpenLogFile) {
    this.#parts = parts;
    this.channel = parts.channel;
    this.term = parts.term;
    this.#current = first;
    this.#offset = first.header.framesOffset;
  }

  get isLive(): boolean {
    return this.#ended === undefined && this.#closing === undefined;
  }

  get durableEnd(): DurableEnd {
    return { term: this.term, index: this.#current.header.index, bytes: this.#offset };
  }

  /** Of this term. */
  get lastPosition(): WalPosition | undefined {
    return this.#lastPosition;
  }

  append(record: Uint8Array): Promise<WalPosition> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refuse(record.length);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      // Here and not in the batch: while the disk works, the processor has time for it.
      this.#queue.push({ record, recordCrc: crc32(record), resolve, reject });
      this.#queuedBytes += record.length;
      if (this.#running) return;
      this.#running = true;
      // After what the caller does in this turn, so that appends started together share a batch.
      process.nextTick(() => void this.#run());
    });
  }

  /** Ends the writer for a higher term; what was not yet written is refused. */
  fence(byTerm: number): void {
    this.#end(fenced(this.channel, this.term, byTerm));
  }

  /** Resolves when no batch is under way. */
  idle(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.idle();
    const { file, header, path } = this.#current;
    if (this.#ended === undefined && this.#offset > header.framesOffset) {
      await writeEndMark(this.#current, this.#offset, this.#seq, this.#parts.logger);
    }
    try {
      await file.close();
    } catch (caught) {
      throw walFileError(caught, 'closing', path);
    } finally {
      this.#parts.onChange();
    }
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
    if (this.#queue.length > 0 && this.#queuedBytes + recordBytes > queuedBytesMax) {
      return new ElanusError(
        'Exhausted',
        `${this.#queuedBytes} bytes wait for the disk, with ${recordBytes} more above queuedBytesMax ${queuedBytesMax}`,
      );
    }
    return undefined;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#runBatch();
      // Whoever was acknowledged appends again before the next batch is taken.
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
    this.#running = false;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  async #runBatch(): Promise<void> {
    const room = this.#parts.config.segmentBytesMax - this.#offset;
    const full =
      this.#offset > this.#current.header.framesOffset && frameBytes(this.#queue[0]!.record.length) > room;
    const roomBytes = full ? this.#parts.config.segmentBytesMax : room;
    const batch = this.#queue.splice(
      0,
      batchLength(this.#queue, 0, this.#parts.config.batchBytesMax, Math.max(0, roomBytes)),
    );
    for (const { record } of batch) this.#queuedBytes -= record.length;
    try {
      if (this.#checkOwner()) {
        if (full) await this.#roll();
        await this.#write(batch);
      }
      // What #write did not settle was never written, because the writer ended before.
      for (const append of batch) append.reject(this.#ended);
    } catch (caught) {
      const error = walFileError(caught, 'appending to', this.#current.path);
      if (isKind(error, 'Exhausted')) {
        for (const append of batch) append.reject(error);
      } else {
        this.#kill(batch, error);
      }
    }
  }

  /** Settles each of `batch` unless the writer ended before anything was written. */
  async #write(batch: readonly PendingAppend[]): Promise<void> {
    const { file, header, path } = this.#current;
    const offset = this.#offset;
    const buffers = this.#encoder.encode(batch, header.salt, this.#seq, offset);
    const { writtenBytes, failure } = await writeFully(file, buffers, offset);
    let durable = { count: batch.length, bytes: writtenBytes };
    if (failure !== undefined) {
      const error = walFileError(failure, 'writing', path);
      if (error.kind !== 'Exhausted') {
        await this.#dropUnsynced();
        return this.#kill(batch, error);
      }
      // Whole frames stay: another process may have read them. Half a frame goes, so nothing half-written remains.
      durable = wholeAppends(batch, writtenBytes);
      try {
        await file.truncate(offset + durable.bytes);
      } catch (caught) {
        return this.#kill(batch, walFileError(caught, 'cutting back', path));
      }
    }
    if (durable.count > 0 && !(await this.#makeDurable(batch, durable.count))) return;
    this.#acknowledge(batch, durable.count, durable.bytes);
    for (const append of batch.slice(durable.count)) append.reject(walFileError(failure, 'writing', path));
  }

  /** False when it failed and everything was settled. */
  async #makeDurable(batch: readonly PendingAppend[], count: number): Promise<boolean> {
    try {
      // @mutation data-sync
      await this.#current.file.datasync();
    } catch (caught) {
      await this.#dropUnsynced();
      this.#kill(batch, walFileError(caught, 'syncing', this.#current.path));
      return false;
    }
    // @mutation verify
    if (this.#checkOwner()) return true;
    this.#kill(batch.slice(0, count), this.#ended);
    return false;
  }

  /**
   * After a failed sync, which may be part of a write, the kernel may count pages as clean that never reached the disk, and say
   * so at the next sync. No other process must read them, so they are cut off; not if somebody took over, who may have sealed them.
   */
  async #dropUnsynced(): Promise<void> {
    const { file, path } = this.#current;
    try {
      const highest = highestTermOf(this.#parts.files.fs.listNames(this.#parts.files.directory));
      if (highest === this.term) await file.truncate(this.#offset);
    } catch (caught) {
      this.#parts.logger.warn('could not cut what could not be synced', { file: path, error: caught });
    }
  }

  #acknowledge(batch: readonly PendingAppend[], count: number, bytes: number): void {
    const { term, index } = this.#current.header;
    let at = this.#offset;
    this.#offset += bytes;
    this.#seq += count;
    const positions: WalPosition[] = [];
    for (let i = 0; i < count; i++) {
      positions.push(encodePosition(term, index, at));
      at += frameBytes(batch[i]!.record.length);
    }
    this.#lastPosition = positions.at(-1) ?? this.#lastPosition;
    // @mutation ack-order
    for (let i = 0; i < count; i++) batch[i]!.resolve(positions[i]!);
    if (count > 0) this.#parts.onChange();
  }

  /** The current file is synced to its last byte, so its end can be written into the head of the next one. */
  async #roll(): Promise<void> {
    const { file, header } = this.#current;
    const seal = { term: this.term, index: header.index, bytes: this.#offset, nextSeq: this.#seq };
    const head = { term: this.term, index: header.index + 1, firstSeq: this.#seq, seals: [seal] };
    this.#current = await createNextFile(this.#parts.files, head);
    this.#offset = this.#current.header.framesOffset;
    await file.close();
  }

  #checkOwner(): boolean {
    const highest = highestTermOf(this.#parts.files.fs.listNames(this.#parts.files.directory));
    // @mutation term-check
    if (highest > this.term) this.fence(highest);
    return this.#ended === undefined;
  }

  /** The outcome of `batch` is not known, and no later append can be in order behind it. */
  #kill(batch: readonly PendingAppend[], cause: ElanusError | undefined): void {
    const { channel, term } = this;
    this.#parts.logger.error('a writer of the log ended', {
      channel,
      term,
      file: this.#current.path,
      error: cause,
    });
    const why = cause?.message ?? 'the writer ended';
    const error = new ElanusError('Unknown', `the append may or may not have happened: ${why}`, { cause });
    for (const append of batch) append.reject(error);
    this.#end(closed(this.#name(), cause));
  }

  #end(error: ElanusError): void {
    this.#ended ??= error;
    for (const append of this.#queue.splice(0)) append.reject(this.#ended);
    this.#queuedBytes = 0;
    this.#parts.onChange();
  }

  #name(): string {
    return `the writer of channel ${this.channel} for term ${this.term}`;
  }
}
