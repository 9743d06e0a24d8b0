import assert from 'node:assert/strict';
import type { ErrorKind } from '../../../src/core/domain/errors.ts';
import { elanusError, patternBytes, sameBytes, text, utf8 } from '../checks.ts';
import type { StoreCase } from './subject.ts';

const RACERS = 32;

export const RACE_CASES: readonly StoreCase[] = [
  [
    'race: 32 putIfAbsent of one key → one winner, whose bytes stay; the others get AlreadyExists',
    async (store) => {
      for (let round = 0; round < 5; round++) {
        const key = `race/${round}`;
        const winners = await race('AlreadyExists', (i) => store.putIfAbsent(key, utf8(`racer ${i}`)));
        assert.equal(winners.length, 1);
        assert.equal(text((await store.get(key)).content), `racer ${winners[0]}`);
      }
    },
  ],
  [
    'race: 32 putIfMatch of one version → one winner, whose bytes stay; the others get Conflict',
    async (store) => {
      let version = await store.put('a', utf8('start'));
      for (let round = 0; round < 5; round++) {
        const winners = await race('Conflict', (i) => store.putIfMatch('a', utf8(`${round}/${i}`), version));
        assert.equal(winners.length, 1);
        const found = await store.get('a');
        assert.equal(text(found.content), `${round}/${winners[0]}`);
        version = found.version;
      }
    },
  ],
  [
    'race: 8 × 10 counters by putIfMatch with retry → no increment is lost',
    async (store) => {
      await store.put('count', utf8('0'));
      const increment = async (): Promise<void> => {
        for (;;) {
          const { content, version } = await store.get('count');
          const next = utf8(String(Number(text(content)) + 1));
          if ((await outcome(() => store.putIfMatch('count', next, version))) === undefined) return;
        }
      };
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let i = 0; i < 10; i++) await increment();
        }),
      );
      assert.equal(text((await store.get('count')).content), '80');
    },
  ],
  [
    'race: putIfMatch against put and delete → a winner replaced what it named',
    async (store) => {
      for (let round = 0; round < 10; round++) {
        const version = await store.put('a', utf8('start'));
        const [matched] = await Promise.all([
          outcome(() => store.putIfMatch('a', utf8('matched'), version)),
          round % 2 === 0 ? store.put('a', utf8('put')) : store.delete('a'),
        ]);
        assert.ok(matched === undefined || matched === 'Conflict');
        const kept = await outcome(() => store.get('a'));
        if (round % 2 === 0)
          assert.equal(text((await store.get('a')).content), 'put', 'the put came last or won');
        else assert.equal(kept, 'NotFound', 'the delete came last or won');
      }
    },
  ],
  [
    'race: readers while one key is replaced → always one whole content and its own version',
    async (store) => {
      const contents = Array.from({ length: 6 }, (_, i) => patternBytes(200_000 + i * 1_000, i));
      const versions = new Map<string, number>([[await store.put('a', contents[0]!), 0]]);
      let writing = true;
      const reader = async (): Promise<void> => {
        while (writing) {
          const { content, version, bytes } = await store.get('a');
          assert.equal(content.length, bytes);
          const at = (bytes - 200_000) / 1_000;
          sameBytes(content, contents[at]!, `content ${at}`);
          assert.equal(versions.get(version) ?? at, at, 'a version names one content');
        }
      };
      const readers = Array.from({ length: 4 }, reader);
      for (let round = 1; round < 30; round++)
        versions.set(await store.put('a', contents[round % 6]!), round % 6);
      writing = false;
      await Promise.all(readers);
    },
  ],
  [
    'race: puts and deletes of neighbours in deep folders → every put is there',
    async (store) => {
      await Promise.all(
        Array.from({ length: 8 }, async (_, i) => {
          for (let round = 0; round < 10; round++) {
            await store.put(`deep/${round % 2}/er/${i}`, utf8(`${round}`));
            assert.equal(text((await store.get(`deep/${round % 2}/er/${i}`)).content), `${round}`);
            await store.delete(`deep/${round % 2}/er/${i}`);
          }
        }),
      );
      assert.deepEqual(await store.list('deep/'), []);
    },
  ],
];

/** Racers that succeeded; the others must fail with `loserKind`. */
async function race(loserKind: ErrorKind, run: (racer: number) => Promise<unknown>): Promise<number[]> {
  const kinds = await Promise.all(Array.from({ length: RACERS }, (_, i) => outcome(() => run(i))));
  for (const kind of kinds) assert.ok(kind === undefined || kind === loserKind, `a loser got ${kind}`);
  return kinds.flatMap((kind, i) => (kind === undefined ? [i] : []));
}

/** Kind of the error, undefined = success. */
async function outcome(run: () => Promise<unknown>): Promise<ErrorKind | undefined> {
  try {
    await run();
    return undefined;
  } catch (caught) {
    return elanusError(caught).kind;
  }
}
