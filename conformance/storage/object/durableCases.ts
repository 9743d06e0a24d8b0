import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { fails, patternBytes, sameBytes, text, utf8 } from '../checks.ts';
import { killAfterLines } from '../killedChild.ts';
import { moduleOfKit } from '../moduleOfKit.ts';
import { contentOf, keyOfWrite } from './crashWrites.ts';
import type { DurableSubject, ObjectStoreSubject } from './subject.ts';

export type DurableCase = readonly [
  name: string,
  run: (subject: ObjectStoreSubject, durable: DurableSubject) => Promise<void>,
];

const CRASHES = 4;
const PROCESSES = 3;
const ROUNDS = 25;

export const DURABLE_CASES: readonly DurableCase[] = [
  [
    'reopen: contents, versions and order stay',
    async ({ store }, durable) => {
      for (let i = 0; i < 20; i++) await store.put(`k/${i}`, patternBytes(i * 100, i));
      const before = await store.list('');
      await store.close();
      await withStore(durable, async (reopened) => {
        assert.deepEqual(await reopened.list(''), before);
        for (let i = 0; i < 20; i++)
          sameBytes((await reopened.get(`k/${i}`)).content, patternBytes(i * 100, i), `k/${i}`);
        await reopened.putIfMatch('k/1', utf8('x'), before.find(({ key }) => key === 'k/1')!.version);
        await fails('AlreadyExists', () => reopened.putIfAbsent('k/2', utf8('x')));
      });
    },
  ],
  [
    'kill -9 while 8 callers write, several times over → every acknowledged object is there, none is half there',
    async ({ store }, durable) => {
      await store.close();
      const acknowledged = new Set<number>();
      for (let crash = 0; crash < CRASHES; crash++) {
        const args = [durable.module.href, durable.location, String(1 + crash * 1_000_000)];
        const lines = await killAfterLines(moduleOfKit('object/crashWriter'), args, 60 + 30 * crash);
        for (const line of lines) acknowledged.add(Number(line));
        await withStore(durable, (reopened) => checkSurvivors(reopened, acknowledged));
      }
    },
  ],
];

/** Of a store that several processes use at once. */
export const SHARED_CASES: readonly DurableCase[] = [
  [
    'processes: a put by one store → another store on the same data sees it at once',
    async ({ store }, durable) => {
      await withStore(durable, async (other) => {
        const version = await store.put('a', utf8('one'));
        assert.equal(text((await other.get('a')).content), 'one');
        await other.putIfMatch('a', utf8('two'), version);
        assert.equal(text((await store.get('a')).content), 'two');
        await fails('Conflict', () => store.putIfMatch('a', utf8('three'), version));
        await other.delete('a');
        await fails('NotFound', () => store.get('a'));
      });
    },
  ],
  [
    'processes: several create the same objects and count one up → one winner each, no increment lost',
    async ({ store }, durable) => {
      await store.put('count', utf8('0'));
      const names = Array.from({ length: PROCESSES }, (_, i) => `process ${i}`);
      const racers = await Promise.all(names.map((name) => startRacer(durable, name)));
      try {
        for (let round = 0; round < ROUNDS; round++) {
          const answers = await Promise.all(racers.map((racer) => racer.race(`created/${round}`)));
          const winners = names.filter((_, i) => answers[i] === 'won');
          assert.equal(winners.length, 1, `winners of round ${round}`);
          assert.equal(text((await store.get(`created/${round}`)).content), winners[0]);
        }
      } finally {
        await Promise.all(racers.map((racer) => racer.end()));
      }
      assert.equal(text((await store.get('count')).content), String(PROCESSES * ROUNDS));
    },
  ],
];

async function checkSurvivors(store: ObjectStore, acknowledged: ReadonlySet<number>): Promise<void> {
  const found = new Map<string, number>();
  for (let afterKey: string | undefined; ; ) {
    const page = await store.list('', afterKey === undefined ? {} : { afterKey });
    for (const { key } of page) found.set(key, await checkWhole(store, key));
    afterKey = page.at(-1)?.key;
    if (page.length < 1_000) break;
  }
  for (const number of acknowledged) {
    const kept = found.get(keyOfWrite(number));
    assert.ok(kept !== undefined, `object ${number} was acknowledged`);
    if (number % 3 !== 0) assert.equal(kept, number, `object ${number} was acknowledged`);
  }
}

/** The number that wrote the object, whose content must be all of that number's. */
async function checkWhole(store: ObjectStore, key: string): Promise<number> {
  const { content } = await store.get(key);
  const number = new DataView(content.buffer, content.byteOffset).getFloat64(0, true);
  assert.equal(keyOfWrite(number), key);
  sameBytes(content, contentOf(number), `object ${number}`);
  return number;
}

interface Racer {
  /** Has the process create the object; its answer. */
  race(key: string): Promise<string>;
  end(): Promise<void>;
}

/** Starts a process that races others; resolves when it has opened the store. */
async function startRacer(durable: DurableSubject, name: string): Promise<Racer> {
  const script = fileURLToPath(moduleOfKit('object/racingWriter'));
  const args = [script, durable.module.href, durable.location, name];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${name} ended with ${code}`))));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done) await ended;
    return String(line.value);
  };
  assert.equal(await answer(), 'ready');
  return {
    race(key) {
      child.stdin.write(`${key}\n`);
      return answer();
    },
    end() {
      child.stdin.end();
      return ended;
    },
  };
}

async function withStore(durable: DurableSubject, run: (store: ObjectStore) => Promise<void>): Promise<void> {
  const store = await durable.reopen();
  try {
    await run(store);
  } finally {
    await store.close();
  }
}
