import assert from 'node:assert/strict';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import { text } from '../checks.ts';
import { put, write } from './subject.ts';

type StoreCase = readonly [name: string, run: (store: MetaStore) => Promise<void>];

const RACERS = 32;

export const RACE_CASES: readonly StoreCase[] = [
  [
    'race: 32 create one key → one winner, whose value stays',
    async (store) => {
      const results = await race((i) => store.txn([{ key: 'a', revision: 0n }], [put('a', String(i))]));
      const winners = results.flatMap((result, i) => (result.succeeded ? [i] : []));
      assert.equal(winners.length, 1);
      assert.equal(text((await store.get('a'))?.value), String(winners[0]));
    },
  ],
  [
    'race: 32 compare and set one revision → one winner',
    async (store) => {
      const { revision } = await write(store, put('a', 'start'));
      const results = await race((i) => store.txn([{ key: 'a', revision }], [put('a', String(i))]));
      assert.equal(results.filter((result) => result.succeeded).length, 1);
    },
  ],
  [
    'race: 32 read and then compare and set → one winner a round',
    async (store) => {
      await write(store, put('a', 'start'));
      for (let round = 0; round < 5; round++) {
        const results = await race(async (i) => {
          const entry = await store.get('a');
          return store.txn([{ key: 'a', revision: entry!.revision }], [put('a', `${round}/${i}`)]);
        });
        assert.ok(results.some((result) => result.succeeded));
        const values = new Set(results.map((result) => result.succeeded && result.revision));
        const winners = results.filter((result) => result.succeeded);
        assert.equal(
          values.size - (values.has(false) ? 1 : 0),
          winners.length,
          'winners have distinct revisions',
        );
      }
    },
  ],
  [
    'race: 8 × 25 counters with retry → no increment is lost',
    async (store) => {
      await write(store, put('count', '0'));
      const increment = async (): Promise<void> => {
        for (;;) {
          const entry = (await store.get('count'))!;
          const next = String(Number(text(entry.value)) + 1);
          const compare = { key: 'count', revision: entry.revision };
          if ((await store.txn([compare], [put('count', next)])).succeeded) return;
        }
      };
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let i = 0; i < 25; i++) await increment();
        }),
      );
      assert.equal(text((await store.get('count'))?.value), '200');
    },
  ],
  [
    'race: 32 write the same ten keys → all ten come from one txn',
    async (store) => {
      const keys = Array.from({ length: 10 }, (_, i) => `k${i}`);
      await race((i) => write(store, ...keys.map((key) => put(key, String(i)))));
      const entries = await store.range('k');
      assert.equal(new Set(entries.map((entry) => text(entry.value))).size, 1);
      assert.equal(new Set(entries.map((entry) => entry.revision)).size, 1);
    },
  ],
];

function race<Result>(run: (racer: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: RACERS }, (_, i) => run(i)));
}
