import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import { text } from '../checks.ts';
import { killAfterLines } from '../killedChild.ts';
import { moduleOfKit } from '../moduleOfKit.ts';
import { KEYS_EACH, keyOfWrite, LEASED_PREFIX } from './crashWrites.ts';
import { type DurableSubject, del, type MetaStoreSubject, put, write } from './subject.ts';

export type DurableCase = readonly [
  name: string,
  run: (subject: MetaStoreSubject, durable: DurableSubject) => Promise<void>,
];

const CRASHES = 4;
/** Longer than a shared store may need to see that a lease of SHARED_TTL_MS has ended. */
const LEASE_END_MS_MAX = 30_000;
const SHARED_TTL_MS = 2_000;
const OWN_TTL_MS = 3_600_000;

export const DURABLE_CASES: readonly DurableCase[] = [
  [
    'reopen: contents and revisions stay, revisions go on rising',
    (subject, durable) =>
      closeAndReopen(subject, durable, async (before, reopened) => {
        assert.deepEqual(await reopened.range(''), before);
        const { revision } = await write(reopened, put('c', '3'));
        for (const entry of before) assert.ok(revision > entry.revision);
      }),
  ],
  [
    'reopen: a compare with a revision from before → holds once',
    (subject, durable) =>
      closeAndReopen(subject, durable, async (before, reopened) => {
        const { key, revision } = before[0]!;
        assert.equal((await reopened.txn([{ key, revision }], [put(key, 'new')])).succeeded, true);
        assert.equal((await reopened.txn([{ key, revision }], [put(key, 'newer')])).succeeded, false);
      }),
  ],
  [
    'reopen: the revision of a deleted key is not used again',
    async ({ store }, durable) => {
      await write(store, put('a', '1'));
      const { revision } = await write(store, del('a'));
      await store.close();
      await withStore(await durable.reopen(), async (reopened) => {
        assert.ok((await write(reopened, put('b', '1'))).revision > revision);
      });
    },
  ],
  [
    'reopen: keys of leases are gone after close',
    async ({ store }, durable) => {
      const lease = await store.lease(3_600_000);
      await write(store, put('leased', '1', lease.leaseId), put('kept', '1'));
      await store.close();
      await withStore(await durable.reopen(), async (reopened) => {
        assert.deepEqual(
          (await reopened.range('')).map((entry) => entry.key),
          ['kept'],
        );
      });
    },
  ],
];

/** A store of one process ends the leases of its predecessor when it opens; a shared one when their ttl has passed. */
export function killCase(sharedByProcesses: boolean): DurableCase {
  const ttlMs = sharedByProcesses ? SHARED_TTL_MS : OWN_TTL_MS;
  return [
    'kill -9 while 8 callers write, several times over → every acknowledged txn is there, none is half there',
    async ({ store }, durable) => {
      await store.close();
      const acknowledged: number[] = [];
      for (let crash = 0; crash < CRASHES; crash++) {
        const args = [durable.module.href, durable.location, String(crash * 1_000_000), String(ttlMs)];
        const lines = await killAfterLines(moduleOfKit('meta/crashWriter'), args, 150 + 70 * crash);
        acknowledged.push(...lines.map(Number));
        await withStore(await durable.reopen(), async (reopened) => {
          if (sharedByProcesses) await leasedKeysGone(reopened);
          await checkSurvivors(reopened, acknowledged);
        });
      }
    },
  ];
}

async function leasedKeysGone(store: MetaStore): Promise<void> {
  const endMs = performance.now() + LEASE_END_MS_MAX;
  while ((await store.range(LEASED_PREFIX, { limit: 1 })).length > 0) {
    assert.ok(performance.now() < endMs, `a lease of ${SHARED_TTL_MS} ms lasts ${LEASE_END_MS_MAX} ms`);
    await setTimeout(50);
  }
}

async function checkSurvivors(store: MetaStore, acknowledged: readonly number[]): Promise<void> {
  const found = await contents(store);
  for (const number of acknowledged) {
    for (let part = 0; part < KEYS_EACH; part++) {
      assert.equal(found.get(keyOfWrite(number, part)), String(number), `write ${number} was acknowledged`);
    }
  }
  const parts = new Map<string, number>();
  for (const [key, value] of found) {
    assert.ok(!key.startsWith(LEASED_PREFIX), `${key} belongs to the lease of a dead process`);
    parts.set(value, (parts.get(value) ?? 0) + 1);
  }
  for (const [number, count] of parts) assert.equal(count, KEYS_EACH, `write ${number} is whole`);
}

async function contents(store: MetaStore): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let afterKey: string | undefined; ; ) {
    const page = await store.range('', afterKey === undefined ? {} : { afterKey });
    for (const { key, value } of page) found.set(key, text(value.subarray(0, value.indexOf(0)))!);
    afterKey = page.at(-1)?.key;
    if (page.length < 1_000) return found;
  }
}

async function closeAndReopen(
  { store }: MetaStoreSubject,
  durable: DurableSubject,
  check: (before: Awaited<ReturnType<MetaStore['range']>>, reopened: MetaStore) => Promise<void>,
): Promise<void> {
  await write(store, put('a', '1'));
  await write(store, put('b', '2'));
  const before = await store.range('');
  await store.close();
  await withStore(await durable.reopen(), (reopened) => check(before, reopened));
}

async function withStore(store: MetaStore, run: (store: MetaStore) => Promise<void>): Promise<void> {
  try {
    await run(store);
  } finally {
    await store.close();
  }
}
