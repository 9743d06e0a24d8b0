import { KINDS, type Kind } from './batchHead.ts';
import type { Place } from './names.ts';

/** What a value costs beside its bytes in a message set, and what the set costs: no less than in Kafka's format. */
const VALUE_OVERHEAD_BYTES = 24;
const BATCH_OVERHEAD_BYTES = 256;
/** The client needs about 10 µs a value, in which nothing else runs. */
const BATCH_VALUES_MAX = 1_000;

/** An append, or a truncation that goes its way through the writer. */
export interface Pending {
  readonly resolve: (offset: number) => void;
  readonly reject: (error: unknown) => void;
  /** Of all its values. */
  readonly bytes: number;
  /** A truncation; else a record. */
  readonly cut: Place | undefined;
  /** Offset of its first piece, once that was given one. */
  firstPieceOffset: number;
  /** It may be in the topic. */
  isSent: boolean;
}

/** What one message carries. */
export interface Value {
  readonly pending: Pending;
  readonly kind: Kind;
  readonly bytes: Uint8Array;
  readonly piece: number;
  readonly pieces: number;
  /** Its number among all values of the writer. */
  readonly seq: number;
  /** Bytes of all records before it in the channel. */
  readonly bytesBefore: number;
}

/** The values that wait to be sent, in order, and how they go together into message sets. */
export class SendQueue {
  readonly #bytesMax: number;
  #values: Value[] = [];
  #bytes = 0;
  #nextSeq = 1;
  #bytesBefore: number;

  constructor(messageBytesMax: number, bytesBefore: number) {
    this.#bytesMax = messageBytesMax - BATCH_OVERHEAD_BYTES;
    this.#bytesBefore = bytesBefore;
  }

  get isEmpty(): boolean {
    return this.#values.length === 0;
  }

  /** Whether waiting for more would not make the next message set larger. */
  get hasFullBatch(): boolean {
    const first = this.#values[0];
    if (first === undefined) return false;
    return (
      first.kind !== KINDS.records || this.#bytes >= this.#bytesMax || this.#values.length >= BATCH_VALUES_MAX
    );
  }

  add(pending: Pending, record: Uint8Array): void {
    const pieceBytes = this.#bytesMax - VALUE_OVERHEAD_BYTES;
    const pieces = Math.max(1, Math.ceil(record.length / pieceBytes));
    const kind = pending.cut !== undefined ? KINDS.cut : pieces === 1 ? KINDS.records : KINDS.piece;
    for (let piece = 0; piece < pieces; piece++) {
      const bytes = record.subarray(piece * pieceBytes, (piece + 1) * pieceBytes);
      this.#push({
        pending,
        kind,
        bytes,
        piece,
        pieces,
        seq: this.#nextSeq++,
        bytesBefore: this.#bytesBefore,
      });
      this.#bytesBefore += bytes.length;
    }
  }

  /** Values that were taken and must be sent again, before all others. */
  putBack(values: readonly Value[]): void {
    const later = this.#values;
    this.#values = [];
    this.#bytes = 0;
    for (const value of [...values, ...later]) this.#push(value);
  }

  /** The next message set: as many whole records as fit, or one value of another kind. At least one. */
  takeBatch(): Value[] {
    let bytes = 0;
    let count = 0;
    for (const value of this.#values) {
      bytes += value.bytes.length + VALUE_OVERHEAD_BYTES;
      const isAlone = value.kind !== KINDS.records;
      if (count > 0 && (isAlone || bytes > this.#bytesMax || count === BATCH_VALUES_MAX)) break;
      count++;
      if (isAlone) break;
    }
    return this.#take(count);
  }

  /** All values up to `seq`, which it does not include. */
  takeBefore(seq: number): Value[] {
    const count = this.#values.findIndex((value) => value.seq >= seq);
    return this.#take(count < 0 ? this.#values.length : count);
  }

  #take(count: number): Value[] {
    const taken = this.#values.splice(0, count);
    for (const value of taken) this.#bytes -= value.bytes.length + VALUE_OVERHEAD_BYTES;
    return taken;
  }

  #push(value: Value): void {
    this.#values.push(value);
    this.#bytes += value.bytes.length + VALUE_OVERHEAD_BYTES;
  }
}
