import assert from 'node:assert/strict';
import type { MetaEvent, MetaStore } from '../../../src/core/ports/metaStore.ts';
import { fails, text } from '../checks.ts';
import { del, nextEvents, put, write } from './subject.ts';

type StoreCase = readonly [name: string, run: (store: MetaStore) => Promise<void>];

export const WATCH_CASES: readonly StoreCase[] = [
  [
    'watch: changes after the call → events with keys, values and revisions, in order',
    async (store) => {
      await write(store, put('p/old', '0'));
      const { events, stop } = start(store, 'p/');
      const first = await write(store, put('p/a', '1'));
      const second = await write(store, put('p/a', '2'));
      const third = await write(store, del('p/a'));
      assert.deepEqual((await nextEvents(events, 3)).map(plain), [
        { type: 'put', key: 'p/a', value: '1', revision: first.revision },
        { type: 'put', key: 'p/a', value: '2', revision: second.revision },
        { type: 'delete', key: 'p/a', revision: third.revision },
      ]);
      stop.abort();
    },
  ],
  [
    'watch: other prefixes, failed txns and deletes of nothing → no events',
    async (store) => {
      const { events, stop } = start(store, 'p/');
      await write(store, put('q/a', '1'), put('p', '1'));
      await store.txn([{ key: 'absent', revision: 1n }], [put('p/no', '1')]);
      await write(store, del('p/absent'));
      await write(store, put('p/yes', '1'));
      const [event] = await nextEvents(events, 1);
      assert.ok(event?.type === 'put' && event.key === 'p/yes');
      stop.abort();
    },
  ],
  [
    'watch: nobody reads yet → events wait for the reader',
    async (store) => {
      const { events, stop } = start(store, '');
      for (let i = 0; i < 10; i++) await write(store, put(`k${i}`, ''));
      const found = await nextEvents(events, 10);
      assert.deepEqual(
        found.map((event) => (event.type === 'put' ? event.key : event.type)),
        Array.from({ length: 10 }, (_, i) => `k${i}`),
      );
      stop.abort();
    },
  ],
  [
    'watch: 32 writers of one key → its revisions only rise, the last event is the last state',
    async (store) => {
      const { events, stop } = start(store, 'hot');
      await Promise.all(Array.from({ length: 32 }, (_, i) => write(store, put('hot', String(i)))));
      const found = await nextEvents(events, 32);
      for (let i = 1; i < found.length; i++) assert.ok(found[i]!.revision > found[i - 1]!.revision);
      assert.equal(found.at(-1)?.revision, (await store.get('hot'))?.revision);
      stop.abort();
    },
  ],
  [
    'watch: a reader that falls far behind → resync, with a revision it can trust, or every event',
    async (store) => {
      const { events, stop } = start(store, '');
      const rounds = 120;
      for (let round = 0; round < rounds; round++) {
        await write(store, ...Array.from({ length: 100 }, (_, i) => put(`k${i}`, String(round))));
      }
      await write(store, put('last', ''));
      await checkFollows(store, events);
      stop.abort();
    },
  ],
  [
    'watch: two watchers → each gets every event',
    async (store) => {
      const one = start(store, '');
      const two = start(store, 'a');
      await write(store, put('a', '1'));
      assert.equal((await nextEvents(one.events, 1)).length, 1);
      assert.equal((await nextEvents(two.events, 1)).length, 1);
      one.stop.abort();
      await write(store, put('a', '2'));
      assert.equal((await nextEvents(two.events, 1)).length, 1);
      two.stop.abort();
    },
  ],
  [
    'watch: the signal fires while a reader waits, or has fired before → the watch ends',
    async (store) => {
      const { events, stop } = start(store, '');
      const waiting = events.next();
      stop.abort();
      assert.equal((await waiting).done, true);
      assert.equal((await events.next()).done, true);
      const late = store.watch('', AbortSignal.abort())[Symbol.asyncIterator]();
      assert.equal((await late.next()).done, true);
    },
  ],
  [
    'watch: the reader breaks off → later writes go on',
    async (store) => {
      const stop = new AbortController();
      const watch = store.watch('', stop.signal);
      await write(store, put('a', '1'));
      for await (const event of watch) {
        assert.equal(event.type, 'put');
        break;
      }
      assert.equal((await write(store, put('a', '2'))).succeeded, true);
      stop.abort();
    },
  ],
  [
    'watch: the store closes → a waiting reader gets Closed',
    async (store) => {
      const { events, stop } = start(store, '');
      const waiting = fails('Closed', () => events.next());
      await store.close();
      await waiting;
      stop.abort();
    },
  ],
];

/** Follows events until the key `last`: what was seen, or read again at a resync, must be what the store has. */
async function checkFollows(store: MetaStore, events: AsyncIterator<MetaEvent>): Promise<void> {
  let seen = new Map<string, string | undefined>();
  while (!seen.has('last')) {
    const [event] = await nextEvents(events, 1);
    assert.ok(event, 'the watch ended early');
    if (event.type === 'put') seen.set(event.key, text(event.value));
    else if (event.type === 'delete') seen.delete(event.key);
    else seen = await contents(store);
  }
  assert.deepEqual(seen, await contents(store));
}

async function contents(store: MetaStore): Promise<Map<string, string | undefined>> {
  const entries = await store.range('');
  return new Map(entries.map(({ key, value }) => [key, text(value)]));
}

function start(store: MetaStore, prefix: string) {
  const stop = new AbortController();
  return { events: store.watch(prefix, stop.signal)[Symbol.asyncIterator](), stop };
}

function plain(event: MetaEvent) {
  return event.type === 'put' ? { ...event, value: text(event.value) } : event;
}
