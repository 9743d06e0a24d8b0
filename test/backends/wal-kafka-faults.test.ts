import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FaultProxy } from '../../conformance/storage/faultProxy.ts';
import type { Fault } from '../../conformance/storage/faultProxyPlan.ts';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { walConformance } from '../../conformance/storage/wal/kit.ts';
import { idsOf, kindOf, makeRecord } from '../../conformance/storage/wal/records.ts';
import { startKafka } from '../../scripts/servers/kafka.ts';
import { freePort } from '../../scripts/servers/ready.ts';
import type { Wal } from '../../src/core/ports/wal.ts';
import { KINDS } from '../../src/plugins/wal-kafka/batchHead.ts';
import { Brokers } from '../../src/plugins/wal-kafka/brokers.ts';
import { walKafkaConfigSchema } from '../../src/plugins/wal-kafka/config.ts';
import { Partition } from '../../src/plugins/wal-kafka/partition.ts';
import { withServer } from './backend.ts';
import { kafkaFactory, type Options, openWal, optionsFor } from './wal-kafka/subject.ts';

vi.setConfig({ testTimeout: 180_000 });

const REQUEST_TIMEOUT_MS = 250;
const LATE_MS = REQUEST_TIMEOUT_MS + 150;
/** Numbers of requests in Kafka's protocol. */
const PRODUCE = '0';
const INIT_PRODUCER_ID = '22';

/** A request that comes late comes after its client gave the connection up, sent it again, and perhaps went on. */
const FAULTS: readonly Fault[] = [
  'refuse',
  'cutBefore',
  'cutRequest',
  'lostReply',
  'cutReply',
  { delayMs: 50 },
  { delayMs: LATE_MS },
  { delayReplyMs: LATE_MS },
];

let proxy: FaultProxy;
withServer(
  'kafka',
  (server) => {
    const port = () => ({ ...server(), port: proxy.port });
    const kit = walConformance(kafkaFactory(port, { requestTimeoutMs: REQUEST_TIMEOUT_MS }), { seeds: 1 });
    const underFaults = kit.map(({ name, run }) => ({
      name,
      async run() {
        proxy.plan({ faults: FAULTS, chance: 0.03 });
        try {
          await run();
        } finally {
          proxy.calm();
        }
      },
    }));
    registerCases('Wal: kafka, under faults', underFaults);

    let topicPrefix: string;
    let opened: Wal[];

    beforeEach(() => {
      topicPrefix = `t${randomUUID()}-`;
      opened = [];
    });

    afterEach(async () => {
      proxy.calm();
      await Promise.all(opened.map((wal) => wal.close()));
    });

    afterAll(() => proxy.close());

    async function open(more: Options = {}): Promise<Wal> {
      const timeouts = { requestTimeoutMs: REQUEST_TIMEOUT_MS };
      const wal = await openWal(optionsFor(proxy.port, { topicPrefix, ...timeouts, ...more }));
      opened.push(wal);
      return wal;
    }

    /** Beside the proxy. */
    async function direct(run: (partition: Partition) => Promise<void>): Promise<void> {
      const config = walKafkaConfigSchema.parse(optionsFor(server().port));
      const brokers = await Brokers.connect(config);
      await run(new Partition(`${topicPrefix}a`, brokers, config.requestTimeoutMs));
      brokers.close();
    }

    test.each(['lostReply', 'cutBefore', { delayMs: LATE_MS }, { delayReplyMs: LATE_MS }] as const)(
      'an append whose request meets %j is there once, at the position that was acknowledged',
      async (fault) => {
        const wal = await open();
        const writer = await wal.open('a', 1);
        await writer.append(makeRecord(1, 100));
        const hit = proxy.next(fault, { method: PRODUCE });
        const large = writer.append(makeRecord(2, 15_000));
        const small = writer.append(makeRecord(3, 100));
        const [second, third] = [await large, await small];
        await hit;
        await writer.append(makeRecord(4, 100));
        expect(await idsOf(wal, 'a')).toEqual([1, 2, 3, 4]);
        expect(await idsOf(wal, 'a', Buffer.from(second).toString('hex'))).toEqual([3, 4]);
        expect(await idsOf(wal, 'a', Buffer.from(third).toString('hex'))).toEqual([4]);
      },
    );

    test.each([PRODUCE, INIT_PRODUCER_ID])(
      'an open whose request %s loses its answer still opens its term',
      async (method) => {
        const wal = await open();
        await (await wal.open('a', 1)).append(makeRecord(1, 100));
        const hit = proxy.next('lostReply', { method });
        const writer = await wal.open('a', 2);
        await hit;
        await writer.append(makeRecord(2, 100));
        await expect(wal.open('a', 2)).rejects.toMatchObject({ kind: 'Fenced' });
        expect(await idsOf(wal, 'a')).toEqual([1, 2]);
      },
    );

    test('an append that the broker took before it took another epoch is found in the log, and not there twice', async () => {
      const wal = await open();
      const writer = await wal.open('a', 1);
      await writer.append(makeRecord(1, 100));
      const isTaken = proxy.next('lostReply', { method: PRODUCE });
      const isSentAgain = proxy.next({ delayMs: REQUEST_TIMEOUT_MS / 2 }, { method: PRODUCE });
      const appends = [2, 3].map((id) => writer.append(makeRecord(id, 9_000)));
      await Promise.all([isTaken, isSentAgain]);
      await direct(async (partition) => {
        const lower = { kind: KINDS.fence, piece: 0, pieces: 1, term: 0, writer: 7, seq: 0 };
        const head = { ...lower, expectedOffset: 0, firstPieceOffset: 0, bytesBefore: 0, cut: undefined };
        await partition.produce('any', { head, values: [Buffer.alloc(0)] }, await partition.newProducer(), 0);
      });
      await Promise.all(appends);
      await writer.append(makeRecord(4, 100));
      expect(await idsOf(wal, 'a')).toEqual([1, 2, 3, 4]);
    });

    test('an append that may still be on its way to the broker is void when a later term opens', async () => {
      const [a, b] = [await open(), await open()];
      const old = await a.open('a', 1);
      await old.append(makeRecord(1, 100));
      const hit = proxy.next({ delayMs: LATE_MS }, { method: PRODUCE });
      const late = old.append(makeRecord(2, 100)).then(() => 'ok', kindOf);
      await hit;
      const writer = await b.open('a', 2);
      await writer.append(makeRecord(3, 100));
      expect(await late).toBe('Fenced');
      await writer.append(makeRecord(4, 100));
      expect(await idsOf(b, 'a')).toEqual([1, 3, 4]);
    });

    test('a broker that is silent for a while: appends wait, and all come through in order', async () => {
      const wal = await open();
      const writer = await wal.open('a', 1);
      await writer.append(makeRecord(1, 100));
      const over = proxy.blackHole(8 * REQUEST_TIMEOUT_MS);
      const ids = Array.from({ length: 60 }, (_, i) => i + 2);
      await Promise.all(ids.map((id) => writer.append(makeRecord(id, 700))));
      await over;
      expect(await idsOf(wal, 'a')).toEqual([1, ...ids]);
    });

    test('a silent broker: calls end as Unavailable in time, aborted ones at once', async () => {
      const wal = await open({ callTimeoutMs: 500 });
      await wal.open('a', 1);
      const over = proxy.blackHole(2500);
      const begunMs = performance.now();
      const abort = new AbortController();
      const aborted = wal.open('a', 3, abort.signal).then(() => 'ok', kindOf);
      abort.abort();
      expect(await aborted).toBe('Closed');
      expect(performance.now() - begunMs).toBeLessThan(200);
      const calls = [wal.info('a'), idsOf(wal, 'a'), wal.open('a', 2)];
      expect(await Promise.all(calls.map((call) => call.then(() => 'ok', kindOf)))).toEqual(
        Array(3).fill('Unavailable'),
      );
      expect(performance.now() - begunMs).toBeLessThan(2000);
      await over;
    });
  },
  async () => {
    const port = await freePort();
    proxy = await FaultProxy.start({ target: port, seed: 1, protocol: 'kafka' });
    return startKafka({ proxied: { port, proxyPort: proxy.port } });
  },
);
