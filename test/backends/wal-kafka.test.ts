import { randomUUID } from 'node:crypto';
import { Admin, ConfigResourceTypes, Producer } from '@platformatic/kafka';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { patternBytes } from '../../conformance/storage/checks.ts';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { walConformance } from '../../conformance/storage/wal/kit.ts';
import { hexOf, idsOf, makeRecord, positionOf, readAll } from '../../conformance/storage/wal/records.ts';
import type { Wal } from '../../src/core/ports/wal.ts';
import { type BatchHead, encodeHead, KINDS } from '../../src/plugins/wal-kafka/batchHead.ts';
import { Brokers } from '../../src/plugins/wal-kafka/brokers.ts';
import { walKafkaConfigSchema } from '../../src/plugins/wal-kafka/config.ts';
import { Partition } from '../../src/plugins/wal-kafka/partition.ts';
import { withServer } from './backend.ts';
import { kafkaFactory, type Options, openWal, optionsFor } from './wal-kafka/subject.ts';

const MIB = 1024 * 1024;

withServer('kafka', (server) => {
  registerCases('Wal: kafka', walConformance(kafkaFactory(server), { seeds: 6 }));

  let admin: Admin;
  let producer: Producer<Buffer, Buffer, Buffer, Buffer>;
  let topicPrefix: string;
  let topic: string;
  let opened: Wal[];

  beforeEach(() => {
    const client = { clientId: 'tests', bootstrapBrokers: [`127.0.0.1:${server().port}`], timeout: 5000 };
    admin = new Admin(client);
    producer = new Producer(client);
    topicPrefix = `t${randomUUID()}-`;
    topic = `${topicPrefix}a`;
    opened = [];
  });

  afterEach(async () => {
    await Promise.all([...opened.map((wal) => wal.close()), admin.close(), producer.close(true)]);
  });

  async function open(more: Options = {}): Promise<Wal> {
    const wal = await openWal(optionsFor(server().port, { topicPrefix, ...more }));
    opened.push(wal);
    return wal;
  }

  async function endOffset(): Promise<number> {
    const partitions = [{ partitionIndex: 0, timestamp: -1n }];
    const [found] = await admin.listOffsets({ topics: [{ name: topic, partitions }] });
    return Number(found!.partitions[0]!.offset);
  }

  /** Of the batch at an offset, as the adapter reads it. */
  async function headAt(offset: number): Promise<BatchHead> {
    const config = walKafkaConfigSchema.parse(optionsFor(server().port));
    const brokers = await Brokers.connect(config);
    const partition = new Partition(topic, brokers, config.requestTimeoutMs);
    const [batch] = await partition.fetch(offset, { lane: 'any', bytesMax: 1, waitMs: 0 });
    brokers.close();
    return batch!.head!;
  }

  function makeTopic(configs: Readonly<Record<string, string>>, partitions = 1): Promise<unknown> {
    const list = Object.entries(configs).map(([name, value]) => ({ name, value }));
    return admin.createTopics({ topics: [topic], partitions, replicas: 1, configs: list });
  }

  const lossless = { 'retention.ms': '-1', 'retention.bytes': '-1' };

  test('a superseded writer in another process is refused by the broker: the log does not grow', async () => {
    const [a, b] = [await open(), await open()];
    const old = await a.open('a', 1);
    await old.append(makeRecord(1, 100));
    const writer = await b.open('a', 2);
    const end = await endOffset();
    const appends = [2, 3, 4].map((id) => old.append(makeRecord(id, 100)));
    for (const append of appends) await expect(append).rejects.toMatchObject({ kind: 'Fenced' });
    expect(await endOffset()).toBe(end);
    await writer.append(makeRecord(5, 100));
    expect(await idsOf(a, 'a')).toEqual([1, 5]);
  });

  test('records that a broker lets in behind the fence of a later term are void', async () => {
    const wal = await open();
    const writer = await wal.open('a', 5);
    await writer.append(makeRecord(1, 100));
    const offset = await endOffset();
    const value = Buffer.from(makeRecord(2, 100));
    const old = { kind: KINDS.records, piece: 0, pieces: 1, term: 4, writer: 7, seq: 9, bytesBefore: 0 };
    for (const expectedOffset of [offset, 1]) {
      const head = { ...old, expectedOffset, firstPieceOffset: 0, cut: undefined };
      await producer.send({ messages: [{ topic, partition: 0, key: encodeHead(head, [value]), value }] });
    }
    await writer.append(makeRecord(3, 100));
    expect(await idsOf(wal, 'a')).toEqual([1, 3]);
    expect((await wal.info('a')).term).toBe(5);
  });

  test('what others write into the topic is passed over, and the writer goes on', async () => {
    const wal = await open();
    const writer = await wal.open('a', 1);
    const ids: number[] = [];
    for (let id = 1; id <= 12; id++) {
      if (id % 4 === 0)
        await producer.send({ messages: [{ topic, partition: 0, value: Buffer.from('hello') }] });
      await Promise.all([
        writer.append(makeRecord(id * 2, 3000)),
        writer.append(makeRecord(id * 2 + 1, 9000)),
      ]);
      ids.push(id * 2, id * 2 + 1);
    }
    expect(await idsOf(wal, 'a')).toEqual(ids);
    const next = await (await open()).open('a', 2);
    await next.append(makeRecord(99, 10));
    expect(await idsOf(wal, 'a')).toEqual([...ids, 99]);
  });

  test('a record of which a writer sent only the first pieces is none', async () => {
    const wal = await open();
    const writer = await wal.open('a', 1);
    const position = await writer.append(makeRecord(1, 100));
    const offset = await endOffset();
    const { writer: number } = await headAt(offset - 1);
    for (const piece of [0, 1]) {
      const value = Buffer.from(patternBytes(500, piece));
      const place = {
        expectedOffset: offset + piece,
        firstPieceOffset: offset,
        bytesBefore: 100,
        cut: undefined,
      };
      const head = { kind: KINDS.piece, piece, pieces: 3, term: 1, writer: number, seq: 2 + piece, ...place };
      await producer.send({ messages: [{ topic, partition: 0, key: encodeHead(head, [value]), value }] });
    }
    const other = await open();
    expect(await idsOf(other, 'a')).toEqual([1]);
    expect(hexOf((await other.info('a')).last!)).toBe(hexOf(position));
    const next = await other.open('a', 2);
    await next.append(makeRecord(2, 9000));
    expect(await idsOf(other, 'a')).toEqual([1, 2]);
    expect(await idsOf(other, 'a', hexOf(position))).toEqual([2]);
  });

  test('records of 20 MB come back with the default settings, inclusive from their position too', async () => {
    const wal = await open({
      recordBytesMax: 64 * MIB,
      messageBytesMax: undefined,
      fetchBytesMax: undefined,
    });
    const writer = await wal.open('a', 1);
    const positions = await Promise.all(
      [1, 2, 3].map(async (id) =>
        hexOf(await writer.append(makeRecord(id, id === 2 ? 20_000_001 : 3_000_000))),
      ),
    );
    expect(await readAll(wal, 'a', positions[1], { inclusive: true })).toEqual([
      { position: positions[1], id: 2, term: 1 },
      { position: positions[2], id: 3, term: 1 },
    ]);
    const info = await wal.info('a');
    expect([hexOf(info.first!), info.retainedBytes]).toEqual([positions[0], 26_000_001]);
    await wal.truncate('a', positionOf(positions[1]!));
    expect(await wal.info('a')).toMatchObject({ retainedBytes: 3_000_000 });
  });

  test('a topic is made so that brokers lose nothing by themselves', async () => {
    const wal = await open({ flushMessages: 1, segmentBytes: 2 * MIB, messageBytesMax: 2 * MIB });
    await wal.open('a', 1);
    const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic }];
    const [described] = await admin.describeConfigs({ resources });
    expect(Object.fromEntries(described!.configs.map(({ name, value }) => [name, value]))).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'retention.bytes': '-1',
      'unclean.leader.election.enable': 'false',
      'min.insync.replicas': '1',
      'flush.messages': '1',
      'segment.bytes': `${2 * MIB}`,
      'max.message.bytes': `${2 * MIB}`,
    });
  });

  test.each([
    ['retention.ms', { ...lossless, 'retention.ms': '3600000' }, 'retention.ms is 3600000, must be -1'],
    [
      'retention.bytes',
      { ...lossless, 'retention.bytes': '1000000' },
      'retention.bytes is 1000000, must be -1',
    ],
    [
      'cleanup.policy',
      { ...lossless, 'cleanup.policy': 'compact' },
      'cleanup.policy is compact, must be delete',
    ],
    [
      'max.message.bytes',
      { ...lossless, 'max.message.bytes': '4000' },
      'max.message.bytes is 4000, must be 4096 or more (messageBytesMax)',
    ],
    [
      'unclean elections',
      { ...lossless, 'unclean.leader.election.enable': 'true' },
      'unclean.leader.election.enable is true',
    ],
  ])('a topic with another %s is Invalid at open', async (_name, configs, words) => {
    await makeTopic(configs);
    const opening = (await open()).open('a', 1);
    await expect(opening).rejects.toMatchObject({ kind: 'Invalid', message: expect.stringContaining(words) });
    await expect(opening).rejects.toThrow(topic);
  });

  test('a topic with several partitions, or synced less than wanted, is Invalid at open', async () => {
    await makeTopic(lossless, 2);
    const opening = (await open({ flushMessages: 1 })).open('a', 1);
    await expect(opening).rejects.toThrow(/flush.messages is \d+, must be 1 or less.*it has 2 partitions/);
  });

  test('a topic that somebody made fit is taken as it is', async () => {
    await makeTopic(lossless);
    const wal = await open();
    await (await wal.open('a', 1)).append(makeRecord(1, 10));
    expect(await idsOf(wal, 'a')).toEqual([1]);
  });

  test('more replicas than there are brokers is Invalid, with what the broker says', async () => {
    const opening = (await open({ replicationFactor: 3, minInsyncReplicas: 2 })).open('a', 1);
    await expect(opening).rejects.toMatchObject({
      kind: 'Invalid',
      context: { code: 'INVALID_REPLICATION_FACTOR' },
    });
  });

  test('more bytes in flight than queuedBytesMax are Exhausted, and later appends succeed', async () => {
    const wal = await open({ queuedBytesMax: 4096 });
    const writer = await wal.open('a', 1);
    const ids = Array.from({ length: 20 }, (_, i) => i + 1);
    const results = await Promise.allSettled(ids.map((id) => writer.append(makeRecord(id, 1000))));
    expect(results.map(({ status }) => status)).toEqual([
      ...Array(4).fill('fulfilled'),
      ...Array(16).fill('rejected'),
    ]);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason.kind).toBe('Exhausted');
    await writer.append(makeRecord(21, 1000));
    expect(await idsOf(wal, 'a')).toEqual([1, 2, 3, 4, 21]);
  });

  test('channel names that are no topic names are Invalid', async () => {
    const wal = await open();
    for (const name of ['', '.', '..', 'a/b', '.hidden', 'x'.repeat(201)]) {
      await expect(wal.open(name, 1)).rejects.toMatchObject({ kind: 'Invalid' });
    }
  });

  test('a position behind the end of the topic is Corrupt, and one of no record is Invalid', async () => {
    const wal = await open();
    const writer = await wal.open('a', 1);
    const position = hexOf(await writer.append(makeRecord(1, 10)));
    const behind = `${position.slice(0, -2)}77`;
    await expect(readAll(wal, 'a', behind)).rejects.toMatchObject({
      kind: 'Corrupt',
      context: { file: topic },
    });
    const fence = `${position.slice(0, -2)}00`;
    await expect(wal.truncate('a', positionOf(fence))).rejects.toMatchObject({ kind: 'Invalid' });
    await expect(readAll(wal, 'a', fence, { inclusive: true })).rejects.toMatchObject({ kind: 'Invalid' });
  });
});
