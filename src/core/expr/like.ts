const PERCENT = 0x25;
const UNDERSCORE = 0x5f;
const BACKSLASH = 0x5c;
/** In a piece of a pattern: any one character. */
const ANY = -1;

/**
 * A LIKE pattern on UTF-8 bytes: pieces between the `%`, of which the first is tied to the start and the last to the end.
 * Each other piece is taken where it is found first, which is enough since a `%` follows: no backtracking, and the time is
 * at most length × pattern.
 */
export class LikeMatcher {
  readonly #first: Int16Array;
  readonly #middle: readonly Int16Array[];
  /** undefined: there is no `%`, the first piece is the whole text. */
  readonly #last: Int16Array | undefined;
  readonly #bytesMin: number;

  constructor(pattern: string) {
    const pieces = piecesOf(new TextEncoder().encode(pattern));
    this.#first = pieces[0]!;
    this.#last = pieces.length > 1 ? pieces.at(-1) : undefined;
    this.#middle = pieces.slice(1, -1).filter((piece) => piece.length > 0);
    this.#bytesMin = pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  matches(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < this.#bytesMin) return false;
    let at = matchForward(this.#first, bytes, start, end);
    if (at < 0) return false;
    if (this.#last === undefined) return at === end;
    const last = matchBackward(this.#last, bytes, at, end);
    if (last < 0) return false;
    for (const piece of this.#middle) {
      at = findPiece(piece, bytes, at, last);
      if (at < 0) return false;
    }
    return true;
  }
}

function piecesOf(pattern: Uint8Array): Int16Array[] {
  const pieces: Int16Array[] = [];
  let piece: number[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const byte = pattern[i]!;
    if (byte === PERCENT) {
      pieces.push(Int16Array.from(piece));
      piece = [];
    } else if (byte === UNDERSCORE) {
      piece.push(ANY);
    } else {
      piece.push(byte === BACKSLASH && i + 1 < pattern.length ? pattern[++i]! : byte);
    }
  }
  pieces.push(Int16Array.from(piece));
  return pieces;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Where the piece ends if it lies at `at`, else -1. */
function matchForward(piece: Int16Array, bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  for (let i = 0; i < piece.length; i++) {
    if (p >= end) return -1;
    if (piece[i] === ANY) {
      p++;
      while (p < end && isContinuation(bytes[p]!)) p++;
    } else if (bytes[p++] !== piece[i]) {
      return -1;
    }
  }
  return p;
}

/** Where the piece begins if it ends at `end`, at `start` or later; else -1. */
function matchBackward(piece: Int16Array, bytes: Uint8Array, start: number, end: number): number {
  let p = end;
  for (let i = piece.length - 1; i >= 0; i--) {
    if (p <= start) return -1;
    p--;
    if (piece[i] === ANY) {
      while (p > start && isContinuation(bytes[p]!)) p--;
    } else if (bytes[p] !== piece[i]) {
      return -1;
    }
  }
  return p;
}

/** Where the first occurrence of the piece in [start, end) ends, else -1. */
function findPiece(piece: Int16Array, bytes: Uint8Array, start: number, end: number): number {
  const head = piece[0]!;
  for (let p = start; p < end; p++) {
    if (head === ANY ? isContinuation(bytes[p]!) : bytes[p] !== head) continue;
    const found = matchForward(piece, bytes, p, end);
    if (found >= 0) return found;
  }
  return -1;
}
