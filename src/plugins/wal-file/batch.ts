import {
  FRAME_HEADER_BYTES,
  FRAME_KIND_RECORD,
  frameBytes,
  paddingBytes,
  writeFrameHeader,
} from './frame.ts';

/** An append that waits for the disk. */
export interface PendingAppend {
  readonly record: Uint8Array;
  readonly recordCrc: number;
  readonly resolve: (position: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** Records up to this size are copied next to their heads; larger ones are written from where they are. */
const COPY_BYTES_MAX = 16 * 1024;
/** Linux takes 1024 buffers a writev; a record makes at most three. */
const APPENDS_MAX = 4096;

/** How many of `queue` from `from` make one batch: at least one, at most `bytesMax` and `roomBytes` of frames. */
export function batchLength(
  queue: readonly PendingAppend[],
  from: number,
  bytesMax: number,
  roomBytes: number,
): number {
  let bytes = 0;
  let count = 0;
  while (from + count < queue.length && count < APPENDS_MAX) {
    bytes += frameBytes(queue[from + count]!.record.length);
    if (count > 0 && (bytes > bytesMax || bytes > roomBytes)) break;
    count++;
  }
  return count;
}

/** Turns appends into the buffers of one writev. The staging memory is kept and used again. */
export class BatchEncoder {
  #staging: Buffer = Buffer.alloc(0);

  encode(appends: readonly PendingAppend[], salt: number, firstSeq: number, durableUpTo: number): Buffer[] {
    this.#reserve(stagingBytes(appends));
    const buffers: Buffer[] = [];
    let from = 0;
    let at = 0;
    for (let i = 0; i < appends.length; i++) {
      const { record, recordCrc } = appends[i]!;
      writeFrameHeader(this.#staging, at, salt, {
        kind: FRAME_KIND_RECORD,
        recordBytes: record.length,
        recordCrc,
        seq: firstSeq + i,
        durableUpTo,
      });
      at += FRAME_HEADER_BYTES;
      if (record.length <= COPY_BYTES_MAX) {
        this.#staging.set(record, at);
        at += record.length;
      } else {
        buffers.push(this.#staging.subarray(from, at));
        buffers.push(Buffer.from(record.buffer, record.byteOffset, record.length));
        from = at;
      }
      const padded = at + paddingBytes(record.length);
      this.#staging.fill(0, at, padded);
      at = padded;
    }
    if (at > from) buffers.push(this.#staging.subarray(from, at));
    return buffers;
  }

  #reserve(bytes: number): void {
    if (bytes > this.#staging.length) this.#staging = Buffer.allocUnsafeSlow(Math.max(4096, bytes));
  }
}

function stagingBytes(appends: readonly PendingAppend[]): number {
  let bytes = 0;
  for (const { record } of appends) {
    bytes += frameBytes(record.length) - (record.length <= COPY_BYTES_MAX ? 0 : record.length);
  }
  return bytes;
}

/** How many of `appends` lie wholly within the first `writtenBytes` of their frames. */
export function wholeAppends(
  appends: readonly PendingAppend[],
  writtenBytes: number,
): { readonly count: number; readonly bytes: number } {
  let bytes = 0;
  let count = 0;
  for (const { record } of appends) {
    const next = bytes + frameBytes(record.length);
    if (next > writtenBytes) break;
    bytes = next;
    count++;
  }
  return { count, bytes };
}
