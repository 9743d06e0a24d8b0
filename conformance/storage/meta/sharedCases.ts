import assert from 'node:assert/strict';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import { text } from '../checks.ts';
import type { DurableCase } from './durableCases.ts';
import { type DurableSubject, del, nextEvents, put, write } from './subject.ts';

const CALLERS = 4;
const INCREMENTS = 15;

/** Of a store that several processes use at once: two stores on the same data. */
export const SHARED_CASES: readonly DurableCase[] = [
  [
    'processes: a txn by one store → another store on the same data sees it at once, and compares with it',
    ({ store }, durable) =>
      withOther(durable, async (other) => {
        const { revision } = await write(store, put('a', '1'), put('b', '1'));
        assert.deepEqual(await other.range(''), await store.range(''));
        assert.equal((await other.txn([{ key: 'a', revision }], [put('a', '2')])).succeeded, true);
        assert.equal((await store.txn([{ key: 'a', revision }], [put('a', '3')])).succeeded, false);
        assert.equal(text((await store.get('a'))?.value), '2');
      }),
  ],
  [
    'processes: a watch of one store → sees the changes of another in order',
    ({ store }, durable) =>
      withOther(durable, async (other) => {
        const stop = new AbortController();
        const events = store.watch('p/', stop.signal)[Symbol.asyncIterator]();
        const first = await write(other, put('p/a', '1'));
        const second = await write(other, put('p/a', '2'), put('q', '1'));
        const third = await write(other, del('p/a'));
        const seen = await nextEvents(events, 3);
        assert.deepEqual(
          seen.map((event) => [event.type, event.revision]),
          [
            ['put', first.revision],
            ['put', second.revision],
            ['delete', third.revision],
          ],
        );
        stop.abort();
      }),
  ],
  [
    'processes: a lease of one store is released → its keys are gone for the other; closing one leaves the other',
    ({ store }, durable) =>
      withOther(durable, async (other) => {
        const lease = await other.lease(5_000);
        const own = await store.lease(5_000);
        await write(other, put('leased', '1', lease.leaseId));
        await write(store, put('own', '1', own.leaseId));
        await lease.release();
        assert.equal(await store.get('leased'), undefined);
        const late = await other.lease(5_000);
        await write(other, put('late', '1', late.leaseId));
        await other.close();
        assert.deepEqual(
          (await store.range('')).map(({ key }) => key),
          ['own'],
        );
        assert.equal(own.lost.aborted, false);
      }),
  ],
  [
    'processes: two stores count one key up with retry → no increment is lost',
    ({ store }, durable) =>
      withOther(durable, async (other) => {
        await write(store, put('count', '0'));
        const callers = [store, other].flatMap((one) => Array.from({ length: CALLERS }, () => countUp(one)));
        await Promise.all(callers);
        assert.equal(text((await other.get('count'))?.value), String(2 * CALLERS * INCREMENTS));
      }),
  ],
];

async function countUp(store: MetaStore): Promise<void> {
  for (let done = 0; done < INCREMENTS; ) {
    const { value, revision } = (await store.get('count'))!;
    const next = put('count', String(Number(text(value)) + 1));
    if ((await store.txn([{ key: 'count', revision }], [next])).succeeded) done++;
  }
}

async function withOther(durable: DurableSubject, run: (other: MetaStore) => Promise<void>): Promise<void> {
  const other = await durable.reopen();
  try {
    await run(other);
  } finally {
    await other.close();
  }
}
