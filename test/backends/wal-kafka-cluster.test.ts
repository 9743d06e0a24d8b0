import { randomUUID } from 'node:crypto';
import { Admin } from '@platformatic/kafka';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { idOf, idsOf, makeRecord } from '../../conformance/storage/wal/records.ts';
import type { BackendServer } from '../../scripts/servers/running.ts';
import type { Wal, WalWriter } from '../../src/core/ports/wal.ts';
import { withServer } from './backend.ts';
import { startKafkaCluster } from './wal-kafka/cluster.ts';
import { openWal, optionsFor } from './wal-kafka/subject.ts';

vi.setConfig({ testTimeout: 300_000 });

/** Id of the last record. */
const END = 1_000_000;

let brokers: readonly BackendServer[] = [];
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

    /** The ids of all records up to that of END. */
    async function follow(wal: Wal): Promise<number[]> {
      const ids: number[] = [];
      for await (const { record } of wal.tail('a', undefined, new AbortController().signal)) {
        ids.push(idOf(record));
        if (ids.at(-1) === END) break;
      }
      return ids;
    }

    function range(first: number, last: number): number[] {
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    }

    test('the leader is killed again and again: every append is there once, in order, and a tail follows', async () => {
      const [wal, other] = [await open(), await open()];
      const writer = await wal.open('a', 1);
      const followed = follow(other);
      let last = 0;
      for (let round = 0; round < 3; round++) {
        const killed = await leader();
        const begun = writer.append(makeRecord(++last, 5000));
        last = await appendWhile(writer, last + 1, killed.kill());
        await begun;
        last = await appendWhile(writer, last + 1, killed.start());
      }
      await writer.append(makeRecord(END, 10));
      expect(await idsOf(other, 'a')).toEqual([...range(1, last), END]);
      expect(await followed).toEqual([...range(1, last), END]);
    });

    test('a take-over while the old leader is away seals what was acknowledged', async () => {
      const [wal, other] = [await open(), await open()];
      const old = await wal.open('a', 1);
      await Promise.all(range(1, 50).map((id) => old.append(makeRecord(id, 300))));
      const killed = await leader();
      await killed.kill();
      const writer = await other.open('a', 2);
      await writer.append(makeRecord(51, 300));
      await expect(old.append(makeRecord(99, 300))).rejects.toMatchObject({ kind: 'Fenced' });
      await killed.start();
      expect(await idsOf(wal, 'a')).toEqual(range(1, 51));
    });

    test('with too few replicas appends wait, and come through when one returns', async () => {
      const wal = await open();
      const writer = await wal.open('a', 1);
      await writer.append(makeRecord(1, 300));
      const [first, second] = brokers;
      await Promise.all([first!.kill(), second!.kill()]);
      const appends = Promise.all(range(2, 40).map((id) => writer.append(makeRecord(id, 300))));
      await first!.start();
      await appends;
      expect(await idsOf(wal, 'a')).toEqual(range(1, 40));
      await second!.start();
    });
  },
  async () => {
    brokers = await startKafkaCluster();
    return brokers[0]!;
  },
);
