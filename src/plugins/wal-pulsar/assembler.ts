import type { Message } from './messages.ts';

export interface AssembledRecord {
  /** Number of its message, the first of its pieces, and its place in that. */
  readonly message: number;
  readonly record: number;
  readonly bytes: Uint8Array;
}

/**
 * Makes records of the messages of one topic. A message sent again is dropped, and so is what lies behind a message that never
 * came: its writer ended before it could acknowledge that. A record without all its pieces is none.
 */
export class Assembler {
  readonly #writer: string;
  #expected: number;
  #pieces: Uint8Array[] = [];

  /** `expected`: number of the first message that counts, which begins a record. */
  constructor(writer: string, expected: number) {
    this.#writer = writer;
    this.#expected = expected;
  }

  /** The records that `message` completes; views on its bytes, unless it is a piece. */
  add({ writer, number, piece, pieces, records }: Message): AssembledRecord[] {
    if (writer !== this.#writer || number !== this.#expected) return [];
    this.#expected++;
    if (pieces === 1) return records.map((bytes, record) => ({ message: number, record, bytes }));
    this.#pieces.push(records[0]!);
    if (piece + 1 < pieces) return [];
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    return [{ message: number - piece, record: 0, bytes }];
  }
}
