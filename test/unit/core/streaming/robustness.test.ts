import { beforeAll, expect, test } from 'vitest';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import { SharedArena } from '../../../../src/server/compute/sharedArena.ts';
import { Door, type Fault, failing } from '../../../harness/failingStores.ts';
import { type RoleOptions, type Roles, Storage, startRoles, storesOf } from '../../../harness/roles.ts';
import { SteppingClock } from '../../../harness/steppingClock.ts';
import { Things, things, turns } from '../../../harness/things.ts';

// The first flush would wait for the file system.
beforeAll(() => import('apache-arrow'));

interface World {
  readonly storage: Storage;
  readonly roles: Roles;
  readonly clock: SteppingClock;
  readonly faults: { fault: Fault };
}

const NO_FAULT: Fault = () => undefined;

async function world(options: RoleOptions = {}, storage = new Storage()): Promise<World> {
  const clock = new SteppingClock();
  const faults = { fault: NO_FAULT };
  const stores = failing(storesOf(storage), faults);
  const roles = await startRoles(storage, { stores, clock, ...options });
  return { storage, roles, clock, faults };
}

/** All that needs no time to pass is done. */
const settled = () => turns(60);

async function restarted({ storage, roles }: World, options: RoleOptions = {}): Promise<Things> {
  await roles.streaming.stop();
  storage.wal.crash();
  return Things.reopen((await world(options, storage)).roles);
}

const noSpace: Fault = (call) => {
  if (call === 'object.put')
    throw new ElanusError('Exhausted', 'no space left', { context: { resource: 'disk' } });
};

function retainedRecords({ storage }: World): number {
  return [...storage.wal.channels.values()].reduce((sum, { entries }) => sum + entries.length, 0);
}

test('a flush that found no space is done again after a while by the next write, and by the next flush at once', async () => {
  const here = await world();
  const collection = await Things.create(here.roles);
  await collection.put(things(0, 10, 'a'));
  here.faults.fault = noSpace;
  await collection.flush();
  await settled();
  expect(here.roles.errors).toHaveLength(1);
  expect((await collection.states()).segments[0]!.state).toBe('Sealed');
  expect((await collection.rows()).size).toBe(10);

  here.faults.fault = NO_FAULT;
  await collection.put(things(10, 11, 'a'));
  await settled();
  expect((await collection.states()).segments[0]!.state).toBe('Sealed');
  here.clock.advance(10_000);
  await collection.put(things(11, 12, 'a'));
  await settled();
  expect((await collection.states()).segments.map(({ state }) => state)).toEqual(['Flushed', 'Growing']);

  here.faults.fault = noSpace;
  await collection.flush();
  await settled();
  here.faults.fault = NO_FAULT;
  await collection.flush();
  await settled();
  expect((await collection.states()).segments.map(({ state }) => state)).toEqual(['Flushed', 'Flushed']);
  expect((await collection.rows()).size).toBe(12);
  expect(retainedRecords(here)).toBe(0);
});

test('a hand-over that failed is done again by the next flush', async () => {
  const here = await world();
  const collection = await Things.create(here.roles);
  await collection.put(things(0, 10, 'a'));
  here.faults.fault = (call) => {
    if (call === 'object.getRange') throw new ElanusError('Unavailable', 'no answer');
  };
  await collection.flush();
  await settled();
  expect((await collection.rows()).size).toBe(10);
  here.faults.fault = NO_FAULT;
  await collection.flush();
  await settled();
  const { collectionId } = collection.collection;
  const [state] = await here.roles.streaming.shardStates(collectionId);
  expect(await here.roles.query.segmentStates([state!.segments[0]!.segmentId])).toHaveLength(1);
  expect((await collection.rows()).size).toBe(10);
});

test('a shard with segments in 120 partitions is flushed, compacted, truncated and recovered', async () => {
  const here = await world();
  const names = Array.from({ length: 120 }, (_, i) => `p${i}`);
  const collection = await Things.create(here.roles, { partitions: names });
  for (let round = 0; round < 2; round++) {
    for (const [i, name] of names.entries())
      await collection.put(things(i * 10 + round, i * 10 + round + 2, 'a'), name);
    await collection.flush();
    await settled();
  }
  expect(here.roles.errors).toEqual([]);
  expect((await collection.states()).segments.every(({ state }) => state === 'Flushed')).toBe(true);
  await collection.compact();
  await settled();
  await settled();
  expect((await collection.states()).segments).toHaveLength(120);
  expect((await collection.rows()).size).toBe(360);
  const again = await restarted(here);
  expect((await again.rows()).size).toBe(360);
  await again.truncate();
  await settled();
  expect(await again.rows()).toEqual(new Map());
  expect(await here.storage.objects.list('segments/')).toEqual([]);
  expect(again.roles.errors).toEqual([]);
});

test('writes to many partitions at once, among which the ids run out, all get segments', async () => {
  const here = await world();
  const names = Array.from({ length: 70 }, (_, i) => `p${i}`);
  const collection = await Things.create(here.roles, { partitions: names });
  const writes = [1, 70, 3, 64, 1, 70, 20, 1, 66].map((partitions, write) =>
    here.roles.streaming.write({
      ...collection.request(),
      deleteKeys: undefined,
      deletePartitionIds: undefined,
      inserts: names.slice(0, partitions).map((name, i) => ({
        partitionId: collection.partitionId(name),
        batch: collection.batch(things(write * 100 + i, write * 100 + i + 1, 'x')),
      })),
    }),
  );
  await Promise.all(writes);
  expect((await collection.rows()).size).toBe(296);
  expect((await (await restarted(here)).rows()).size).toBe(296);
});

test('a collection dropped while a write is under way leaves no memory and holds no log back', async () => {
  const here = await world();
  const door = new Door();
  const other = await Things.create(here.roles, { name: 'other' });
  await other.put(things(0, 1, 'o'));
  const baseline = here.roles.arena.stats().allocatedBytes;
  // Four channels for collections in turn: one of these shares the channel of the first.
  for (let round = 0; round < 4; round++) {
    const collection = await Things.create(here.roles, { name: `dropped${round}` });
    await collection.put(things(0, 5, 'a'));
    door.shut();
    here.faults.fault = (call) => (call === 'wal.append' ? door.pass() : undefined);
    const late = collection.put(things(5, 9, 'b'), '_default');
    await turns(3);
    expect(door.waiting).toBe(1);
    await collection.drop();
    door.open();
    await late;
    here.faults.fault = NO_FAULT;
    await settled();
  }
  expect(here.roles.arena.stats().allocatedBytes).toBe(baseline);
  expect(here.roles.errors).toEqual([]);
  await other.flush();
  await settled();
  const { pchannel } = other.collection.vchannels[0]!;
  expect(here.storage.wal.channels.get(pchannel)!.entries).toEqual([]);
});

test('a small shard that holds the log back is flushed when the log has grown', async () => {
  const here = await world({ settings: { walRetainedBytesMax: 40_000 } });
  const collections = [];
  for (let i = 0; i < 5; i++) collections.push(await Things.create(here.roles, { name: `c${i}` }));
  const [first, ...others] = collections;
  const { pchannel } = first!.collection.vchannels[0]!;
  const second = others.find(({ collection }) => collection.vchannels[0]!.pchannel === pchannel)!;
  await first!.put(things(0, 3, 'small'));
  let mostBytes = 0;
  for (let i = 0; i < 60; i++) {
    await second.put(things(i * 20, i * 20 + 20, 'large'));
    await settled();
    const { entries } = here.storage.wal.channels.get(pchannel)!;
    mostBytes = Math.max(
      mostBytes,
      entries.reduce((sum, { record }) => sum + record.length, 0),
    );
  }
  expect((await first!.states()).segments[0]!.state).toBe('Flushed');
  expect(mostBytes).toBeLessThan(45_000);
  expect((await second.rows()).size).toBe(1_200);
  expect(here.roles.errors).toEqual([]);
});

test('an insert beyond the memory limit is refused before it is logged; deletes, reads, flushes and a restart go on', async () => {
  const bytesMax = 700_000;
  const here = await world({ arena: new SharedArena({ bytesMax }) });
  const collection = await Things.create(here.roles, { dim: 64, load: false });
  let next = 0;
  const fill = async (): Promise<unknown> => {
    for (;;) {
      try {
        await Promise.all(
          [0, 1, 2].map((i) => collection.put(things(next + i * 20, next + i * 20 + 20, 'x'.repeat(100)))),
        );
        next += 60;
      } catch (error) {
        return error;
      }
    }
  };
  expect(await fill()).toMatchObject({ kind: 'Exhausted', context: { resource: 'memory' } });
  await settled();
  const records = retainedRecords(here);
  await expect(collection.put(things(100_000, 101_000, 'y'))).rejects.toMatchObject({ kind: 'Exhausted' });
  expect(retainedRecords(here)).toBe(records);
  await collection.remove([0]);
  const rowsBefore = (await collection.states()).segments.reduce(
    (sum, { visibleRows }) => sum + visibleRows,
    0,
  );
  expect(rowsBefore).toBeGreaterThanOrEqual(next - 1);

  // Not loaded: once flushed the rows need no memory.
  await collection.flush();
  await settled();
  expect(here.roles.errors).toEqual([]);
  expect(here.roles.arena.stats().allocatedBytes).toBeLessThan(bytesMax / 4);
  await collection.put(things(50_000, 50_010, 'after'));
  const again = await restarted(here);
  await again.load();
  await settled();
  expect((await again.rows()).size).toBe(rowsBefore + 10);
});

test('a write that fails gives the memory of its new segment back', async () => {
  const here = await world();
  const collection = await Things.create(here.roles);
  const baseline = here.roles.arena.stats().allocatedBytes;
  here.faults.fault = (call) => {
    if (call === 'wal.append')
      throw new ElanusError('Exhausted', 'no space left', { context: { resource: 'disk' } });
  };
  await expect(collection.put(things(0, 10, 'a'))).rejects.toMatchObject({ kind: 'Exhausted' });
  await settled();
  expect(here.roles.arena.stats().allocatedBytes).toBe(baseline);
  here.faults.fault = NO_FAULT;
  await collection.put(things(0, 10, 'a'));
  expect((await collection.rows()).size).toBe(10);
});

test('a segment grows on in another arena when its own is full', async () => {
  const arena = new SharedArena({ bytesMax: 2 ** 30, arenaBytesMax: 2 ** 20, roomBytes: 2 ** 19 });
  const here = await world({ arena });
  const collection = await Things.create(here.roles, { dim: 64 });
  for (let i = 0; i < 100; i++) await collection.put(things(i * 100, i * 100 + 100, 'x'));
  expect(arena.stats().arenas).toBeGreaterThan(2);
  expect((await collection.rows()).size).toBe(10_000);
  expect(await collection.search(Array(64).fill(0), 3)).toHaveLength(3);
  expect(here.roles.errors).toEqual([]);
});

const HNSW = { graph: 'hnsw', indexRowsMin: 50 };

test('a damaged index file costs no rows: they are scanned, and the graph is built again', async () => {
  const here = await world(HNSW);
  const collection = await Things.create(here.roles, { indexType: 'HNSW' });
  await collection.put(things(0, 200, 'a'));
  await collection.flush();
  await settled();
  const files = (await here.storage.objects.list('segments/')).filter(({ key }) => key.includes('index-'));
  expect(files).toHaveLength(1);
  await here.storage.objects.put(files[0]!.key, new Uint8Array(files[0]!.bytes));
  const again = await restarted(here, HNSW);
  expect(await again.search([7, 0, 0, 0], 3, false)).toMatchObject([
    { key: 7, score: 0 },
    { key: 6, score: -1 },
    { key: 8, score: -1 },
  ]);
  await settled();
  const { segments, loadError } = await again.states();
  expect(loadError).toBeUndefined();
  expect(segments[0]!.indexes[0]!.indexedRows).toBe(200);
  expect(again.roles.errors).toMatchObject([
    { message: 'a saved index cannot be used', file: files[0]!.key },
  ]);
});

test('an index build that fails leaves the shard served, and is tried again later', async () => {
  const here = await world(HNSW);
  const { compute } = here.roles;
  const run = compute.run.bind(compute);
  let broken = true;
  compute.run = (name, input, options) =>
    broken && name === 'index.append'
      ? Promise.reject(new ElanusError('Internal', 'worker thread ended'))
      : run(name, input, options);
  const collection = await Things.create(here.roles, { indexType: 'HNSW' });
  await collection.put(things(0, 2_000, 'a'));
  await settled();
  expect(here.roles.errors.length).toBeGreaterThan(0);
  expect((await collection.search([7, 0, 0, 0], 1, false))[0]!.key).toBe(7);
  const failures = here.roles.errors.length;
  for (let i = 0; i < 20; i++) await collection.states();
  await settled();
  expect(here.roles.errors.length).toBe(failures);
  broken = false;
  here.clock.advance(10_000);
  await collection.states();
  await settled();
  expect((await collection.states()).segments[0]!.indexes[0]!.indexedRows).toBe(2_000);
});

test('an index is built of flushed segments of a collection that is not loaded', async () => {
  const here = await world(HNSW);
  const collection = await Things.create(here.roles, { indexType: 'FLAT', load: false });
  await collection.put(things(0, 300, 'a'));
  await collection.flush();
  await settled();
  const target = { databaseName: 'default', collection: 'things' };
  await here.roles.coordinator.dropIndex({
    requestId: 'd',
    ...target,
    indexName: 'vector',
    fieldName: 'vector',
  });
  await here.roles.coordinator.createIndex({
    requestId: 'c',
    ...target,
    fieldName: 'vector',
    indexName: 'graph',
    params: [
      { key: 'index_type', value: 'HNSW' },
      { key: 'metric_type', value: 'L2' },
    ],
  });
  await settled();
  expect((await collection.states()).segments[0]!.indexes[0]!.indexedRows).toBe(300);
  expect(here.roles.arena.stats().allocatedBytes).toBeLessThan(200_000);
});

test('what was released is not read, and not loaded again by a late read', async () => {
  const here = await world();
  const collection = await Things.create(here.roles);
  await collection.put(things(0, 10, 'a'));
  await collection.flush();
  await settled();
  const baseline = here.roles.arena.stats().allocatedBytes;
  await collection.release();
  await settled();
  expect(here.roles.arena.stats().allocatedBytes).toBeLessThan(baseline);
  const released = here.roles.arena.stats().allocatedBytes;
  await expect(collection.rows()).rejects.toMatchObject({ kind: 'NotLoaded', subject: 'collection' });
  await expect(collection.search([0, 0, 0, 0], 1)).rejects.toMatchObject({ kind: 'NotLoaded' });
  await settled();
  expect(here.roles.arena.stats().allocatedBytes).toBe(released);
});

test('released or loaded while it is being loaded or compacted, it ends as was asked last', async () => {
  const here = await world({ graph: 'hnsw', indexRowsMin: 10, settings: { snapshotRetentionMs: 0 } });
  const door = new Door();
  const collection = await Things.create(here.roles, { indexType: 'HNSW' });
  const segmentIds = async () => (await collection.states()).segments.map(({ segmentId }) => segmentId);
  for (let round = 0; round < 3; round++) {
    await collection.put(things(round * 10, round * 10 + 15, 'a'));
    await collection.flush();
    await settled();
  }
  await collection.release();
  await settled();
  const baseline = here.roles.arena.stats().allocatedBytes;
  for (const last of ['release', 'load', 'release', 'load'] as const) {
    door.shut();
    here.faults.fault = (call) => (call === 'object.getRange' ? door.pass() : undefined);
    const loads = collection.load();
    const compacts = collection.compact();
    await turns(5);
    const changes = last === 'release' ? collection.release() : collection.load();
    await turns(5);
    door.open();
    await Promise.all([loads, compacts, changes]);
    here.faults.fault = NO_FAULT;
    await settled();
    const served = await here.roles.query.segmentStates(await segmentIds());
    const state = await collection.states();
    if (last === 'release') {
      expect(served).toEqual([]);
      expect(here.roles.arena.stats().allocatedBytes).toBe(baseline);
    } else {
      expect(state.segmentsLoaded).toBe(state.segmentsToLoad);
      expect((await collection.rows()).size).toBe(35);
    }
  }
  expect(here.roles.errors).toEqual([]);
});

test('compaction keeps rows that a snapshot may show, and refuses snapshots whose rows are gone', async () => {
  const retentionMs = 100_000;
  const here = await world({ settings: { snapshotRetentionMs: retentionMs } });
  const collection = await Things.create(here.roles);
  const full = await collection.put(things(0, 20, 'a'));
  await collection.flush();
  await settled();
  here.clock.advance(10);
  const fewer = await collection.remove(Array.from({ length: 8 }, (_, i) => i));
  await collection.put(things(20, 22, 'b'));
  await collection.flush();
  await settled();
  await collection.compact();
  await settled();
  expect((await collection.states()).segments).toMatchObject([{ rows: 22, visibleRows: 14 }]);
  expect((await collection.rows(full)).size).toBe(20);
  expect(await collection.count(full)).toBe(20);
  expect((await collection.rows(fewer)).size).toBe(12);

  here.clock.advance(retentionMs + 1_000);
  await collection.remove([19]);
  await collection.flush();
  await settled();
  await collection.compact();
  await settled();
  expect((await collection.states()).segments).toMatchObject([{ rows: 14, visibleRows: 13 }]);
  for (const read of [collection.rows(full), collection.count(full)])
    await expect(read).rejects.toMatchObject({ kind: 'Invalid', context: { snapshot: full, oldest: fewer } });
  expect((await collection.rows(fewer)).size).toBe(12);
  expect((await collection.rows()).size).toBe(13);

  // Nothing is left of the segment, and still it is known that something was there.
  await collection.remove(Array.from({ length: 22 }, (_, i) => i));
  here.clock.advance(retentionMs + 1_000);
  await collection.flush();
  await settled();
  await collection.compact();
  await settled();
  expect((await collection.states()).segments).toEqual([]);
  await expect(collection.rows(fewer)).rejects.toMatchObject({ kind: 'Invalid' });
  expect(await collection.rows()).toEqual(new Map());
  expect(here.roles.errors).toEqual([]);
});

test('marks saved while an index file is added, and the other way round, are both in the entry', async () => {
  const here = await world(HNSW);
  const collection = await Things.create(here.roles, { indexType: 'FLAT', load: false });
  await collection.put(things(0, 100, 'a'));
  await collection.flush();
  await settled();
  const target = { databaseName: 'default', collection: 'things' };
  await here.roles.coordinator.dropIndex({
    requestId: 'd',
    ...target,
    indexName: 'vector',
    fieldName: 'vector',
  });
  await collection.remove([1, 2]);
  await collection.flush();
  await settled();
  const [index, entry] = [new Door(), new Door()];
  index.shut();
  entry.shut();
  here.faults.fault = (call, key) => {
    if (call === 'object.put' && key.includes('index-')) return index.pass();
    return call === 'meta.txn' && index.waiting > 0 && entry.waiting === 0 ? entry.pass() : undefined;
  };
  await here.roles.coordinator.createIndex({
    requestId: 'c',
    ...target,
    fieldName: 'vector',
    indexName: 'graph',
    params: [
      { key: 'index_type', value: 'HNSW' },
      { key: 'metric_type', value: 'L2' },
    ],
  });
  await settled();
  expect(index.waiting).toBe(1);
  await collection.remove([3]);
  await collection.flush();
  await settled();
  expect(entry.waiting).toBe(1);
  here.faults.fault = NO_FAULT;
  index.open();
  await settled();
  entry.open();
  await settled();
  expect(here.roles.errors).toEqual([]);
  const again = await restarted(here, HNSW);
  await again.load();
  await settled();
  expect((await again.rows()).size).toBe(97);
  expect((await again.states()).segments[0]!.indexes[0]!.indexedRows).toBe(100);
  expect(again.roles.errors).toEqual([]);
});
