import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { fails, text, utf8 } from '../../../../conformance/storage/checks.ts';
import { nextEvents, put, write } from '../../../../conformance/storage/meta/subject.ts';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import type { MetaStore } from '../../../../src/core/ports/metaStore.ts';
import type { ObjectStore } from '../../../../src/core/ports/objectStore.ts';
import { MemoryObjectState, MemoryObjectStore } from '../../../../src/plugins/memory/memoryObjectStore.ts';
import { metaObjectPlugin } from '../../../../src/plugins/meta-object/index.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';
import { SimulatedClock } from './simulatedClock.ts';
import { SimulatedNet } from './simulatedNet.ts';
import { openOver, openStore } from './subject.ts';

const MINUTE_MS = 60_000;

let clock: SimulatedClock;
let bucket: MemoryObjectState;
/** Calls to the bucket, as `<method> <key or prefix>`. */
let calls: string[];

beforeEach(() => {
  clock = new SimulatedClock();
  bucket = new MemoryObjectState();
  calls = [];
});

type Meet = (call: string, go: () => Promise<unknown>) => Promise<unknown>;

/** A process's view of the bucket; `meet` stands between each call and it. */
function view(meet: Meet = (_call, go) => go()): ObjectStore {
  return new Proxy<ObjectStore>(new MemoryObjectStore({ clock }, bucket), {
    get(target, name) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) => {
        const call = `${String(name)} ${args[0]}`;
        calls.push(call);
        return meet(call, () => method.apply(target, args));
      };
    },
  });
}

function open(objects = view(), options: Readonly<Record<string, unknown>> = {}): Promise<MetaStore> {
  return clock.run(openOver(objects, options, { ...pluginDeps, clock }));
}

const names = (kind: string): string[] =>
  [...bucket.objects.keys()].filter((name) => name.startsWith(`meta/${kind}/`)).sort();
const seqName = (seq: number): string => seq.toString(16).padStart(16, '0');

test('500 callers at once → few entries of the log, each call with a revision of its own', async () => {
  const store = await open();
  const results = await clock.run(
    Promise.all(Array.from({ length: 500 }, (_, i) => write(store, put(`k${i}`, 'v')))),
  );
  expect(results.map(({ revision }) => revision)).toEqual(
    Array.from({ length: 500 }, (_, i) => BigInt(i + 1)),
  );
  expect(names('log').length).toBeLessThan(5);
});

test('one caller of many breaks a rule at its turn → the others are not harmed', async () => {
  const store = await open();
  const lease = await clock.run(store.lease(5_000));
  await clock.run(lease.release());
  const results = await clock.run(
    Promise.allSettled([
      write(store, put('a', '')),
      write(store, put('b', '', lease.leaseId)),
      write(store, put('c', '')),
    ]),
  );
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await clock.run(store.range(''))).map(({ key }) => key)).toEqual(['a', 'c']);
});

test('the answer of a put is lost, or its own second attempt meets it → the txn succeeds, once', async () => {
  for (const kind of ['Unknown', 'AlreadyExists'] as const) {
    let isLost = false;
    const store = await open(
      view(async (call, go) => {
        const result = await go();
        if (isLost || !call.startsWith('putIfAbsent')) return result;
        isLost = true;
        throw new ElanusError(kind, 'lost');
      }),
      { prefix: kind },
    );
    expect(await clock.run(write(store, put('a', '1')))).toEqual({ succeeded: true, revision: 1n });
    expect(await clock.run(write(store, put('a', '2')))).toEqual({ succeeded: true, revision: 2n });
  }
});

test('the bucket goes away with a put → Unknown for what may be written, and it counts if it was', async () => {
  for (const isWritten of [true, false]) {
    let isAway = false;
    const store = await open(
      view(async (call, go) => {
        if (call.startsWith('putIfAbsent') && !isAway) {
          isAway = true;
          if (isWritten) await go();
          throw new ElanusError('Unknown', 'lost');
        }
        if (isAway) throw new ElanusError(call.startsWith('put') ? 'Unknown' : 'Timeout', 'away');
        return go();
      }),
      { prefix: `meta-${isWritten}` },
    );
    const calls = [write(store, put('a', '1')), store.txn([{ key: 'b', revision: 1n }], []), store.get('a')];
    const kinds = await clock.run(Promise.allSettled(calls));
    expect(kinds.map((one) => one.status === 'rejected' && one.reason.kind)).toEqual([
      'Unknown',
      'Unavailable',
      'Timeout',
    ]);
    const other = await open(view(), { prefix: `meta-${isWritten}` });
    expect(text((await clock.run(other.get('a')))?.value)).toBe(isWritten ? '1' : undefined);
  }
});

test('the bucket refuses work → Unavailable, nothing happened; when it works again, so does the store', async () => {
  let isRefusing = false;
  const store = await open(
    view((_call, go) => (isRefusing ? Promise.reject(new ElanusError('Unavailable', 'no')) : go())),
  );
  isRefusing = true;
  await clock.run(fails('Unavailable', () => write(store, put('a', '1'))));
  await clock.run(fails('Unavailable', () => store.get('a')));
  isRefusing = false;
  expect(await clock.run(write(store, put('a', '2')))).toEqual({ succeeded: true, revision: 1n });
});

test('the bucket does not answer at all → every call ends in its time, and so does close', async () => {
  let isHanging = false;
  const store = await open(view((_call, go) => (isHanging ? new Promise(() => undefined) : go())));
  await clock.run(store.lease(60_000));
  isHanging = true;
  const startMs = clock.monotonicMs();
  const results = [write(store, put('a', '1')), store.get('a'), store.range('')];
  const kinds = await clock.run(Promise.allSettled(results));
  expect(kinds.map((one) => one.status === 'rejected' && one.reason.kind)).toEqual([
    'Unknown',
    'Timeout',
    'Timeout',
  ]);
  expect(clock.monotonicMs() - startMs).toBeLessThan(16_000);
  await clock.run(store.close());
  expect(clock.monotonicMs() - startMs).toBeLessThan(22_000);
});

test('a compare on what another process wrote, without a read before → seen', async () => {
  const [one, other] = [await open(), await open()];
  const { revision } = await clock.run(write(one, put('a', '1')));
  expect(await clock.run(other.txn([{ key: 'a', revision }], []))).toEqual({ succeeded: true, revision });
  expect(await clock.run(one.txn([{ key: 'a', revision: 0n }], []))).toEqual({ succeeded: false, revision });
});

test('a process with no watch and no lease of others → does nothing by itself', async () => {
  const store = await open();
  await clock.run(write(store, put('a', '1')));
  const stop = new AbortController();
  const events = store.watch('', stop.signal);
  await clock.run(clock.sleep(MINUTE_MS));
  expect(calls.length).toBeGreaterThan(1_000);
  stop.abort();
  for await (const event of events) expect(event).toBeUndefined();
  await clock.run(clock.sleep(MINUTE_MS));
  calls = [];
  await clock.run(clock.sleep(60 * MINUTE_MS));
  expect(calls).toEqual([]);
});

test('snapshots → a new process reads the newest one and the entries behind it, and nothing else', async () => {
  const store = await open(view(), { snapshotEntries: 10 });
  for (let i = 0; i < 24; i++) await clock.run(write(store, put(`k${i % 7}`, String(i))));
  const lease = await clock.run(store.lease(10 * MINUTE_MS));
  await clock.run(write(store, put('leased', '', lease.leaseId)));
  expect(names('snapshots')).toEqual([10, 20].map((seq) => `meta/snapshots/${seqName(seq)}`));
  calls = [];
  const late = await open();
  expect(await clock.run(late.range(''))).toEqual(await clock.run(store.range('')));
  const read = calls.filter((call) => call.startsWith('get'));
  expect(read.filter((call) => call.includes('/snapshots/'))).toEqual([`get meta/snapshots/${seqName(20)}`]);
  expect(
    read.filter((call) => call.includes('/log/')).every((call) => call > `get meta/log/${seqName(20)}`),
  ).toBe(true);
});

test('entries and snapshots that a snapshot has replaced for ten minutes → deleted, not earlier', async () => {
  const store = await open(view(), { snapshotEntries: 10 });
  const writeSome = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await clock.run(write(store, put('a', String(i))));
  };
  await writeSome();
  await clock.run(clock.sleep(9 * MINUTE_MS));
  await writeSome();
  expect([names('log').length, names('snapshots').length]).toEqual([20, 2]);
  await clock.run(clock.sleep(2 * MINUTE_MS));
  await writeSome();
  expect(names('log')).toEqual(Array.from({ length: 20 }, (_, i) => `meta/log/${seqName(11 + i)}`));
  expect(names('snapshots')).toEqual([10, 20, 30].map((seq) => `meta/snapshots/${seqName(seq)}`));
  await clock.run(clock.sleep(20 * MINUTE_MS));
  await clock.run(write(store, put('a', 'last')));
  await clock.run(clock.sleep(0));
  expect(names('log')).toEqual([`meta/log/${seqName(31)}`]);
  expect(names('snapshots')).toEqual([`meta/snapshots/${seqName(30)}`]);
  expect(text((await clock.run((await open()).get('a')))?.value)).toBe('last');
});

test('a process that slept while its place in the log was deleted → goes on from a snapshot; watches get a resync', async () => {
  const sleeper = await open();
  const { revision: known } = await clock.run(write(sleeper, put('a', 'known')));
  const other = await open(view(), { snapshotEntries: 5 });
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 10; i++) await clock.run(write(other, put('a', `${round}/${i}`)));
    await clock.run(clock.sleep(15 * MINUTE_MS));
  }
  expect(names('log')[0]! > `meta/log/${seqName(2)}`).toBe(true);
  const events = sleeper.watch('', new AbortController().signal)[Symbol.asyncIterator]();
  expect(await clock.run(sleeper.txn([{ key: 'a', revision: known }], []))).toMatchObject({
    succeeded: false,
  });
  expect(text((await clock.run(sleeper.get('a')))?.value)).toBe('2/9');
  expect(await clock.run(nextEvents(events, 1))).toMatchObject([{ type: 'resync' }]);
  await clock.run(write(other, put('b', '')));
  // What came after the snapshot is told once more.
  expect(await clock.run(nextEvents(events, 2))).toMatchObject([
    { type: 'put', key: 'a' },
    { type: 'put', key: 'b' },
  ]);
});

test('a machine sleeps with a put on its way, until the name was used and deleted → Unknown, and nobody sees it', async () => {
  const net = new SimulatedNet(1);
  const { promise: sent, resolve: send } = Promise.withResolvers<void>();
  const still = net.process();
  const slow = await net.clock.run(
    openOver(
      new Proxy(still.objects, {
        get: (target, name) => {
          if (name === 'putIfAbsent') {
            still.standStill(30 * MINUTE_MS, true);
            send();
          }
          return Reflect.get(target, name);
        },
      }),
      {},
      { ...pluginDeps, clock: still.clock },
    ),
  );
  const outcome = fails('Unknown', () => write(slow, put('stuck', '')));
  await net.clock.run(sent);
  const deps = { ...pluginDeps, clock: net.clock };
  const other = await net.clock.run(openOver(net.process().objects, { snapshotEntries: 5 }, deps));
  for (let i = 0; i < 5; i++) await net.clock.run(write(other, put('a', String(i))));
  await net.clock.run(net.clock.sleep(11 * MINUTE_MS));
  for (let i = 0; i < 6; i++) await net.clock.run(write(other, put('a', String(i))));
  const first = `meta/log/${seqName(1)}`;
  expect(net.names).not.toContain(first);
  await net.clock.run(outcome);
  expect(net.names).toContain(first);
  const late = await net.clock.run(openOver(net.process().objects, {}, deps));
  for (const store of [slow, other, late])
    expect((await net.clock.run(store.range(''))).map(({ key }) => key)).toEqual(['a']);
});

test('a process that is cut off holds a lease → it knows in time, and later the others end the lease', async () => {
  let isCutOff = false;
  const holder = await open(
    view((_call, go) => (isCutOff ? Promise.reject(new ElanusError('Timeout', 'cut off')) : go())),
  );
  const lease = await clock.run(holder.lease(9_000));
  await clock.run(write(holder, put('leased', '', lease.leaseId), put('kept', '')));
  const other = await open();
  await clock.run(other.get('leased'));
  await clock.run(clock.sleep(MINUTE_MS));
  expect(await clock.run(other.get('leased'))).toBeDefined();
  isCutOff = true;
  const cutMs = clock.monotonicMs();
  let lostMs = 0;
  lease.lost.addEventListener('abort', () => {
    lostMs = clock.monotonicMs();
  });
  while ((await clock.run(other.get('leased'))) !== undefined) await clock.run(clock.sleep(100));
  expect(lostMs).toBeGreaterThan(cutMs);
  expect(lostMs - cutMs).toBeLessThanOrEqual(9_000);
  expect(clock.monotonicMs() - lostMs).toBeGreaterThanOrEqual(0);
  expect(clock.monotonicMs() - cutMs).toBeLessThan(15_000);
  expect((await clock.run(other.range(''))).map(({ key }) => key)).toEqual(['kept']);
  expect(names('leases')).toEqual([]);
  isCutOff = false;
  await clock.run(fails('NotFound', () => write(holder, put('leased', '', lease.leaseId))));
});

test('damage and gaps → Corrupt, naming the object', async () => {
  const store = await open(view(), { snapshotEntries: 5 });
  for (let i = 0; i < 8; i++) await clock.run(write(store, put('a', String(i))));
  const entry = `meta/log/${seqName(7)}`;
  const snapshot = `meta/snapshots/${seqName(5)}`;
  const intact = new Map(bucket.objects);
  const damage: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
    flipped: (bytes) => bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1),
    cut: (bytes) => bytes.slice(0, -3),
    short: (bytes) => bytes.slice(0, 3),
    longer: (bytes) => Uint8Array.from([...bytes, 0]),
    foreign: () => utf8('not ours'),
    'format 2': (bytes) => bytes.with(20, 50),
  };
  for (const name of [entry, snapshot]) {
    for (const [what, change] of Object.entries(damage)) {
      const object = intact.get(name)!;
      bucket.objects.set(name, { ...object, content: change(object.content) });
      const error = await fails('Corrupt', () => open());
      expect(error.context, `${name} ${what}`).toEqual({ key: name });
      bucket.objects.set(name, object);
    }
  }
  bucket.objects.set(entry, { ...intact.get(`meta/log/${seqName(6)}`)!, key: entry });
  expect((await fails('Corrupt', () => open())).context).toEqual({ key: entry });
  bucket.objects.set(entry, intact.get(entry)!);
  for (const seq of [1, 2, 3, 4, 5, 6]) await view().delete(`meta/log/${seqName(seq)}`);
  expect((await fails('Corrupt', () => open())).context).toEqual({ key: `meta/log/${seqName(6)}` });
});

test('two processes count one key up on one folder → no increment is lost', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'elanus-meta-object-'));
  const store = await openStore(folder);
  await write(store, put('count', '0'));
  const counter = fileURLToPath(new URL('./counter.ts', import.meta.url));
  const children = [1, 2].map(() => spawn(process.execPath, [counter, folder, '60'], { stdio: 'inherit' }));
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
  expect(codes).toEqual([0, 0]);
  expect(text((await store.get('count'))?.value)).toBe('120');
  await store.close();
  await rm(folder, { recursive: true });
});

test('configuration: defaults; prefixes that are no keys and numbers out of range are refused', () => {
  const parse = (input: unknown) => metaObjectPlugin.configSchema.parse(input);
  expect(parse({})).toEqual({
    prefix: 'meta',
    pollIntervalMs: 200,
    requestTimeoutMs: 15_000,
    snapshotEntries: 256,
  });
  expect(parse({ prefix: 'a/b-1' }).prefix).toBe('a/b-1');
  for (const prefix of ['', '/', 'a/', '/a', 'a//b', '..', 'a/../b', 'ü', 'x'.repeat(129)])
    expect(() => parse({ prefix }), prefix).toThrow(/prefix/);
  expect(() => parse({ pollIntervalMs: 1 })).toThrow(/pollIntervalMs/);
  expect(() => parse({ interval: 1 })).toThrow(/interval/);
});
