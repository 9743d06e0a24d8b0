import { unshared } from '../../core/ports/objectBody.ts';
import { PiecesBody } from './body.ts';

/**
 * What is stored for an object: its bytes, then 24 bytes that name the put: `elanus-1` and a random UUID. S3's ETag is a hash of
 * the content, so without them the same bytes put twice would have one version; and a put that got no answer is known
 * again by them.
 */
const FORMAT = Buffer.from('elanus-1', 'latin1');
export const TRAILER_BYTES = 24;
/** So much is sent as one piece, and hashed by the client itself. */
const COPIED_BYTES_MAX = 128 * 1024;

export class StoredContent {
  readonly trailer: Uint8Array;
  /** Of what is stored. */
  readonly bytes: number;
  readonly #content: Uint8Array;

  /** `uuid` in its usual text form. `content` must stay as it is until bodies of it were sent. */
  constructor(content: Uint8Array, uuid: string) {
    this.trailer = Buffer.concat([FORMAT, Buffer.from(uuid.replaceAll('-', ''), 'hex')]);
    this.bytes = content.length + TRAILER_BYTES;
    this.#content = content;
  }

  /** Bytes [from, to) of what is stored, as the body of one request. */
  body(from: number, to: number): Uint8Array | PiecesBody {
    const pieces = this.#pieces(from, to);
    return to - from > COPIED_BYTES_MAX ? new PiecesBody(pieces) : Buffer.concat(pieces);
  }

  /** Views, where nothing is shared. */
  #pieces(from: number, to: number): readonly Uint8Array[] {
    const trailerAt = this.#content.length;
    const pieces = [
      unshared(this.#content.subarray(from, to)),
      this.trailer.subarray(Math.max(0, from - trailerAt), Math.max(0, to - trailerAt)),
    ];
    return pieces.filter(({ length }) => length > 0);
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
