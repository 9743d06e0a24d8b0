import { expect, test } from 'vitest';
import type { Clock } from '../../../../src/core/ports/clock.ts';
import { type CrashMoment, CrashPoint, crashing } from '../../../harness/crashingStores.ts';
import { Storage, startRoles, storesOf } from '../../../harness/roles.ts';
import { SteppingClock } from '../../../harness/steppingClock.ts';
import { Things, things, turns } from '../../../harness/things.ts';

/** What must be there: tags by key, in which partition. */
type Model = Map<number, { readonly tag: string; readonly partition: string }>;

interface Step {
  readonly name: string;
  run(things: Things): Promise<unknown>;
  /** Changes the model as the step changes the collection. */
  readonly effect?: (model: Model) => void;
}

function put(from: number, to: number, tag: string, partition = '_default'): Step {
  return {
    name: `put ${from}..${to} ${tag}`,
    run: (collection) => collection.put(things(from, to, tag), partition),
    effect: (model) => {
      for (let key = from; key < to; key++) model.set(key, { tag, partition });
    },
  };
}

function remove(...keys: number[]): Step {
  return {
    name: `remove ${keys}`,
    run: (collection) => collection.remove(keys),
    effect: (model) => {
      for (const key of keys) model.delete(key);
    },
  };
}

/** Another collection, which nothing of the model tells of. */
const other = {
  create: async ({ roles }: Things) => {
    const made = await Things.create(roles, { name: 'other' });
    await made.put(things(0, 5, 'o'));
    await made.flush();
    await made.put(things(3, 9, 'p'));
  },
  drop: async ({ roles }: Things) => (await Things.reopen(roles, 'other')).drop(),
};

const flush: Step = { name: 'flush', run: (collection) => collection.flush() };
const compact: Step = { name: 'compact', run: (collection) => collection.compact() };

const SCRIPT: readonly Step[] = [
  put(0, 10, 'a'),
  put(10, 14, 'a', 'second'),
  flush,
  { name: 'create another', run: other.create },
  put(5, 12, 'b'),
  remove(1, 2, 11),
  flush,
  put(20, 26, 'c', 'second'),
  compact,
  put(3, 6, 'd'),
  { name: 'drop another', run: other.drop },
  { name: 'add field', run: (collection) => collection.addField('extra') },
  put(4, 8, 'e'),
  remove(20, 3),
  flush,
  put(30, 33, 'f', 'second'),
  compact,
  { name: 'release', run: (collection) => collection.release() },
  {
    name: 'drop partition',
    run: (collection) => collection.dropPartition('second'),
    effect: (model) => {
      for (const [key, row] of model) if (row.partition === 'second') model.delete(key);
    },
  },
  { name: 'load', run: (collection) => collection.load() },
  put(0, 3, 'g'),
  { name: 'truncate', run: (collection) => collection.truncate(), effect: (model) => model.clear() },
  put(7, 12, 'h'),
  flush,
  remove(8),
  put(9, 10, 'i'),
  compact,
  flush,
];

/** Graphs are built, saved and loaded too. */
const OPTIONS = { graph: 'hnsw', indexRowsMin: 5, settings: { snapshotRetentionMs: 0 } };

interface Run {
  readonly storage: Storage;
  /** Of the process that runs now. */
  point: CrashPoint;
  readonly clock: Clock;
  /** What may be there: with and without the step that was under way. */
  readonly allowed: readonly Model[];
}

/** Runs the script until it crashes. `quiet`: background work ends before the next step. */
async function runScript(crashAt: number, moment: CrashMoment, quiet: boolean): Promise<Run> {
  const storage = new Storage();
  const clock = new SteppingClock();
  const point = new CrashPoint(crashAt, moment);
  const model: Model = new Map();
  const end = (allowed: readonly Model[]): Run => ({ storage, point, clock, allowed });
  const attempt = async <Result>(work: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!point.crashed) throw error;
      return undefined;
    }
  };
  const stores = crashing(storesOf(storage), point);
  const roles = await attempt(() => startRoles(storage, { ...OPTIONS, stores, clock }));
  const collection =
    roles && (await attempt(() => Things.create(roles, { partitions: ['second'], indexType: 'HNSW' })));
  if (roles === undefined || collection === undefined) return end([model]);
  for (const step of SCRIPT) {
    const before = new Map(model);
    let done = false;
    await attempt(async () => {
      await step.run(collection);
      done = true;
    });
    step.effect?.(model);
    if (!done) return end([before, model]);
    if (quiet) await settle(point);
    if (point.crashed) return end([model]);
  }
  await settle(point);
  expect(roles.errors).toEqual([]);
  return end([model]);
}

/** Waits until no store was called for some turns of the event loop. */
async function settle(point: CrashPoint): Promise<void> {
  for (let quietTurns = 0, calls = point.calls; quietTurns < 4; quietTurns++) {
    await turns(1);
    if (point.calls !== calls) {
      calls = point.calls;
      quietTurns = 0;
    }
  }
}

/** Kills the process and starts the next one. Undefined when the collection was not made. */
async function restart(run: Run): Promise<Things | undefined> {
  const { storage, clock } = run;
  run.point.kill();
  storage.wal.crash();
  run.point = new CrashPoint(Number.POSITIVE_INFINITY, 'before');
  const stores = crashing(storesOf(storage), run.point);
  const roles = await startRoles(storage, { ...OPTIONS, stores, clock });
  expect(roles.errors).toEqual([]);
  const collections = await roles.coordinator.listCollections('default');
  if (!collections.some(({ schema }) => schema.name === 'things')) return undefined;
  const collection = await Things.reopen(roles);
  if (collection.collection.indexes.length === 0) return undefined;
  await collection.load();
  return collection;
}

async function contents(collection: Things): Promise<Map<number, string | null>> {
  const rows = await collection.rows();
  expect(await collection.count()).toBe(rows.size);
  const hits = await collection.search([0, 0, 0, 0], 1_000);
  expect(hits.map(({ key }) => key).sort((a, b) => a - b)).toEqual([...rows.keys()]);
  return rows;
}

function tagsOf(model: Model): Map<number, string> {
  return new Map([...model].sort(([a], [b]) => a - b).map(([key, { tag }]) => [key, tag]));
}

/** What is there is allowed, stays through another restart, and can be worked with. */
async function check(run: Run): Promise<void> {
  const first = await restart(run);
  if (first === undefined) {
    expect(run.allowed.map((model) => model.size)).toContain(0);
    return;
  }
  const found = await contents(first);
  const allowed = run.allowed.map(tagsOf);
  expect(allowed.map((tags) => JSON.stringify([...tags]))).toContain(JSON.stringify([...found]));
  const second = (await restart(run))!;
  expect(await contents(second)).toEqual(found);

  await second.put(things(0, 6, 'z'));
  await second.flush();
  await second.remove([1, 7]);
  await second.compact();
  await turns(30);
  await second.flush();
  await turns(30);
  const expected = new Map<number, string | null>(found);
  for (let key = 0; key < 6; key++) expected.set(key, 'z');
  for (const key of [1, 7]) expected.delete(key);
  const inOrder = new Map([...expected].sort(([a], [b]) => a - b));
  expect(await contents(second)).toEqual(inOrder);
  expect(second.roles.errors).toEqual([]);
  const third = (await restart(run))!;
  expect(await contents(third)).toEqual(inOrder);
  await turns(30);
  await checkObjects(run.storage, third);
}

/** Every object is of a segment, and every segment has its objects. */
async function checkObjects({ objects }: Storage, { roles }: Things): Promise<void> {
  const stored = new Set<string>();
  for (const { key } of await objects.list('segments/')) stored.add(key.split('/').slice(0, 3).join('/'));
  const segments = new Set<string>();
  for (const { collectionId } of await roles.coordinator.listCollections('default')) {
    for (const shard of await roles.streaming.shardStates(collectionId)) {
      for (const { segmentId, state } of shard.segments)
        if (state === 'Flushed') segments.add(`segments/${collectionId}/${segmentId}`);
    }
  }
  expect(stored).toEqual(segments);
}

for (const quiet of [true, false]) {
  for (const moment of ['before', 'after'] as const) {
    test(`a crash ${moment} any call to a store loses and doubles nothing, ${quiet ? 'step by step' : 'background work going on'}`, async () => {
      const whole = await runScript(Number.POSITIVE_INFINITY, moment, quiet);
      const { calls: callCount } = whole.point;
      expect(callCount).toBeGreaterThan(100);
      await check(whole);
      for (let crashAt = 1; crashAt <= callCount; crashAt++) {
        const run = await runScript(crashAt, moment, quiet);
        const calls = run.point.trace.slice(-4).join(', ');
        try {
          await check(run);
        } catch (cause) {
          throw new Error(`crash ${moment} call ${crashAt} (… ${calls}): ${(cause as Error).message}`, {
            cause,
          });
        }
      }
    }, 300_000);
  }
}
