import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { failing } from '../../../harness/failingStores.ts';
import { type RoleOptions, type Roles, Storage, startRoles, storesOf } from '../../../harness/roles.ts';
import { Things, things, turns } from '../../../harness/things.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of the heap and of array buffers that are in use. */
function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

interface World {
  readonly storage: Storage;
  readonly roles: Roles;
  readonly calls: () => number;
}

async function world(options: RoleOptions = {}): Promise<World> {
  const storage = new Storage();
  let calls = 0;
  const stores = failing(storesOf(storage), { fault: () => void calls++ });
  const roles = await startRoles(storage, { stores, ...options });
  const run = roles.compute.run.bind(roles.compute);
  roles.compute.run = (name, input, runOptions) => {
    calls++;
    return run(name, input, runOptions);
  };
  return { storage, roles, calls: () => calls };
}

/** Heap in use without the log, which the stores of this test keep in memory and which lies on a disk elsewhere. */
function heapWithoutLog({ storage }: World): number {
  const log = [...storage.wal.channels.values()].flatMap(({ entries }) => entries);
  return heapBytes() - log.reduce((sum, { record }) => sum + record.length, 0);
}

/** Nothing called a store or a thread for some turns of the event loop. */
async function quiet({ calls }: World): Promise<void> {
  for (let before = -1; before !== calls(); ) {
    before = calls();
    await turns(20);
  }
}

const GRAPH = { graph: 'hnsw', indexRowsMin: 100 } as const;

test('loading and releasing 200 times leaves no memory', async () => {
  const here = await world(GRAPH);
  const collection = await Things.create(here.roles, { indexType: 'HNSW', dim: 32 });
  for (let i = 0; i < 3; i++) {
    await collection.put(things(i * 400, i * 400 + 400, 'x'));
    await collection.flush();
    await quiet(here);
  }
  const allocated = () => here.roles.arena.stats().allocatedBytes;
  let releasedBytes = 0;
  let loadedBytes = 0;
  let heapBefore = 0;
  let reservedBefore = 0;
  for (let i = 0; i < 200; i++) {
    await collection.release();
    await quiet(here);
    if (i === 20) heapBefore = heapWithoutLog(here);
    if (i === 20) reservedBefore = here.roles.arena.stats().reservedBytes;
    if (i === 2) releasedBytes = allocated();
    if (i > 2) expect(allocated()).toBe(releasedBytes);
    await collection.load();
    expect(await collection.search(Array(32).fill(0), 1, i % 2 === 0)).toHaveLength(1);
    await quiet(here);
    if (i === 2) loadedBytes = allocated();
    if (i > 2) expect(allocated()).toBe(loadedBytes);
  }
  expect(loadedBytes).toBeGreaterThan(releasedBytes + 1_200 * 32 * 4);
  expect(here.roles.arena.stats().reservedBytes).toBe(reservedBefore);
  expect(heapWithoutLog(here) - heapBefore).toBeLessThan(4e6);
  expect(here.roles.errors).toEqual([]);
});

test('creating, filling, flushing and dropping 200 collections leaves nothing', async () => {
  const here = await world(GRAPH);
  let baseline = 0;
  let heapBefore = 0;
  let residentBefore = 0;
  for (let i = 0; i < 200; i++) {
    const collection = await Things.create(here.roles, { indexType: 'HNSW', dim: 32, name: `c${i}` });
    await collection.put(things(0, 400, 'x'));
    await collection.flush();
    if (i % 2 === 0) await quiet(here);
    await collection.put(things(200, 600, 'y'));
    await collection.search(Array(32).fill(0), 1);
    await collection.drop();
    await quiet(here);
    if (i === 20) {
      baseline = here.roles.arena.stats().allocatedBytes;
      heapBefore = heapWithoutLog(here);
      residentBefore = process.memoryUsage.rss();
    }
    if (i > 20) expect(here.roles.arena.stats().allocatedBytes).toBe(baseline);
  }
  expect(heapWithoutLog(here) - heapBefore).toBeLessThan(4e6);
  expect(process.memoryUsage.rss() - residentBefore).toBeLessThan(60e6);
  expect(await here.storage.objects.list('segments/')).toEqual([]);
  expect(here.roles.errors).toEqual([]);
});

test('1,000 small collections cost at most 100 KB each, in memory and loaded from files alike', async () => {
  const here = await world();
  const count = 1_000;
  await Things.create(here.roles, { name: 'warm' });
  const arenaBefore = here.roles.arena.stats().allocatedBytes;
  const heapBefore = heapBytes();
  const names = Array.from({ length: count }, (_, i) => `c${i}`);
  for (const name of names) {
    const collection = await Things.create(here.roles, { name, dim: 64 });
    await collection.put(things(0, 100, 'x'));
  }
  const bytesEach = () => {
    const arena = here.roles.arena.stats().allocatedBytes - arenaBefore;
    // What the stores of this test keep in memory lies on a disk elsewhere.
    const log = [...here.storage.wal.channels.values()].flatMap(({ entries }) => entries);
    const logged = log.reduce((sum, { record }) => sum + record.length, 0);
    return { arena: arena / count, heap: (heapBytes() - heapBefore - logged) / count };
  };
  const growing = bytesEach();
  for (const name of names) await (await Things.reopen(here.roles, name)).flush();
  await quiet(here);
  let stored = 0;
  for (let afterKey = ''; ; ) {
    const page = await here.storage.objects.list('segments/', { afterKey });
    if (page.length === 0) break;
    afterKey = page.at(-1)!.key;
    for (const { bytes } of page) stored += bytes;
  }
  const flushed = bytesEach();
  const rounded = ({ arena, heap }: typeof growing) =>
    `${Math.round(arena)} B shared, ${Math.round(heap)} B heap`;
  const sealed = { arena: flushed.arena, heap: flushed.heap - stored / count };
  console.log(`growing: ${rounded(growing)}; loaded: ${rounded(sealed)}`);
  for (const each of [growing, sealed]) expect(each.arena + each.heap).toBeLessThan(100_000);
  expect(here.roles.errors).toEqual([]);
});

test('nothing runs when nothing is asked for', async () => {
  const here = await world({ ...GRAPH, threads: 1 });
  const collection = await Things.create(here.roles, { indexType: 'HNSW', dim: 32 });
  await collection.put(things(0, 2_000, 'x'));
  await collection.flush();
  await collection.put(things(1_000, 3_000, 'y'));
  await collection.search(Array(32).fill(0), 1, false);
  for (;;) {
    const { segments } = await collection.states();
    if (segments.every(({ rows, indexes }) => indexes[0]!.indexedRows === rows)) break;
    await turns(20);
  }
  await quiet(here);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const calls = here.calls();
  const cpuBefore = process.cpuUsage();
  expect(process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout')).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(here.calls()).toBe(calls);
  const { user, system } = process.cpuUsage(cpuBefore);
  expect(user + system).toBeLessThan(300_000);
  await here.roles.streaming.stop();
  await here.roles.compute.close();
});
