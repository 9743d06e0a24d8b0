import { MESSAGE_OVERHEAD_BYTES, type Message, RECORD_OVERHEAD_BYTES } from './messages.ts';

/** Small records share a message; copying large ones into one would only keep them from being sent side by side. */
const SHARED_BYTES_MAX = 512 * 1024;

/** An append that waits. */
export interface Pending {
  readonly record: Uint8Array;
  readonly resolve: (at: { readonly message: number; readonly record: number }) => void;
  readonly reject: (error: unknown) => void;
}

/** A message to send, and the appends that are durable when it is. */
export interface Outgoing extends Omit<Message, 'writer'> {
  readonly appends: readonly Pending[];
}

/** The appends that wait to be sent, in order, and how they become messages. */
export class Outbox {
  readonly #messageBytesMax: number;
  #waiting: Pending[] = [];
  /** Of the first that waits: pieces already taken. */
  #piecesTaken = 0;

  constructor(messageBytesMax: number) {
    this.#messageBytesMax = messageBytesMax;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Whether the next message continues a record. */
  get isInPieces(): boolean {
    return this.#piecesTaken > 0;
  }

  add(pending: Pending): void {
    this.#waiting.push(pending);
  }

  takeAll(): Pending[] {
    const all = this.#waiting;
    this.#waiting = [];
    this.#piecesTaken = 0;
    return all;
  }

  /** The next message, which is to be number `number`: some whole records, or a piece. Not when it is empty. */
  take(number: number): Outgoing {
    const first = this.#waiting[0]!;
    const pieceBytes = this.#messageBytesMax - MESSAGE_OVERHEAD_BYTES - RECORD_OVERHEAD_BYTES;
    const pieces = Math.ceil(first.record.length / pieceBytes);
    if (pieces > 1) return this.#takePiece(first, number, pieces, pieceBytes);
    const appends = this.#takeWhole();
    return { number, piece: 0, pieces: 1, records: appends.map(({ record }) => record), appends };
  }

  #takePiece(append: Pending, number: number, pieces: number, pieceBytes: number): Outgoing {
    const piece = this.#piecesTaken++;
    const isLast = piece + 1 === pieces;
    if (isLast) {
      this.#waiting.shift();
      this.#piecesTaken = 0;
    }
    const records = [append.record.subarray(piece * pieceBytes, (piece + 1) * pieceBytes)];
    return { number, piece, pieces, records, appends: isLast ? [append] : [] };
  }

  #takeWhole(): Pending[] {
    const bytesMax = Math.min(SHARED_BYTES_MAX, this.#messageBytesMax);
    let bytes = MESSAGE_OVERHEAD_BYTES;
    let count = 0;
    for (const { record } of this.#waiting) {
      bytes += RECORD_OVERHEAD_BYTES + record.length;
      if (count > 0 && bytes > bytesMax) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}
