import { randomUUID } from 'node:crypto';
import { Admin } from '@platformatic/kafka';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { idsOf, makeRecord, take } from '../../conformance/storage/wal/records.ts';
import type { BackendServer } from '../../scripts/servers/running.ts';
import type { Wal, WalWriter } from '../../src/core/ports/wal.ts';
import { withServer } from './backend.ts';
import { startKafkaCluster } from './wal-kafka/cluster.ts';
import { openWal, optionsFor } from './wal-kafka/subject.ts';

vi.setConfig({ testTimeout: 300_000 });

let brokers: readonly BackendServer[];
withServer(
  'kafka',
  () => {
    let topicPrefix: string;
    let opened: Wal[];

    beforeEach(() => {
      topicPrefix = `t${randomUUID()}-`;
      opened = [];
    });

    afterEach(async () => {
      await Promise.all(opened.map((wal) => wal.close()));
    });

    afterAll(async () => {
      await Promise.all(brokers.slice(1).map((broker) => broker.dispose()));
    });

    async function open(): Promise<Wal> {
      const replicas = { replicationFactor: 3, minInsyncReplicas: 2, requestTimeoutMs: 3000 };
      const addresses = { brokers: brokers.map(({ port }) => `127.0.0.1:${port}`) };
      const wal = await openWal(optionsFor(0, { topicPrefix, ...replicas, ...addresses }));
      opened.push(wal);
      return wal;
    }

    async function leader(): Promise<BackendServer> {
      const admin = new Admin({ clientId: 'tests', bootstrapBrokers: [`127.0.0.1:${brokers[0]!.port}`] });
      const topic = `${topicPrefix}a`;
      const metadata = await admin.metadata({ topics: [topic] });
      await admin.close();
      return brokers[metadata.topics.get(topic)!.partitions[0]!.leader - 1]!;
    }

    /** Appends from `first` on, eight in flight, until `until` settles; resolves with the last id. */
    async function appendWhile(writer: WalWriter, first: number, until: Promise<unknown>): Promise<number> {
      let isOver = false;
      const over = until.finally(() => {
        isOver = true;
      });
      let next = first;
      const appendOn = async (): Promise<void> => {
        while (!isOver) {
          const id = next++;
          await writer.append(makeRecord(id, (id * 131) % 9000));
        }
      };
      await Promise.all([over, ...Array.from({ length: 8 }, appendOn)]);
      return next - 1;
    }

    function range(first: number, last: number): number[] {
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    }

    test('the leader is killed again and again: every append is there once, in order, and tails go on', async () => {
      const [wal, other] = [await open(), await open()];
      const writer = await wal.open('a', 1);
      const over = new AbortController();
      const tail = other.tail('a', undefined, over.signal)[Symbol.asyncIterator]();
      let last = 0;
      for (let round = 0; round < 3; round++) {
        const killed = await leader();
        const first = last + 1;
        last = await appendWhile(writer, first, killed.kill());
        expect((await take(tail, last - first + 1)).map(({ id }) => id)).toEqual(range(first, last));
        last = await appendWhile(writer, last + 1, killed.start());
        await take(tail, last - (await lastTaken(tail, 0)) - first - (last - last));
      }
      expect(await idsOf(other, 'a')).toEqual(range(1, last));
      over.abort();
      await tail.return?.();
    });
  },
  async () => {
    brokers = await startKafkaCluster();
    return brokers[0]!;
  },
);
