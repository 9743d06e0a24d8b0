import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { patternBytes, sameBytes, text, utf8 } from '../../conformance/storage/checks.ts';
import { FaultProxy } from '../../conformance/storage/faultProxy.ts';
import type { Fault, Selection } from '../../conformance/storage/faultProxyPlan.ts';
import type { BackendServer } from '../../scripts/servers/running.ts';
import { ElanusError, type ErrorKind } from '../../src/core/domain/errors.ts';
import type { ObjectStore } from '../../src/core/ports/objectStore.ts';

/** How the tests get stores of one adapter. */
export interface FaultSubject {
  /** Of the plugin. */
  readonly name: string;
  /** Makes a place for one store and returns its name. */
  makePlace(port: number): Promise<string>;
  /** Opens the store of `place` through `port`: the server's own, or a proxy's. `options`: of the plugin. */
  open(port: number, place: string, options?: Readonly<Record<string, unknown>>): Promise<ObjectStore>;
  /** The request that makes a small object. */
  readonly write: Selection;
  /** The requests of one large object that send a part and that make the object. */
  readonly writePart: Selection;
  readonly complete: Selection;
  /** Options and size by which an object is large. */
  readonly partBytes: number;
  readonly largeBytes: number;
}

/** `ok`, or the kind of the error. */
type Outcome = 'ok' | ErrorKind;

interface WriteCase {
  readonly name: string;
  /** What is there before; undefined = nothing. */
  readonly before: string | undefined;
  run(store: ObjectStore, key: string, bytes: Uint8Array, version: string | undefined): Promise<string>;
  /** What a calm server answers. */
  readonly calm: Outcome;
}

const TIMEOUT_MS = 400;

const WRITES: readonly WriteCase[] = [
  {
    name: 'put of a new key',
    before: undefined,
    run: (store, key, bytes) => store.put(key, bytes),
    calm: 'ok',
  },
  { name: 'put over another', before: 'old', run: (store, key, bytes) => store.put(key, bytes), calm: 'ok' },
  {
    name: 'putIfAbsent of a new key',
    before: undefined,
    run: (store, key, bytes) => store.putIfAbsent(key, bytes),
    calm: 'ok',
  },
  {
    name: 'putIfAbsent of a key that is taken',
    before: 'old',
    run: (store, key, bytes) => store.putIfAbsent(key, bytes),
    calm: 'AlreadyExists',
  },
  {
    name: 'putIfMatch of the version that is there',
    before: 'old',
    run: (store, key, bytes, version) => store.putIfMatch(key, bytes, version!),
    calm: 'ok',
  },
  {
    name: 'putIfMatch of another version',
    before: 'old',
    run: (store, key, bytes) => store.putIfMatch(key, bytes, '0x0123456789ABCDEF'),
    calm: 'Conflict',
  },
];

/** Faults of one request after which a write must end as on a calm server. */
const SURMOUNTED: readonly Fault[] = [
  'lostReply',
  'cutReply',
  'duplicate',
  { answer: 429 },
  { answer: 500 },
  { answer: 503 },
  { answerAfter: 500 },
  { answerAfter: 503 },
  { delayReplyMs: TIMEOUT_MS + 200 },
];

/** The server did nothing, which the client cannot know: a put without a condition ends as Unknown. */
const NOT_SEEN: readonly Fault[] = ['cutBefore', 'cutRequest'];

/** Tests of what a write or a read may answer when the network or the server fails in the middle of it. */
export function objectFaultTests(server: () => BackendServer, subject: FaultSubject): void {
  describe(`${subject.name} under faults`, () => {
    let proxy: FaultProxy;
    let place: string;
    let store: ObjectStore;
    /** Beside the proxy. */
    let direct: ObjectStore;
    let keys = 0;

    beforeAll(async () => {
      const { port } = server();
      proxy = await FaultProxy.start({ target: port, seed: 1, protocol: 'http1' });
      place = await subject.makePlace(port);
      const { partBytes } = subject;
      store = await subject.open(proxy.port, place, { requestTimeoutMs: TIMEOUT_MS, partBytes });
      direct = await subject.open(port, place, { partBytes });
    });
    afterAll(async () => {
      await Promise.all([store?.close(), direct?.close()]);
      await proxy?.close();
    });

    async function meet(write: WriteCase, fault: Fault, select: Selection, bytes: number): Promise<Outcome> {
      const key = `key/${keys++}`;
      const own = patternBytes(bytes, keys);
      const before = write.before === undefined ? undefined : utf8(write.before);
      const version = before && (await direct.put(key, before));
      const hit = proxy.next(fault, select);
      let returned: string | undefined;
      const outcome = await outcomeOf(async () => {
        returned = await write.run(store, key, own, version);
      });
      await hit;
      const [found] = await direct.list(key, { limit: 1 });
      const content = found && (await direct.get(key)).content;
      if (outcome === 'ok') {
        sameBytes(content ?? utf8(''), own, 'an acknowledged write');
        assert.equal(returned, found?.version);
      } else if (outcome === 'Unknown') {
        const isOneOf = [own, before].some(
          (one) => Buffer.compare(one ?? utf8(''), content ?? utf8('')) === 0,
        );
        assert.ok(isOneOf, 'an unknown write is there or not');
      } else {
        assert.equal(text(content), write.before, 'a refused write changes nothing');
      }
      return outcome;
    }

    for (const write of WRITES) {
      test(`${write.name}: every fault of one request → never a wrong answer`, async () => {
        for (const fault of SURMOUNTED) {
          const outcome = await meet(write, fault, subject.write, 1_000);
          const allowed = write.calm === 'ok' ? ['ok'] : [write.calm, 'Unknown'];
          assert.ok(allowed.includes(outcome), `${JSON.stringify(fault)}: ${outcome}`);
        }
        for (const fault of NOT_SEEN) {
          const outcome = await meet(write, fault, subject.write, 1_000);
          const isBlind = write.name.startsWith('put ');
          const allowed = isBlind ? ['Unknown'] : write.calm === 'ok' ? ['ok'] : [write.calm, 'Unknown'];
          assert.ok(allowed.includes(outcome), `${JSON.stringify(fault)}: ${outcome}`);
        }
      });
    }

    test('large objects: a fault of a part → sent again; of the last request → never a wrong answer', async () => {
      for (const write of WRITES) {
        for (const fault of ['lostReply', 'cutRequest', { answer: 503 }] as const) {
          assert.equal(await meet(write, fault, subject.writePart, subject.largeBytes), write.calm);
        }
        for (const fault of ['lostReply', 'duplicate', { answerAfter: 500 }] as const) {
          const outcome = await meet(write, fault, subject.complete, subject.largeBytes);
          const allowed = write.calm === 'ok' ? ['ok'] : [write.calm, 'Unknown'];
          assert.ok(allowed.includes(outcome), `${write.name}, ${JSON.stringify(fault)}: ${outcome}`);
        }
      }
    });

    test('reads: every fault of one request → the right bytes all the same', async () => {
      const content = patternBytes(300_000, 5);
      await direct.put('read', content);
      const info = await direct.head('read');
      for (const fault of [...SURMOUNTED, ...NOT_SEEN]) {
        const meetWith = async <Result>(method: string, read: () => Promise<Result>): Promise<Result> => {
          const hit = proxy.next(fault, { method });
          const result = await read();
          await hit;
          return result;
        };
        const whole = await meetWith('GET', () => store.get('read'));
        sameBytes(whole.content, content, `whole after ${JSON.stringify(fault)}`);
        const into = new Uint8Array(new SharedArrayBuffer(150_000));
        await meetWith('GET', () => store.getRange('read', 1_000, 150_000, into));
        sameBytes(into, content.subarray(1_000, 151_000), `range after ${JSON.stringify(fault)}`);
        assert.deepEqual(await meetWith('HEAD', () => store.head('read')), info);
        assert.deepEqual(await meetWith('GET', () => store.list('read')), [info]);
      }
    });

    test('delete: every fault of one request → gone', async () => {
      for (const fault of [...SURMOUNTED, ...NOT_SEEN]) {
        await direct.put('deleted', utf8('x'));
        const hit = proxy.next(fault, { method: 'DELETE' });
        await store.delete('deleted');
        await hit;
        assert.equal(await outcomeOf(() => direct.head('deleted')), 'NotFound');
      }
    });

    test('a server that does not answer → reads time out, writes are Unknown, and neither hangs', async () => {
      await direct.put('silent', utf8('old'));
      const impatient = await subject.open(proxy.port, place, { requestTimeoutMs: 200, retriesMax: 0 });
      const over = proxy.blackHole(1_500);
      const startMs = performance.now();
      const outcomes = await Promise.all([
        outcomeOf(() => impatient.get('silent')),
        outcomeOf(() => impatient.list('')),
        outcomeOf(() => impatient.put('silent', utf8('new'))),
        outcomeOf(() => impatient.putIfAbsent('silent/2', utf8('new'))),
      ]);
      assert.deepEqual(outcomes, ['Timeout', 'Timeout', 'Unknown', 'Unknown']);
      assert.ok(performance.now() - startMs < 1_400);
      await over;
      await impatient.close();
    });

    test('a server that is down → Unavailable, and nothing happened; up again → works', async () => {
      const version = await direct.put('down', utf8('old'));
      await proxy.down();
      assert.equal(await outcomeOf(() => store.get('down')), 'Unavailable');
      assert.equal(await outcomeOf(() => store.put('down', utf8('new'))), 'Unavailable');
      assert.equal(await outcomeOf(() => store.putIfAbsent('down/2', utf8('new'))), 'Unavailable');
      assert.equal(await outcomeOf(() => store.putIfMatch('down', utf8('new'), version)), 'Unavailable');
      await proxy.up();
      assert.equal(text((await store.get('down')).content), 'old');
      await store.putIfMatch('down', utf8('new'), version);
    });

    test('a write that arrives late, after it was sent again and its object replaced → changes nothing', async () => {
      const start = await direct.put('late/match', utf8('start'));
      const late = { delayMs: TIMEOUT_MS + 600 };
      void proxy.next(late, subject.write);
      await store.putIfAbsent('late/absent', utf8('one'));
      await store.put('late/absent', utf8('two'));
      void proxy.next(late, subject.write);
      const version = await store.putIfMatch('late/match', utf8('one'), start);
      await store.putIfMatch('late/match', utf8('start'), version);
      // Held back just as long, and awaited: the late ones are there before it.
      const patient = await subject.open(proxy.port, place);
      void proxy.next(late, subject.write);
      await patient.put('late/last', utf8('x'));
      await patient.close();
      assert.equal(text((await direct.get('late/absent')).content), 'two');
      assert.equal(text((await direct.get('late/match')).content), 'start');
    });

    test('8 callers, every fifth request fails by chance → one winner a key, no increment lost or twice', async () => {
      await direct.put('count', utf8('0'));
      proxy.plan({ faults: [...SURMOUNTED, ...NOT_SEEN], chance: 0.2 });
      const callers = await Promise.all(Array.from({ length: 8 }, (_, i) => countAndCreate(store, i, 12)));
      proxy.calm();
      const sum = (pick: (caller: Tally) => number) => callers.reduce((all, caller) => all + pick(caller), 0);
      const count = Number(text((await direct.get('count')).content));
      const counted = sum(({ increments }) => increments);
      const unknown = sum(({ unknownIncrements }) => unknownIncrements);
      assert.ok(counted <= count && count <= counted + unknown, `${counted} <= ${count} <= +${unknown}`);
      for (let round = 0; round < 12; round++) {
        const winners = callers.flatMap(({ won }, i) => (won[round] === 'ok' ? [i] : []));
        const perhaps = callers.flatMap(({ won }, i) => (won[round] === 'Unknown' ? [i] : []));
        assert.ok(winners.length <= 1, `winners of round ${round}: ${winners}`);
        const owner = Number(text((await direct.get(`created/${round}`)).content));
        assert.ok(
          winners.length === 1 ? winners[0] === owner : perhaps.includes(owner),
          `round ${round}: ${owner} owns it, ${winners} won, ${perhaps} may have`,
        );
      }
    });
  });
}

interface Tally {
  increments: number;
  unknownIncrements: number;
  /** Outcome of each creation. */
  readonly won: Outcome[];
}

async function countAndCreate(store: ObjectStore, caller: number, rounds: number): Promise<Tally> {
  const tally: Tally = { increments: 0, unknownIncrements: 0, won: [] };
  for (let round = 0; round < rounds; round++) {
    const create = () => store.putIfAbsent(`created/${round}`, utf8(`${caller}`));
    tally.won.push(await outcomeOf(create));
    const increment = async (): Promise<void> => {
      const { content, version } = await store.get('count');
      await store.putIfMatch('count', utf8(`${Number(text(content)) + 1}`), version);
    };
    const outcome = await outcomeOf(increment);
    if (outcome === 'ok') tally.increments++;
    if (outcome === 'Unknown') tally.unknownIncrements++;
  }
  return tally;
}

async function outcomeOf(run: () => Promise<unknown>): Promise<Outcome> {
  try {
    await run();
    return 'ok';
  } catch (caught) {
    assert.ok(caught instanceof ElanusError, `expected an ElanusError, got ${String(caught)}`);
    return caught.kind;
  }
}
