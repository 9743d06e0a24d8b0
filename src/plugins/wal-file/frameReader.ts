import { crc32 } from 'node:zlib';
import type { WalFile } from './fileSystem.ts';
import {
  FRAME_HEADER_BYTES,
  FRAME_KIND_GAP,
  type FrameHeader,
  frameBytes,
  parseFrameHeader,
} from './frame.ts';

/** `fill`: call fill() and step again. `bad`: `offset` is where the damage begins and `reason` says what it is. */
export type FrameStep = 'record' | 'gap' | 'end' | 'bad' | 'fill';

/**
 * Walks the frames of one file from `offset` to `limit` and checks every checksum and sequence number. Memory: one
 * buffer of at most `bufferBytes`, or of the largest frame.
 */
export class FrameReader {
  /** Of the next frame; after `bad`, of the bad one. */
  offset: number;
  /** Of the current frame. */
  frameOffset = 0;
  header: FrameHeader | undefined;
  /** The record of the current frame, valid until the next fill. */
  record: Uint8Array = new Uint8Array(0);
  reason = '';
  /** Sequence number the next frame must have; undefined = any. */
  nextSeq: number | undefined;
  readonly #file: WalFile;
  readonly #salt: number;
  readonly #limit: number;
  readonly #bufferBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  /** Offset in the file of buffer[0], and how many bytes it holds. */
  #bufferAt: number;
  #filled = 0;
  #wanted = 0;
  #fileEnded = false;

  constructor(
    file: WalFile,
    salt: number,
    range: { readonly from: number; readonly limit: number; readonly nextSeq: number | undefined },
    bufferBytes: number,
  ) {
    this.#file = file;
    this.#salt = salt;
    this.offset = range.from;
    this.#limit = range.limit;
    this.nextSeq = range.nextSeq;
    this.#bufferAt = range.from;
    this.#bufferBytes = bufferBytes;
  }

  /** The next frame, reading as needed. */
  async next(): Promise<Exclude<FrameStep, 'fill'>> {
    for (;;) {
      const step = this.step();
      if (step !== 'fill') return step;
      await this.fill();
    }
  }

  step(): FrameStep {
    const leftBytes = this.#limit - this.offset;
    if (leftBytes === 0) return 'end';
    if (leftBytes < FRAME_HEADER_BYTES) return this.#bad('fewer bytes than a frame head');
    const at = this.offset - this.#bufferAt;
    if (at + FRAME_HEADER_BYTES > this.#filled) return this.#want(FRAME_HEADER_BYTES);
    const header = parseFrameHeader(this.#buffer, at, this.#salt);
    if (header === undefined) return this.#bad('the checksum of the frame head is wrong');
    const totalBytes = frameBytes(header.recordBytes);
    if (totalBytes > leftBytes) return this.#bad('the frame runs past the end');
    if (this.nextSeq !== undefined && header.seq !== this.nextSeq)
      return this.#bad('the sequence number is wrong');
    if (header.kind === FRAME_KIND_GAP) return this.#accept(header, totalBytes, header.recordCrc, 'gap');
    if (at + totalBytes > this.#filled) return this.#want(totalBytes);
    const record = this.#buffer.subarray(
      at + FRAME_HEADER_BYTES,
      at + FRAME_HEADER_BYTES + header.recordBytes,
    );
    // @mutation crc-check
    if (crc32(record) !== header.recordCrc) return this.#bad('the checksum of the record is wrong');
    this.record = record;
    return this.#accept(header, totalBytes, 1, 'record');
  }

  /** Reads until the frame that `step` asked for is in the buffer, or the file ends. */
  async fill(): Promise<void> {
    const from = Math.min(this.offset - this.#bufferAt, this.#filled);
    const keptBytes = this.#filled - from;
    const capacity = Math.max(this.#wanted, Math.min(this.#bufferBytes, this.#limit - this.offset));
    // A new buffer when a large frame needs it; the old one keeps its bytes for the views handed out until now.
    const target = capacity > this.#buffer.length ? Buffer.allocUnsafeSlow(capacity) : this.#buffer;
    this.#buffer.copy(target, 0, from, this.#filled);
    this.#buffer = target;
    this.#bufferAt = this.offset;
    this.#filled = keptBytes;
    while (this.#filled < this.#wanted) {
      const roomBytes = Math.min(target.length - this.#filled, this.#limit - this.offset - this.#filled);
      const got = await this.#file.read(target, this.#filled, roomBytes, this.offset + this.#filled);
      if (got === 0) {
        this.#fileEnded = true;
        return;
      }
      this.#filled += got;
    }
  }

  #want(bytes: number): FrameStep {
    if (this.#fileEnded) return this.#bad('the file ends too early');
    this.#wanted = bytes;
    return 'fill';
  }

  #accept(header: FrameHeader, totalBytes: number, records: number, step: FrameStep): FrameStep {
    this.header = header;
    this.frameOffset = this.offset;
    this.offset += totalBytes;
    this.nextSeq = header.seq + records;
    return step;
  }

  #bad(reason: string): FrameStep {
    this.reason = reason;
    return 'bad';
  }
}
