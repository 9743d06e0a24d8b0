import { describe, expect, test, vi } from 'vitest';
import { fails, patternBytes, sameBytes } from '../../conformance/storage/checks.ts';
import { idsOf, kindOf, makeRecord, readAll } from '../../conformance/storage/wal/records.ts';
import { startPulsar } from '../../scripts/servers/pulsar.ts';
import type { BackendServer } from '../../scripts/servers/running.ts';
import type { Wal } from '../../src/core/ports/wal.ts';
import { withServer } from './backend.ts';
import {
  admin,
  openWith,
  optionsFor,
  type TransportName,
  topicsOf,
  transportsHere,
  uniquePrefix,
} from './wal-pulsar/subject.ts';

const MIB = 1024 * 1024;
/** A broker needs 5 to 20 s to start. */
vi.setConfig({ testTimeout: 120_000 });

/** As brokers do after a minute, unless they are told otherwise. */
const DELETES_IDLE_TOPICS = [
  'brokerDeleteInactiveTopicsEnabled=true',
  'brokerDeleteInactiveTopicsFrequencySeconds=1',
  'brokerDeleteInactiveTopicsMaxInactiveDurationSeconds=1',
];

const transports = await transportsHere();

withServer(
  'pulsar',
  (server) => {
    describe('Wal: pulsar, namespace', () => namespaceCases(server));
    for (const transport of transports) {
      describe(`Wal: pulsar, ${transport}, limits and traps`, () => {
        const opens = opener(transport, server);
        sizeCases(transport, opens);
        topicCases(server, opens);
        outageCases(server, opens);
      });
    }
  },
  () => startPulsar({ lines: () => DELETES_IDLE_TOPICS }),
);

interface Opened {
  readonly prefix: string;
  open(more?: Readonly<Record<string, unknown>>): Promise<Wal>;
}

type Opens = (run: (opened: Opened) => Promise<void>) => () => Promise<void>;

/** Gives a test logs with topics of its own, and closes them. */
function opener(transport: TransportName, server: () => BackendServer): Opens {
  return (run) => async () => {
    const prefix = uniquePrefix();
    const opened: Wal[] = [];
    try {
      await run({
        prefix,
        async open(more = {}) {
          const wal = await openWith(optionsFor(transport, server(), { topicPrefix: prefix, ...more }));
          opened.push(wal);
          return wal;
        },
      });
    } finally {
      await Promise.all(opened.map((wal) => wal.close()));
    }
  };
}

function namespaceCases(server: () => BackendServer): void {
  const openIn = (namespace: string): Promise<Wal> =>
    openWith(optionsFor('websocket', server(), { namespace }));
  const policiesOf = async (namespace: string): Promise<Record<string, unknown>> =>
    JSON.parse((await admin(server(), 'GET', `/namespaces/${namespace}`)).text);

  test('one that does not exist is made with what a log needs', async () => {
    await (await openIn('public/made-by-the-log')).close();
    expect(await policiesOf('public/made-by-the-log')).toMatchObject({
      retention_policies: { retentionTimeInMinutes: -1, retentionSizeInMB: -1 },
      autoTopicCreationOverride: { allowAutoTopicCreation: false },
      inactive_topic_policies: { deleteWhileInactive: false },
    });
    await (await openIn('public/made-by-the-log')).close();
  });

  test('one that exists is left as it is: what is wrong with it is Invalid, with the commands that mend it', async () => {
    const namespace = 'public/of-others';
    await admin(server(), 'PUT', `/namespaces/${namespace}`);
    await admin(server(), 'POST', `/namespaces/${namespace}/backlogQuota`, {
      limitSize: 1_000_000,
      policy: 'producer_exception',
    });
    const before = await policiesOf(namespace);
    const { message } = await fails('Invalid', () => openIn(namespace));
    expect(message).toContain('pulsar-admin namespaces set-retention --time -1 --size -1 public/of-others');
    expect(message).toContain('pulsar-admin namespaces set-auto-topic-creation --disable public/of-others');
    expect(message).toContain('pulsar-admin namespaces remove-backlog-quota --type destination_storage');
    expect(message).toContain(
      'pulsar-admin namespaces set-inactive-topic-policies --disable-delete-while-inactive',
    );
    expect(await policiesOf(namespace)).toEqual(before);
    const forever = { retentionTimeInMinutes: -1, retentionSizeInMB: -1 };
    await admin(server(), 'POST', `/namespaces/${namespace}/retention`, forever);
    await admin(server(), 'POST', `/namespaces/${namespace}/autoTopicCreation`, {
      allowAutoTopicCreation: false,
    });
    await admin(server(), 'POST', `/namespaces/${namespace}/inactiveTopicPolicies`, {
      deleteWhileInactive: false,
      inactiveTopicDeleteMode: 'delete_when_no_subscriptions',
      maxInactiveDurationSeconds: 60,
    });
    await admin(server(), 'DELETE', `/namespaces/${namespace}/backlogQuota`);
    await (await openIn(namespace)).close();
  });

  test('a broker that deletes idle topics leaves those of a log, with and without records', async () => {
    const namespace = 'public/idle';
    const wal = await openIn(namespace);
    await wal.open('a', 1);
    await (await wal.open('a', 2)).append(makeRecord(1, 100));
    await wal.close();
    await admin(server(), 'PUT', '/namespaces/public/other');
    await admin(server(), 'PUT', '/persistent/public/other/canary');
    const listed = async (of: string): Promise<number> =>
      JSON.parse((await admin(server(), 'GET', `/persistent/${of}`)).text).length;
    await expect.poll(() => listed('public/other'), { timeout: 60_000, interval: 200 }).toBe(0);
    expect(await listed(namespace)).toBe(3);
    const again = await openIn(namespace);
    expect(await idsOf(again, 'a')).toEqual([1]);
    await again.close();
  });

  test('of a tenant that does not exist → Invalid', async () => {
    const { message } = await fails('Invalid', () => openIn('nobody/logs'));
    expect(message).toContain('tenant does not exist');
  });
}

function sizeCases(transport: TransportName, opens: Opens): void {
  test(
    'a record of 64 MiB, in pieces, among small ones; one byte more is TooLarge',
    opens(async ({ open }) => {
      const wal = await open();
      const writer = await wal.open('large', 1);
      const large = patternBytes(64 * MIB, 7);
      await fails('TooLarge', () => writer.append(new Uint8Array(64 * MIB + 1)));
      const records = [patternBytes(10, 1), large, patternBytes(20, 2)];
      await Promise.all(records.map((record) => writer.append(record)));
      let i = 0;
      for await (const { record } of wal.read('large', undefined))
        sameBytes(record, records[i++]!, `record ${i}`);
      expect(i).toBe(3);
    }),
  );

  test(
    'messages larger than the broker takes: the append is TooLarge, nothing happened, the next term works',
    opens(async ({ open }) => {
      // Of 5 MiB for a message, and of 1 MiB for a frame of a WebSocket.
      const bytes = transport === 'native' ? 6 * MIB : 2 * MIB;
      const wal = await open({ messageBytesMax: bytes });
      const writer = await wal.open('a', 1);
      await writer.append(makeRecord(1, 100));
      const { message } = await fails('TooLarge', () => writer.append(makeRecord(2, bytes - 1_000)));
      expect(message).toContain('messageBytesMax');
      await fails('Closed', () => writer.append(makeRecord(3, 100)));
      expect(await idsOf(wal, 'a')).toEqual([1]);
      await (await wal.open('a', 2)).append(makeRecord(4, 100));
      expect(await idsOf(wal, 'a')).toEqual([1, 4]);
    }),
  );
}

function topicCases(server: () => BackendServer, opens: Opens): void {
  test(
    'a writer whose topic was sealed, truncated and deleted is Fenced, and does not bring it back',
    opens(async ({ open, prefix }) => {
      const [wal, other] = [await open(), await open()];
      const zombie = await wal.open('a', 1);
      await zombie.append(makeRecord(1, 100));
      const writer = await other.open('a', 2);
      const position = await writer.append(makeRecord(2, 100));
      await other.truncate('a', position);
      const topics = await topicsOf(server(), prefix);
      expect(topics).toEqual([`${prefix}a-index`, expect.stringMatching(`^${prefix}a-t2-0-[0-9a-f]{16}$`)]);
      await fails('Fenced', () => zombie.append(makeRecord(3, 100)));
      await fails('Fenced', () => zombie.append(makeRecord(4, 100)));
      expect(await topicsOf(server(), prefix)).toEqual(topics);
      expect(await idsOf(other, 'a')).toEqual([]);
    }),
  );

  test(
    'the writer goes on in further topics, and truncation deletes them whole',
    opens(async ({ open, prefix }) => {
      const wal = await open({ topicBytesMax: 20_000 });
      const writer = await wal.open('a', 1);
      const positions: Uint8Array[] = [];
      for (let id = 1; id <= 100; id++) positions.push(await writer.append(makeRecord(id, 1_000)));
      expect(await topicsOf(server(), prefix)).toHaveLength(6);
      await wal.truncate('a', positions[69]!);
      expect(await topicsOf(server(), prefix)).toHaveLength(3);
      expect(await idsOf(wal, 'a')).toEqual(Array.from({ length: 30 }, (_, i) => 71 + i));
    }),
  );

  test(
    'terms without records do not pile up as topics',
    opens(async ({ open, prefix }) => {
      const wal = await open();
      await (await wal.open('a', 1)).append(makeRecord(1, 100));
      for (let term = 2; term <= 60; term++) await wal.open('a', term);
      expect((await topicsOf(server(), prefix)).length).toBeLessThan(25);
      expect(await idsOf(await open(), 'a')).toEqual([1]);
    }),
  );

  test(
    'a topic that somebody else deleted is Corrupt, for readers and for whoever opens the channel',
    opens(async ({ open, prefix }) => {
      const wal = await open();
      await (await wal.open('a', 1)).append(makeRecord(1, 100));
      const topic = (await topicsOf(server(), prefix)).find((name) => !name.endsWith('-index'));
      await admin(server(), 'DELETE', `/persistent/public/elanus/${topic}?force=true`);
      expect((await fails('Corrupt', () => readAll(wal, 'a'))).message).toContain(topic);
      expect((await fails('Corrupt', async () => wal.open('a', 2))).message).toContain(topic);
    }),
  );

  test(
    'a topic whose metadata changed while it was being sealed, which the broker then refuses to touch, is sealed all the same',
    opens(async ({ open, prefix }) => {
      const wal = await open();
      let stuck = 0;
      for (let term = 1; term <= 40 && stuck === 0; term++) {
        await (await wal.open('a', term)).append(makeRecord(term, 100));
        const topic = (await topicsOf(server(), prefix)).find((name) =>
          name.startsWith(`${prefix}a-t${term}-`),
        );
        const path = `/persistent/public/elanus/${topic}`;
        const answers = await Promise.all([
          admin(server(), 'PUT', `${path}/properties`, { other: 'change' }),
          admin(server(), 'POST', `${path}/terminate`),
        ]);
        if (answers[1]!.status === 500) stuck = term;
      }
      expect(stuck, 'the term whose topic the broker refuses to touch').toBeGreaterThan(0);
      await (await wal.open('a', stuck + 1)).append(makeRecord(stuck + 1, 100));
      expect(await idsOf(wal, 'a')).toEqual(Array.from({ length: stuck + 1 }, (_, i) => i + 1));
    }),
  );

  test(
    'a read while the process is busy loses nothing',
    opens(async ({ open }) => {
      const wal = await open({ messageBytesMax: 1_024 });
      const writer = await wal.open('a', 1);
      for (let id = 1; id <= 300; id += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, i) => writer.append(makeRecord(id + i, 700))));
      }
      let isOver = false;
      const busy = async (): Promise<void> => {
        while (!isOver) {
          for (const endMs = performance.now() + 2; performance.now() < endMs; );
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const working = busy();
      for (let round = 0; round < 3; round++) expect(await idsOf(wal, 'a')).toHaveLength(300);
      isOver = true;
      await working;
    }),
  );
}

function outageCases(server: () => BackendServer, opens: Opens): void {
  test(
    'a broker that comes back in time: what waited happens once, and the queue was bounded',
    opens(async ({ open }) => {
      const wal = await open({ queuedBytesMax: 20_000, appendTimeoutMs: 110_000 });
      const writer = await wal.open('a', 1);
      await writer.append(makeRecord(1, 1_000));
      await server().kill();
      const waiting = Array.from({ length: 20 }, (_, i) => writer.append(makeRecord(2 + i, 1_000)));
      await fails('Exhausted', () => writer.append(makeRecord(99, 1_000)));
      await server().start();
      expect(await Promise.all(waiting)).toHaveLength(20);
      await writer.append(makeRecord(22, 1_000));
      expect(await idsOf(wal, 'a')).toEqual(Array.from({ length: 22 }, (_, i) => i + 1));
    }),
  );

  test(
    'a broker that stays away: appends are Unknown, the writer is Closed, calls end in time; then the next term works',
    opens(async ({ open }) => {
      const wal = await open({ appendTimeoutMs: 1_500, callTimeoutMs: 3_000 });
      const writer = await wal.open('a', 1);
      await writer.append(makeRecord(1, 1_000));
      await server().kill();
      const startMs = performance.now();
      const kinds = await Promise.all(
        [2, 3].map((id) => writer.append(makeRecord(id, 1_000)).then(() => 'acknowledged', kindOf)),
      );
      expect(kinds).toEqual(['Unknown', 'Unknown']);
      await fails('Closed', () => writer.append(makeRecord(4, 1_000)));
      await fails('Unavailable', () => readAll(wal, 'a'));
      await fails('Unavailable', () => wal.open('a', 2));
      const signal = AbortSignal.timeout(100);
      await fails('Closed', () => readAll(wal, 'a', undefined, { signal }));
      expect(performance.now() - startMs).toBeLessThan(20_000);
      await server().start();
      const second = await (await open()).open('a', 3);
      await second.append(makeRecord(5, 1_000));
      const ids = await idsOf(wal, 'a');
      expect([ids[0], ids.at(-1)]).toEqual([1, 5]);
      expect([[], [2], [2, 3]]).toContainEqual(ids.slice(1, -1));
    }),
  );
}
