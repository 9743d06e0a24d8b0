import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fails, text } from '../../conformance/storage/checks.ts';
import { FaultProxy } from '../../conformance/storage/faultProxy.ts';
import { nextEvents, put, write } from '../../conformance/storage/meta/subject.ts';
import type { MetaStore } from '../../src/core/ports/metaStore.ts';
import { CasHistory } from '../unit/plugins/meta-object/casHistory.ts';
import { withServer } from './backend.ts';
import { bareClient } from './meta-etcd/members.ts';
import { openEtcd } from './meta-etcd/subject.ts';

const REQUEST_MS = 1_500;

withServer('etcd', (server) => {
  let proxy: FaultProxy;
  let prefix: string;
  /** Through the proxy, and beside it. */
  let store: MetaStore;
  let direct: MetaStore;

  beforeEach(async () => {
    prefix = randomUUID();
    proxy = await FaultProxy.start({ target: server().port, seed: 1, protocol: 'http2' });
    store = await openEtcd([proxy.port], { prefix, requestTimeoutMs: REQUEST_MS });
    direct = await openEtcd([server().port], { prefix });
  });

  afterEach(async () => {
    proxy.calm();
    await Promise.all([store.close(), direct.close()]);
    await proxy.close();
  });

  test('the answer of a txn is lost → Unknown, and it has happened', async () => {
    const hit = proxy.next('lostReply', { includes: 'lost answer' });
    await fails('Unknown', () => write(store, put('a', 'lost answer')));
    await hit;
    expect(text((await store.get('a'))?.value)).toBe('lost answer');
  });

  test('a txn is cut off on its way → Unknown, and it is not made again', async () => {
    const { revision } = await write(store, put('a', 'before'));
    const hit = proxy.next('cutBefore', { includes: 'cut off' });
    await fails('Unknown', () => write(store, put('a', 'cut off')));
    await hit;
    expect((await store.get('a'))?.revision).toBe(revision);
  });

  test('answers of reads are lost → asked again, within the time of the call', async () => {
    await write(direct, put('read/a', '1'), put('read/b', '2'));
    for (const fault of ['lostReply', 'cutReply', 'cutBefore', 'cutRequest'] as const) {
      proxy.next(fault, { includes: 'read/' });
      expect((await store.range('read/')).length, fault).toBe(2);
      proxy.next(fault, { includes: 'read/a' });
      expect(text((await store.get('read/a'))?.value), fault).toBe('1');
      expect(await store.txn([{ key: 'read/a', revision: 0n }], [])).toMatchObject({ succeeded: false });
    }
    expect(proxy.injected).toHaveLength(8);
  });

  test('nothing answers → every call ends in time: reads Timeout, txns Unknown; then all goes on at once', async () => {
    const startMs = performance.now();
    const open = proxy.blackHole(3 * REQUEST_MS);
    const [get, txn] = await Promise.allSettled([store.get('a'), write(store, put('a', '1'))]);
    expect(get).toMatchObject({ reason: { kind: 'Timeout' } });
    expect(txn).toMatchObject({ reason: { kind: 'Unknown' } });
    expect(performance.now() - startMs).toBeLessThan(2.5 * REQUEST_MS);
    await fails('Timeout', () => store.range('a'));
    await open;
    await write(store, put('b', '1'));
    expect(text((await store.get('b'))?.value)).toBe('1');
  });

  test('txns wait for another one that hangs → those whose time has passed were not made', async () => {
    const open = proxy.blackHole(2 * REQUEST_MS);
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, (_, i) => write(store, put('a', String(i)))),
    );
    expect(results.map((result) => result.status === 'rejected' && result.reason.kind)).toEqual([
      'Unknown',
      ...Array(4).fill('Timeout'),
    ]);
    await open;
    expect(['0', undefined]).toContain(text((await store.get('a'))?.value));
  });

  test('connections refused → Unavailable after the time of the call; when they are not any more, the next call succeeds', async () => {
    await proxy.down();
    await fails('Unavailable', () => store.get('a'));
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => write(store, put(`k${i}`, ''))),
    );
    for (const result of results) expect(result).toMatchObject({ reason: { kind: 'Unavailable' } });
    await proxy.up();
    const startMs = performance.now();
    await write(store, put('a', '1'));
    expect(performance.now() - startMs).toBeLessThan(500);
  });

  test('faults by chance while callers write → what was acknowledged is linearizable', async () => {
    proxy.plan({
      faults: ['cutBefore', 'cutRequest', 'lostReply', 'cutReply', { delayReplyMs: 30 }],
      chance: 0.15,
    });
    const history = new CasHistory();
    const workers = [store, store, direct, direct].map((one) => history.work(one, ['x', 'y'], 40));
    await Promise.all(workers);
    proxy.calm();
    await history.work(direct, ['x', 'y'], 2);
    history.check();
    expect(history.unknown).toBeGreaterThan(0);
    console.log(`${history.answered} answered, ${history.unknown} unknown, ${proxy.injected.length} faults`);
  });

  test('a watch loses its connection → soon goes on where it was, and misses nothing', async () => {
    const { events, stop } = watch(store);
    await write(direct, put('w/a', '1'));
    expect(keysOf(await nextEvents(events, 1))).toEqual(['w/a']);
    await proxy.down();
    const written = [];
    for (let i = 0; i < 20; i++) written.push((await write(direct, put(`w/${i}`, ''))).revision);
    await proxy.up();
    const startMs = performance.now();
    expect((await nextEvents(events, 20)).map(({ revision }) => revision)).toEqual(written);
    expect(performance.now() - startMs).toBeLessThan(3_000);
    stop.abort();
  });

  test('what a watch missed was compacted → resync, then the changes after it', async () => {
    const { events, stop } = watch(store);
    await write(direct, put('w/a', '1'));
    await nextEvents(events, 1);
    await proxy.down();
    await write(direct, put('w/a', '2'));
    const { revision } = await write(direct, put('w/a', '3'));
    const bare = bareClient(server().port);
    await bare.kv.compact({ revision: String(revision), physical: true });
    bare.close();
    await proxy.up();
    const [resync] = await nextEvents(events, 1);
    expect(resync!.type).toBe('resync');
    expect(text((await store.get('w/a'))?.value)).toBe('3');
    await write(direct, put('w/b', '4'));
    let last: string | undefined;
    while (last !== 'w/b') [last] = keysOf(await nextEvents(events, 1));
    stop.abort();
  });

  test('a watch from a revision that was compacted before it began → resync', async () => {
    await write(direct, put('w/a', '1'));
    const { revision } = await write(direct, put('w/a', '2'));
    const bare = bareClient(server().port);
    await bare.kv.compact({ revision: String(revision), physical: true });
    bare.close();
    // This store has seen no revision since it was opened.
    const { events, stop } = watch(store);
    expect(await nextEvents(events, 1)).toEqual([{ type: 'resync', revision: expect.any(BigInt) }]);
    await write(store, put('w/b', '3'));
    let last: string | undefined;
    while (last !== 'w/b') [last] = keysOf(await nextEvents(events, 1));
    stop.abort();
  });

  test('the range of one call is of one revision, even when that is compacted between its pages', async () => {
    const keys = Array.from({ length: 600 }, (_, i) => `r/${String(i).padStart(4, '0')}`);
    const value = 'v'.repeat(1_000);
    for (let at = 0; at < keys.length; at += 100)
      await write(direct, ...keys.slice(at, at + 100).map((key) => put(key, value)));
    const bare = bareClient(server().port);
    const stop = new AbortController();
    const compacting = (async () => {
      for (let round = 0; !stop.signal.aborted; round++) {
        const { revision } = await write(direct, put(keys[0]!, `${round}`), put(keys[599]!, `${round}`));
        await bare.kv.compact({ revision: String(revision), physical: true });
      }
    })();
    for (let read = 0; read < 10; read++) {
      const entries = await store.range('r/');
      expect(entries.map(({ key }) => key)).toEqual(keys);
      expect(text(entries[0]!.value) === text(entries[599]!.value)).toBe(true);
    }
    stop.abort();
    await compacting;
    bare.close();
  });

  test('a lease outlives an outage that is shorter than its ttl', async () => {
    const lease = await store.lease(4_000);
    await write(store, put('leased', '1', lease.leaseId));
    await proxy.down();
    await new Promise((resolve) => setTimeout(resolve, 1_800));
    await proxy.up();
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(lease.lost.aborted).toBe(false);
    expect(text((await store.get('leased'))?.value)).toBe('1');
  });

  test('nothing answers for as long as the ttl → the holder knows that the lease is lost before etcd ends it', async () => {
    const lease = await store.lease(2_000);
    await write(store, put('leased', '1', lease.leaseId));
    const startMs = performance.now();
    const open = proxy.blackHole(4_000);
    await once(lease.lost, 'abort');
    expect(performance.now() - startMs).toBeLessThan(2_200);
    expect(text((await direct.get('leased'))?.value)).toBe('1');
    await open;
    while ((await direct.get('leased')) !== undefined)
      await new Promise((resolve) => setTimeout(resolve, 50));
    await fails('NotFound', () => write(store, put('leased', '2', lease.leaseId)));
  });

  test('a lease is revoked by somebody else → the holder is told, keys of the lease are gone', async () => {
    const lease = await store.lease(1_500);
    await write(store, put('leased', '1', lease.leaseId));
    const bare = bareClient(server().port);
    await bare.leaseClient.leaseRevoke({ ID: lease.leaseId });
    bare.close();
    await once(lease.lost, 'abort');
    expect(await store.get('leased')).toBeUndefined();
  });

  test('the store closes while nothing answers → close ends, waiting readers get Closed', async () => {
    await store.lease(60_000);
    const { events } = watch(store);
    const reading = fails('Closed', () => events.next());
    const open = proxy.blackHole(3 * REQUEST_MS);
    const startMs = performance.now();
    await store.close();
    expect(performance.now() - startMs).toBeLessThan(2.5 * REQUEST_MS);
    await reading;
    await open;
  });
});

function watch(store: MetaStore) {
  const stop = new AbortController();
  return { events: store.watch('w/', stop.signal)[Symbol.asyncIterator](), stop };
}

function keysOf(events: Awaited<ReturnType<typeof nextEvents>>): string[] {
  return events.map((event) => (event.type === 'resync' ? event.type : event.key));
}
