/** Smaller ones cost less to make than to keep. */
const KEPT_BYTES_MIN = 64 * 1024;
const KEPT_BYTES_MAX = 8 * 1024 * 1024;
const STEP_BYTES = 64 * 1024;

/**
 * Memory for log records, used again: a batch of some megabytes costs page faults when it is new, and a look at the whole heap
 * every few batches when it is garbage.
 */
export class RecordBuffers {
  readonly #kept: ArrayBuffer[] = [];
  #keptBytes = 0;

  /** `bytes` bytes of any content, at the start of a buffer of their own. */
  take(bytes: number): Uint8Array {
    if (bytes < KEPT_BYTES_MIN) return new Uint8Array(bytes);
    const at = this.#kept.findIndex(({ byteLength }) => byteLength >= bytes && byteLength <= 2 * bytes);
    if (at < 0) return new Uint8Array(new ArrayBuffer(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES), 0, bytes);
    const [buffer] = this.#kept.splice(at, 1);
    this.#keptBytes -= buffer!.byteLength;
    return new Uint8Array(buffer!, 0, bytes);
  }

  /** Gives back what `take` gave, when nobody reads it any more. */
  give({ buffer }: Uint8Array): void {
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < KEPT_BYTES_MIN) return;
    if (this.#keptBytes + buffer.byteLength > KEPT_BYTES_MAX) return;
    this.#kept.push(buffer);
    this.#keptBytes += buffer.byteLength;
  }
}
