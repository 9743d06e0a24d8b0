import { KINDS } from './batchHead.ts';
import type { FetchedBatch } from './partition.ts';

export interface LogRecord {
  /** Of its last piece. */
  readonly offset: number;
  readonly record: Uint8Array;
}

/** Puts records together from batches that count. A record whose writer ended before its last piece is none. */
export class PieceJoiner {
  #pieces: Uint8Array[] = [];

  *join({ offset, head, values }: FetchedBatch): Generator<LogRecord, void, undefined> {
    const { kind, piece, pieces } = head!;
    if (kind === KINDS.records || piece !== this.#pieces.length) this.#pieces = [];
    if (kind === KINDS.records) {
      for (const [i, record] of values.entries()) yield { offset: offset + i, record };
      return;
    }
    if (piece !== this.#pieces.length) return;
    this.#pieces.push(values[0]!);
    if (piece + 1 < pieces) return;
    const record = Buffer.concat(this.#pieces);
    this.#pieces = [];
    yield { offset, record };
  }
}
