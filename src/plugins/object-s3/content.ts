/**
 * What is stored for an object: its bytes, then 24 bytes that name the put: `elanus-1` and a random UUID. S3's ETag is a hash of
 * the content, so without them the same bytes put twice would have one version; and a put that got no answer is known
 * again by them.
 */
const FORMAT = Buffer.from('elanus-1', 'latin1');
export const TRAILER_BYTES = 24;

export class StoredContent {
  readonly trailer: Uint8Array;
  /** Of what is stored. */
  readonly bytes: number;
  readonly #content: Uint8Array;

  /** `uuid` in its usual text form. `content` must stay as it is while pieces are taken and sent. */
  constructor(content: Uint8Array, uuid: string) {
    this.trailer = Buffer.concat([FORMAT, Buffer.from(uuid.replaceAll('-', ''), 'hex')]);
    this.bytes = content.length + TRAILER_BYTES;
    this.#content = content;
  }

  /** Bytes [from, to) of what is stored: a copy, unless they lie in one piece of memory that is not shared. */
  piece(from: number, to: number): Uint8Array {
    const content = this.#content;
    if (to <= content.length && !(content.buffer instanceof SharedArrayBuffer)) {
      return content.subarray(from, to);
    }
    // All of it is written below.
    const piece = Buffer.allocUnsafeSlow(to - from);
    if (from < content.length) piece.set(content.subarray(from, to));
    const trailerAt = Math.max(content.length, from);
    if (to > trailerAt) {
      piece.set(this.trailer.subarray(trailerAt - content.length, to - content.length), trailerAt - from);
    }
    return piece;
  }

  isMarkedBy(trailer: Uint8Array): boolean {
    return Buffer.compare(this.trailer, trailer) === 0;
  }
}

/** Whether `stored` ends with a trailer of this format. */
export function hasTrailer(stored: Uint8Array): boolean {
  const at = stored.length - TRAILER_BYTES;
  return at >= 0 && FORMAT.equals(stored.subarray(at, at + FORMAT.length));
}
