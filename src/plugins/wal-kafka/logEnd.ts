import { KINDS } from './batchHead.ts';
import { LogRules } from './logRules.ts';
import type { Place } from './names.ts';
import type { FetchedBatch, FetchOptions, Partition } from './partition.ts';

const STEP_FACTOR = 8;

export interface LogEnd {
  /** Offset of the oldest message that the topic still has. */
  readonly start: number;
  /** Offset behind the newest message. */
  readonly end: number;
  /** Highest term with a fence; 0 = none. */
  readonly term: number;
  /** Which holds it. */
  readonly writer: number | undefined;
  readonly cut: Place | undefined;
  /** The last readable record. */
  readonly last: Place | undefined;
  /** Of all records ever written, up to and including `last`. */
  readonly bytes: number;
}

/**
 * What the end of a topic says about the whole of it. A batch that lies where its writer expected it proves that no later
 * term has a fence before it, so it is enough to go back to one that ends a record.
 */
export async function readLogEnd(partition: Partition, fetch: FetchOptions): Promise<LogEnd> {
  const bounds = await partition.bounds();
  const { start, end } = bounds;
  for (let count = 1; ; count *= STEP_FACTOR) {
    const from = Math.max(start, end - count);
    const digest = new Digest(partition.topic);
    for (let offset = from; offset < end; ) {
      const batches = await partition.fetch(offset, fetch);
      for (const batch of batches) if (batch.offset < end) digest.add(batch);
      offset = batches.at(-1)?.endOffset ?? end;
    }
    const { last, bytes } = digest;
    const { term, writer, cut } = digest.rules;
    const isReadable = last !== undefined && last.offset > (cut?.offset ?? -1);
    if (last !== undefined || from === start) {
      return { ...bounds, term, writer, cut, last: isReadable ? last : undefined, bytes };
    }
  }
}

class Digest {
  readonly rules: LogRules;
  last: Place | undefined;
  bytes = 0;

  constructor(topic: string) {
    this.rules = new LogRules(topic);
  }

  add(batch: FetchedBatch): void {
    const { head, values, endOffset } = batch;
    if (head === undefined) return;
    if (!this.rules.admit(batch)) {
      this.bytes = Math.max(this.bytes, head.bytesBefore);
      return;
    }
    this.bytes = head.bytesBefore + values.reduce((sum, value) => sum + value.length, 0);
    const isWhole = head.kind === KINDS.records || head.piece + 1 === head.pieces;
    if (isWhole) this.last = { term: head.term, offset: endOffset - 1 };
  }
}
