import { KINDS } from './batchHead.ts';
import { corrupt } from './errors.ts';
import type { Place } from './names.ts';
import type { FetchedBatch } from './partition.ts';

/**
 * Which batches of a topic count, met in the order of the topic.
 *
 * A batch of records counts when it lies where its writer meant it to lie, and no fence of a later term lies before it.
 * The first rule alone makes a batch that was sent twice count once, and a batch of a superseded writer not at all: that
 * writer did not expect the fence. So nothing depends on how long a broker remembers a producer.
 */
export class LogRules {
  readonly #topic: string;
  /** The highest term met. */
  term: number;
  /** The writer that holds `term`: the first that wrote its fence. */
  writer: number | undefined;
  /** The last truncation met. */
  cut: Place | undefined;
  #nextSeq: number | undefined;

  constructor(topic: string, term = 0) {
    this.#topic = topic;
    this.term = term;
  }

  /** Whether `batch` has records, or a piece of one, that count. Errors: Corrupt when some before it are missing. */
  admit({ offset, head, values }: FetchedBatch): boolean {
    if (head === undefined) return false;
    if (head.cut !== undefined && head.cut.offset > (this.cut?.offset ?? -1)) this.cut = head.cut;
    const isPlaced = head.expectedOffset === offset;
    const isMark = !isPlaced && (head.kind === KINDS.fence || head.kind === KINDS.cut);
    if (head.term < this.term || !(isPlaced || isMark)) return false;
    if (isMark && head.term === this.term && this.writer !== undefined) return false;
    if (head.writer === this.writer && this.#nextSeq !== undefined && head.seq !== this.#nextSeq) {
      throw corrupt(
        this.#topic,
        offset,
        `values ${this.#nextSeq} to ${head.seq - 1} of its writer are missing`,
      );
    }
    this.term = head.term;
    this.writer = head.writer;
    // A cut may be written by another than the writer that it names.
    this.#nextSeq = isMark && head.kind === KINDS.cut ? undefined : head.seq + values.length;
    return head.kind === KINDS.records || head.kind === KINDS.piece;
  }
}
