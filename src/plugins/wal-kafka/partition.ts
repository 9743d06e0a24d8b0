import {
  createAPI,
  deleteRecordsV2,
  fetchV13,
  findCoordinatorV4,
  initProducerIdV4,
  listOffsetsV7,
  produceV9,
  Reader,
  type RecordsBatch,
} from '@platformatic/kafka';
import { ElanusError } from '../../core/domain/errors.ts';
import { type BatchHead, decodeHead, encodeHead } from './batchHead.ts';
import type { Address, Brokers, TopicFacts } from './brokers.ts';
import { hasCode } from './errors.ts';

/** The one partition of a topic. */
const PARTITION = 0;
const ALL_IN_SYNC_REPLICAS = -1;
const TRANSACTIONAL_ID_KEY = 1;
/** Of transactions, which are never begun. */
const TRANSACTION_TIMEOUT_MS = 60_000;
const EARLIEST = -2n;
const LATEST = -1n;
const NO_EPOCH = -1;
const READ_UNCOMMITTED = 0;
const NO_SESSION = 0;
const IS_CONTROL = 1 << 5;

/** The client's own reading of an answer takes time that grows with the square of the number of its TCP segments. */
const fetchApi = createAPI<Parameters<typeof fetchV13.createRequest>, fetchV13.FetchResponse>(
  fetchV13.api.key,
  fetchV13.api.version,
  fetchV13.createRequest,
  (correlationId, apiKey, apiVersion, reader) =>
    fetchV13.parseResponse(correlationId, apiKey, apiVersion, Reader.from(reader.buffer.buffer)),
);

/** A producer id with its epoch: a later epoch ends all earlier ones. */
export interface Producer {
  readonly id: bigint;
  readonly epoch: number;
}

export interface OutgoingBatch {
  readonly head: BatchHead;
  /** At least one; only lent. */
  readonly values: readonly Uint8Array[];
}

export interface FetchedBatch {
  readonly offset: number;
  /** Offset behind its last message. */
  readonly endOffset: number;
  /** Undefined: no batch of this log. */
  readonly head: BatchHead | undefined;
  readonly values: readonly Uint8Array[];
}

export interface FetchOptions {
  readonly lane: string;
  readonly bytesMax: number;
  /** How long the broker waits for news when there is nothing yet. */
  readonly waitMs: number;
}

/** The calls about a topic of one partition. Each is one attempt, with the client's errors; the leader is looked up. */
export class Partition {
  readonly topic: string;
  readonly brokers: Brokers;
  /** How long a broker waits for the replicas; it must answer before we give the connection up. */
  readonly #waitMs: number;
  #facts: TopicFacts | undefined;

  constructor(topic: string, brokers: Brokers, requestTimeoutMs: number) {
    this.topic = topic;
    this.brokers = brokers;
    this.#waitMs = Math.ceil(requestTimeoutMs * 0.8);
  }

  async exists(): Promise<boolean> {
    return (await this.#find()) !== undefined;
  }

  async #find(): Promise<TopicFacts | undefined> {
    this.#facts ??= await this.brokers.find(this.topic);
    return this.#facts;
  }

  /** What can be read: from `start` to before `end`. */
  async bounds(): Promise<{ readonly start: number; readonly end: number }> {
    const [start, end] = await Promise.all([this.#offsetOf(EARLIEST), this.#offsetOf(LATEST)]);
    return { start, end };
  }

  #offsetOf(timestamp: bigint): Promise<number> {
    return this.#atLeader(async ({ leader }) => {
      const partitions = [{ partitionIndex: PARTITION, currentLeaderEpoch: NO_EPOCH, timestamp }];
      const topics = [{ name: this.topic, partitions }];
      const reply = await this.brokers.call(leader, 'any', listOffsetsV7.api, -1, READ_UNCOMMITTED, topics);
      return Number(reply.topics[0]!.partitions[0]!.offset);
    });
  }

  /**
   * Whole batches, the first one being that which has `offset`; with `waitMs` none when nothing came.
   * Errors: also Corrupt, and Unavailable for nothing without `waitMs`.
   */
  fetch(offset: number, { lane, bytesMax, waitMs }: FetchOptions): Promise<readonly FetchedBatch[]> {
    return this.#atLeader(async ({ leader, topicId }) => {
      const partition = {
        partition: PARTITION,
        currentLeaderEpoch: NO_EPOCH,
        fetchOffset: BigInt(offset),
        lastFetchedEpoch: NO_EPOCH,
        partitionMaxBytes: bytesMax,
      };
      const reply = await this.brokers.call(
        leader,
        lane,
        fetchApi,
        waitMs,
        1,
        bytesMax,
        READ_UNCOMMITTED,
        NO_SESSION,
        NO_EPOCH,
        [{ topicId, partitions: [partition] }],
        [],
        '',
      );
      const records = reply.responses[0]?.partitions[0]?.records ?? [];
      const batches = records.map((batch) => this.#decode(batch)).filter((batch) => batch.endOffset > offset);
      if (batches.length === 0 && waitMs === 0) {
        throw new ElanusError('Unavailable', `topic ${this.topic} has nothing to give at offset ${offset}`);
      }
      return batches;
    });
  }

  /**
   * Resolves with the offset of its first message when `batch` lies on all replicas in sync. With a producer, a repeated
   * call with the same `sequence` gives the same offset again.
   */
  produce(lane: string, batch: OutgoingBatch, producer?: Producer, sequence = -1): Promise<number> {
    const { topic } = this;
    const messages = batch.values.map((value) => ({
      topic,
      partition: PARTITION,
      value: Buffer.from(value.buffer, value.byteOffset, value.length),
    }));
    const head = encodeHead(batch.head, batch.values);
    const [first, ...others] = messages;
    return this.#atLeader(async ({ leader }) => {
      const reply = await this.brokers.call(
        leader,
        lane,
        produceV9.api,
        ALL_IN_SYNC_REPLICAS,
        this.#waitMs,
        [{ ...first!, key: head }, ...others],
        {
          producerId: producer?.id ?? -1n,
          producerEpoch: producer?.epoch ?? NO_EPOCH,
          sequences: sequenceOf(sequence),
        },
      );
      if (typeof reply === 'boolean') throw new ElanusError('Internal', 'a produce request had no answer');
      return Number(reply.responses[0]!.partitionResponses[0]!.baseOffset);
    });
  }

  async deleteBefore(offset: number): Promise<void> {
    await this.#atLeader(({ leader }) => {
      const topics = [
        { name: this.topic, partitions: [{ partitionIndex: PARTITION, offset: BigInt(offset) }] },
      ];
      return this.brokers.call(leader, 'any', deleteRecordsV2.api, topics, this.#waitMs);
    });
  }

  /** A new epoch of the topic's transactional id; it ends the earlier ones with its first batch. */
  async newProducer(): Promise<Producer> {
    const { topic, brokers } = this;
    const found = await brokers.callAny(findCoordinatorV4.api, TRANSACTIONAL_ID_KEY, [topic]);
    const coordinator: Address = found.coordinators[0]!;
    const args = [topic, TRANSACTION_TIMEOUT_MS, -1n, NO_EPOCH] as const;
    const reply = await brokers.call(coordinator, 'any', initProducerIdV4.api, ...args);
    return { id: reply.producerId, epoch: reply.producerEpoch };
  }

  async #atLeader<Result>(call: (facts: TopicFacts) => Promise<Result>): Promise<Result> {
    const facts = await this.#find();
    if (facts === undefined) throw new ElanusError('Unavailable', `no broker knows topic ${this.topic}`);
    try {
      return await call(facts);
    } catch (caught) {
      // Anything but an answer about the offset may mean that another broker leads now.
      if (!hasCode(caught, 'OFFSET_OUT_OF_RANGE')) this.#facts = undefined;
      throw caught;
    }
  }

  #decode(batch: RecordsBatch): FetchedBatch {
    const offset = Number(batch.firstOffset);
    const endOffset = offset + batch.lastOffsetDelta + 1;
    const values = batch.records.map(({ value }) => value ?? Buffer.alloc(0));
    const isControl = (batch.attributes & IS_CONTROL) !== 0;
    const key = isControl ? null : (batch.records[0]?.key ?? null);
    return { offset, endOffset, head: decodeHead(key, values, this.topic, offset), values };
  }
}

/** Sequence numbers are 31 bits, and 0 follows the last. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % 2 ** 31;
}

/** In the form in which the client looks it up. */
function sequenceOf(sequence: number) {
  return { getWithDefault: () => sequence } as never;
}
