import { invalid } from '../../core/domain/errors.ts';
import { KINDS } from './batchHead.ts';
import { corrupt, hasCode } from './errors.ts';
import { type LogEnd, readLogEnd } from './logEnd.ts';
import { LogRules } from './logRules.ts';
import { type Place, truncatedError } from './names.ts';
import type { FetchedBatch, FetchOptions, Partition } from './partition.ts';
import { PieceJoiner } from './pieces.ts';

export interface ReadRange {
  /** Undefined: from the first readable record. */
  readonly from: Place | undefined;
  readonly inclusive: boolean;
}

export interface ReadRecord {
  readonly place: Place;
  readonly record: Uint8Array;
}

/** A place in a topic from which records are read on. */
export class LogCursor {
  readonly #partition: Partition;
  readonly #rules: LogRules;
  readonly #joiner = new PieceJoiner();
  /** Records up to here are not given out. */
  readonly #after: Place;
  /** Of the next message to fetch. */
  #offset: number;

  /**
   * The cursor at the beginning of `range` in a log with this end. One attempt.
   * Errors: Truncated, Invalid, Corrupt, those of the client.
   */
  static async at(
    partition: Partition,
    range: ReadRange,
    end: LogEnd,
    fetch: FetchOptions,
  ): Promise<LogCursor> {
    const { from, inclusive } = range;
    // Offsets below the start of the topic are gone even if nobody truncated them here.
    const cut = { term: end.cut?.term ?? 0, offset: Math.max(end.cut?.offset ?? -1, end.start - 1) };
    if (from === undefined) return new LogCursor(partition, cut, cut.offset + 1);
    if (from.offset >= end.end) {
      throw corrupt(partition.topic, end.end, `it ends before the position at offset ${from.offset}`);
    }
    if (from.offset < cut.offset || (inclusive && from.offset === cut.offset)) {
      throw truncatedError(partition.topic, from, await firstPlace(partition, end, fetch));
    }
    if (!inclusive) return new LogCursor(partition, from, from.offset + 1);
    const batch = await recordBatchAt(partition, from, fetch);
    const { kind, firstPieceOffset } = batch.head!;
    const offset = kind === KINDS.piece ? firstPieceOffset : from.offset;
    return new LogCursor(partition, { term: from.term, offset: from.offset - 1 }, offset);
  }

  private constructor(partition: Partition, after: Place, offset: number) {
    this.#partition = partition;
    this.#after = after;
    this.#offset = offset;
    this.#rules = new LogRules(partition.topic, after.term);
  }

  get offset(): number {
    return this.#offset;
  }

  /** One attempt. Errors: Truncated when what comes next is gone, Corrupt, those of the client. */
  async fetch(options: FetchOptions): Promise<readonly FetchedBatch[]> {
    try {
      return await this.#partition.fetch(this.#offset, options);
    } catch (caught) {
      if (!hasCode(caught, 'OFFSET_OUT_OF_RANGE')) throw caught;
      const { topic } = this.#partition;
      const now = { ...options, waitMs: 0 };
      const end = await readLogEnd(this.#partition, now);
      if (this.#offset >= end.start) throw corrupt(topic, end.end, `it ends before offset ${this.#offset}`);
      const first = await firstPlace(this.#partition, end, now);
      throw truncatedError(topic, { term: this.#rules.term, offset: this.#offset }, first);
    }
  }

  /** The records in `batch`, which was fetched here. */
  *take(batch: FetchedBatch): Generator<ReadRecord, void, undefined> {
    this.#offset = batch.endOffset;
    if (!this.#rules.admit(batch)) return;
    for (const { offset, record } of this.#joiner.join(batch)) {
      if (offset > this.#after.offset) yield { place: { term: batch.head!.term, offset }, record };
    }
  }
}

/** The first readable record. One attempt. */
export async function firstPlace(
  partition: Partition,
  end: LogEnd,
  fetch: FetchOptions,
): Promise<Place | undefined> {
  return (await firstRecord(partition, end, fetch))?.place;
}

/** The first readable record and how many bytes of records lie before it. One attempt. */
export async function firstRecord(
  partition: Partition,
  end: LogEnd,
  fetch: FetchOptions,
): Promise<{ readonly place: Place; readonly bytesBefore: number } | undefined> {
  const one = { ...fetch, bytesMax: 1 };
  const cursor = await LogCursor.at(partition, { from: undefined, inclusive: false }, end, one);
  while (cursor.offset < end.end) {
    for (const batch of await cursor.fetch(one)) {
      for (const { place, record } of cursor.take(batch)) {
        const { kind, bytesBefore } = batch.head!;
        if (kind === KINDS.piece)
          return { place, bytesBefore: bytesBefore + batch.values[0]!.length - record.length };
        const valuesBefore = batch.values.slice(0, place.offset - batch.offset);
        return { place, bytesBefore: valuesBefore.reduce((sum, value) => sum + value.length, bytesBefore) };
      }
    }
  }
  return undefined;
}

/** The batch with the record at `place`. Errors: Invalid when there is none. */
export async function recordBatchAt(
  partition: Partition,
  place: Place,
  fetch: FetchOptions,
): Promise<FetchedBatch> {
  const [batch] = await partition.fetch(place.offset, { ...fetch, bytesMax: 1 });
  const head = batch?.head;
  const isLast =
    head?.kind === KINDS.records || (head?.kind === KINDS.piece && head.piece + 1 === head.pieces);
  if (batch === undefined || !isLast || head.expectedOffset !== batch.offset || head.term !== place.term) {
    throw invalid(
      `position of term ${place.term} and offset ${place.offset} names no record of topic ${partition.topic}`,
    );
  }
  return batch;
}
