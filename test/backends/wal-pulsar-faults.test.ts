import { afterAll, describe, expect, test, vi } from 'vitest';
import { fails, seededNumbers } from '../../conformance/storage/checks.ts';
import { FaultProxy } from '../../conformance/storage/faultProxy.ts';
import type { Fault } from '../../conformance/storage/faultProxyPlan.ts';
import { checkHistory } from '../../conformance/storage/wal/checkHistory.ts';
import { History } from '../../conformance/storage/wal/history.ts';
import { hexOf, idsOf, kindOf, makeRecord } from '../../conformance/storage/wal/records.ts';
import { startPulsar } from '../../scripts/servers/pulsar.ts';
import { freePort } from '../../scripts/servers/ready.ts';
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

vi.setConfig({ testTimeout: 120_000 });

/** Type of Pulsar's command that carries a message. */
const SEND = '6';
const MESSAGE_FAULTS: readonly Fault[] = ['cutBefore', 'cutRequest', 'lostReply', { delayMs: 30 }];
const ADMIN_FAULTS: readonly Fault[] = [
  ...(['cutBefore', 'lostReply', 'cutReply', 'duplicate'] as const),
  { answer: 503 },
  { answerAfter: 500 },
];

const transports = await transportsHere();

/** Before the brokers' own port, before the admin interface, and before the WebSocket service. */
interface Proxies {
  readonly native: FaultProxy;
  readonly http: FaultProxy;
  readonly socket: FaultProxy;
}

let proxies: Proxies;

withServer(
  'pulsar',
  (server) => {
    afterAll(async () => {
      await Promise.all(Object.values(proxies).map((proxy: FaultProxy) => proxy.close()));
    });
    for (const transport of transports) {
      describe(`Wal: pulsar, ${transport}, faults`, () => {
        if (transport === 'native') nativeCases(server);
        sharedCases(transport, server);
      });
    }
  },
  startBehindProxies,
);

async function startBehindProxies(): Promise<BackendServer> {
  const proxiedPort = await freePort();
  const native = await FaultProxy.start({ target: proxiedPort, seed: 1, protocol: 'pulsar' });
  const server = await startPulsar({
    lines: ({ port }) => [
      `bindAddresses=proxied:pulsar://127.0.0.1:${proxiedPort}`,
      `advertisedListeners=direct:pulsar://127.0.0.1:${port},proxied:pulsar://127.0.0.1:${native.port}`,
      'internalListenerName=direct',
    ],
  });
  const target = server.adminPort!;
  const http = await FaultProxy.start({ target, seed: 2, protocol: 'http1' });
  const socket = await FaultProxy.start({ target, seed: 3, protocol: 'tcp' });
  proxies = { native, http, socket };
  return server;
}

/** A log behind the proxies. */
function openBehind(transport: TransportName, more: Readonly<Record<string, unknown>> = {}): Promise<Wal> {
  const ports = { port: proxies.native.port, adminPort: proxies.http.port };
  const webSocketUrl = `ws://127.0.0.1:${proxies.socket.port}`;
  return openWith(optionsFor(transport, ports, { webSocketUrl, ...more }));
}

async function entriesOf(server: BackendServer, topic: string): Promise<number> {
  const { text } = await admin(server, 'GET', `/persistent/public/elanus/${topic}/internalStats`);
  return JSON.parse(text).numberOfEntries;
}

function nativeCases(server: () => BackendServer): void {
  test('an answer that is lost: the client sends again, and readers see one record at one position', async () => {
    const topicPrefix = uniquePrefix();
    const wal = await openBehind('native', { topicPrefix });
    const writer = await wal.open('a', 1);
    const positions: string[] = [];
    for (let id = 1; id <= 20; id++) {
      if (id % 5 === 0) void proxies.native.next('lostReply', { method: SEND });
      positions.push(hexOf(await writer.append(makeRecord(id, 100))));
    }
    const topic = (await topicsOf(server(), topicPrefix)).find((name) => !name.endsWith('-index'))!;
    expect(await entriesOf(server(), topic)).toBe(24);
    for (const [i, position] of positions.entries()) {
      const expected = Array.from({ length: 20 - i }, (_, n) => i + 1 + n);
      expect(await idsOf(wal, 'a', position, { inclusive: true })).toEqual(expected);
    }
    const { first, last } = await wal.info('a');
    expect([hexOf(first!), hexOf(last!)]).toEqual([positions[0], positions[19]]);
    await wal.close();
  });

  test('a claim whose answer is lost stands twice in the index and counts once', async () => {
    const topicPrefix = uniquePrefix();
    const wal = await openBehind('native', { topicPrefix });
    const hit = proxies.native.next('lostReply', { method: SEND, includes: '"kind":"begin"' });
    const writer = await wal.open('a', 1);
    await hit;
    expect(await entriesOf(server(), `${topicPrefix}a-index`)).toBe(2);
    await writer.append(makeRecord(1, 100));
    expect((await wal.info('a')).term).toBe(1);
    await wal.close();
  });

  test('a write that arrives after its topic was sealed is refused, and its writer Fenced', async () => {
    const topicPrefix = uniquePrefix();
    const wal = await openBehind('native', { topicPrefix });
    const zombie = await wal.open('a', 1);
    await zombie.append(makeRecord(1, 100));
    const hit = proxies.native.next({ delayMs: 3_000 }, { method: SEND });
    const late = zombie.append(makeRecord(2, 100)).then(() => 'acknowledged', kindOf);
    await hit;
    const other = await openWith(optionsFor('native', server(), { topicPrefix }));
    await (await other.open('a', 2)).append(makeRecord(3, 100));
    expect(await idsOf(other, 'a')).toEqual([1, 3]);
    expect(await late).toBe('Fenced');
    expect(await idsOf(other, 'a')).toEqual([1, 3]);
    await Promise.all([wal.close(), other.close()]);
  });
}

function sharedCases(transport: TransportName, server: () => BackendServer): void {
  test.each([1, 2, 3])('connections that break at random, seed %i → the invariants hold', async (seed) => {
    const topicPrefix = uniquePrefix();
    const more = { topicPrefix, messageBytesMax: 2_048, topicBytesMax: 20_000, recordBytesMax: 10_000 };
    const wals = [await openBehind(transport, more), await openBehind(transport, more)];
    const random = seededNumbers(seed);
    const history = new History('f');
    proxies.native.plan({ faults: MESSAGE_FAULTS, chance: 0.05, method: SEND });
    proxies.http.plan({ faults: ADMIN_FAULTS, chance: 0.05 });
    const cuts = setInterval(() => proxies.socket.cutAll(), 150);
    try {
      for (let term = 1; term <= 5; term++) {
        const writer = await history.open(wals[term % 2]!, term);
        for (let round = 0; round < 6; round++) {
          const sizes = Array.from(
            { length: 1 + Math.floor(random() * 6) },
            () => 4 + Math.floor(random() * 5_000),
          );
          await Promise.all(sizes.map((bytes) => history.append(writer, bytes)));
        }
        await history.read(wals[(term + 1) % 2]!);
      }
    } finally {
      clearInterval(cuts);
      proxies.native.calm();
      proxies.http.calm();
    }
    const calm = await openWith(optionsFor(transport, server(), more));
    await history.open(calm, 6);
    await history.read(calm);
    checkHistory(history);
    expect(history.appends.every(({ outcome }) => outcome === 'acknowledged')).toBe(true);
    await Promise.all([...wals, calm].map((wal) => wal.close()));
  });

  test('a read across a take-over that is under way shows no gap', async () => {
    const topicPrefix = uniquePrefix();
    const { adminPort } = server();
    const slow = await FaultProxy.start({ target: adminPort!, seed: 4, protocol: 'http1' });
    const direct = await openWith(optionsFor(transport, server(), { topicPrefix }));
    const reader = await openBehind(transport, { topicPrefix });
    const taker = await openWith({
      ...optionsFor(transport, { port: server().port, adminPort: slow.port }, { topicPrefix }),
      webSocketUrl: `ws://127.0.0.1:${adminPort}`,
    });
    const writer = await direct.open('a', 1);
    await writer.append(makeRecord(1, 100));
    const sealing = slow.next({ delayMs: 3_000 }, { method: 'POST', path: /\/terminate$/ });
    const opening = taker.open('a', 2);
    await sealing;
    // The reader looks at both topics, and at the second one only after the new writer's first record.
    const path = /-t\d-0-[0-9a-f]+\/internalStats$/;
    void proxies.http.next({ delayMs: 0 }, { path });
    const waiting = proxies.http.next({ delayMs: 6_000 }, { path });
    const reading = idsOf(reader, 'a');
    await waiting;
    await writer.append(makeRecord(2, 100));
    await (await opening).append(makeRecord(3, 100));
    expect(await reading).toEqual([1, 2]);
    expect(await idsOf(reader, 'a')).toEqual([1, 2, 3]);
    await Promise.all([direct, reader, taker].map((wal) => wal.close()));
    await slow.close();
  });

  test('nothing passes for longer than appends wait → Unknown; whole or not at all', async () => {
    const topicPrefix = uniquePrefix();
    const more = { topicPrefix, appendTimeoutMs: 1_000, callTimeoutMs: 5_000 };
    const wal = await openBehind(transport, more);
    const writer = await wal.open('a', 1);
    await writer.append(makeRecord(1, 100));
    const passes = Promise.all(
      [proxies.native, proxies.http, proxies.socket].map((proxy) => proxy.blackHole(4_000)),
    );
    await fails('Unknown', () => writer.append(makeRecord(2, 100)));
    await fails('Closed', () => writer.append(makeRecord(3, 100)));
    const other = await openWith(optionsFor(transport, server(), { topicPrefix }));
    const before = await idsOf(other, 'a');
    await (await other.open('a', 2)).append(makeRecord(4, 100));
    await passes;
    const after = await idsOf(other, 'a');
    expect([
      [1, 4],
      [1, 2, 4],
    ]).toContainEqual(after);
    expect(after.slice(0, before.length)).toEqual(before);
    await Promise.all([wal.close(), other.close()]);
  });
}
