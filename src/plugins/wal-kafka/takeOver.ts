import { ElanusError } from '../../core/domain/errors.ts';
import { type BatchHead, KINDS, NOWHERE } from './batchHead.ts';
import { fenced, isProducerStateLost } from './errors.ts';
import { type LogEnd, readLogEnd } from './logEnd.ts';
import type { Producer } from './partition.ts';
import { checkTopic, makeTopic } from './topic.ts';
import { KafkaWalWriter, laneOf, type WriterParts } from './writer.ts';

const NO_VALUE = [new Uint8Array(0)];

/** What an open that may take several attempts has come to. */
export class TakeOver {
  readonly #parts: WriterParts;
  /** Of the fence, when its answer arrived. */
  #producer: Producer | undefined;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /**
   * Opens the channel: a new epoch, then a fence record, and only then the end of the log is read, which tells whether the
   * fence is the first of its term and none of a later one is there. From there on all lower terms are void, and the
   * brokers refuse their batches. One attempt; it may be called again until it succeeds.
   * Errors: Fenced, Invalid (of the topic), those of the client.
   */
  async attempt(): Promise<KafkaWalWriter> {
    const { partition, config, fetch } = this.#parts;
    const { topic, brokers } = partition;
    await checkTopic(topic, await makeTopic(topic, brokers, config), brokers, config);
    let end = await readLogEnd(partition, fetch);
    if (!this.#holds(end)) {
      await this.#writeFence(end);
      end = await readLogEnd(partition, fetch);
      if (!this.#holds(end))
        throw new ElanusError('Unavailable', `the fence of topic ${topic} is not there yet`);
    }
    return this.#writerAt(end);
  }

  /** Whether the fence is in the log. Errors: Fenced. */
  #holds(end: LogEnd): boolean {
    const { channel, term, writer } = this.#parts;
    if (end.term > term || (end.term === term && end.writer !== writer))
      throw fenced(channel, term, end.term);
    return end.term === term;
  }

  async #writeFence(end: LogEnd): Promise<void> {
    const { partition } = this.#parts;
    this.#producer = undefined;
    try {
      const producer = await partition.newProducer();
      await partition.produce(laneOf(this.#parts), { head: this.#fence(end), values: NO_VALUE }, producer, 0);
      this.#producer = producer;
    } catch (caught) {
      if (!isProducerStateLost(caught)) throw caught;
      // The log will tell who wins.
      throw new ElanusError('Unavailable', `somebody else opens topic ${partition.topic} too`, {
        cause: caught,
      });
    }
  }

  async #writerAt({ end, bytes, cut }: LogEnd): Promise<KafkaWalWriter> {
    const start =
      this.#producer === undefined
        ? { producer: await this.#parts.partition.newProducer(), nextSequence: 0 }
        : { producer: this.#producer, nextSequence: 1 };
    return new KafkaWalWriter(this.#parts, { end, bytes, cut, ...start });
  }

  #fence({ bytes, cut }: LogEnd): BatchHead {
    const { term, writer } = this.#parts;
    const nowhere = { expectedOffset: NOWHERE, firstPieceOffset: NOWHERE };
    return {
      kind: KINDS.fence,
      piece: 0,
      pieces: 1,
      term,
      writer,
      seq: 0,
      ...nowhere,
      bytesBefore: bytes,
      cut,
    };
  }
}
