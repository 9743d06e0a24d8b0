import { expect, test } from 'vitest';
import { pluginDeps } from '../../../conformance/storage/pluginDeps.ts';
import { layeredMetaStore } from '../../../src/core/layers/layeredMetaStore.ts';
import { layeredObjectStore } from '../../../src/core/layers/layeredObjectStore.ts';
import { layeredWal } from '../../../src/core/layers/layeredWal.ts';
import { timeLimit } from '../../../src/core/layers/timeLimit.ts';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import type { Wal } from '../../../src/core/ports/wal.ts';
import { ManualClock } from '../../../src/plugins/memory/manualClock.ts';
import { MemoryMetaStore } from '../../../src/plugins/memory/memoryMetaStore.ts';
import { MemoryObjectStore } from '../../../src/plugins/memory/memoryObjectStore.ts';
import { MemoryWal, MemoryWalStorage } from '../../../src/plugins/memory/memoryWal.ts';
import { SeededRandom } from '../../../src/plugins/memory/seededRandom.ts';
import { overlay } from './overlay.ts';

const TIMEOUT_MS = 1_000;

/** A layer on a clock that stands still, and a door that calls wait at. */
function limited() {
  const clock = new ManualClock();
  const door = Promise.withResolvers<void>();
  return { clock, door, layer: timeLimit({ timeoutMs: TIMEOUT_MS }, { clock, logger: pluginDeps.logger }) };
}

test('time limit: a call that ends in time → its result or error, and no clock runs on', async () => {
  const { clock, layer } = limited();
  const store = layeredObjectStore(new MemoryObjectStore({ clock }), layer);
  await store.put('a', Uint8Array.of(1, 2));
  expect((await store.get('a')).bytes).toBe(2);
  await expect(store.get('b')).rejects.toMatchObject({ kind: 'NotFound' });
  expect(clock.sleeping).toBe(0);
});

test('time limit: a read that hangs → Timeout; what it reads later stays out of the caller buffer', async () => {
  const { clock, door, layer } = limited();
  const inner = new MemoryObjectStore({ clock });
  await inner.put('a', Uint8Array.of(7, 7));
  const done = Promise.withResolvers<void>();
  const hanging = overlay<ObjectStore>(inner, {
    async getRange(key, offset, length, into) {
      await door.promise;
      await inner.getRange(key, offset, length, into);
      done.resolve();
    },
  });
  const into = new Uint8Array(2);
  const reading = expect(layeredObjectStore(hanging, layer).getRange('a', 0, 2, into)).rejects.toMatchObject({
    kind: 'Timeout',
    context: { operation: 'getRange', timeoutMs: TIMEOUT_MS },
  });
  await clock.advance(TIMEOUT_MS);
  await reading;
  door.resolve();
  await done.promise;
  expect([...into]).toEqual([0, 0]);
});

test('time limit: a write that hangs → Unknown; the store writes what was given, whatever the caller does then', async () => {
  const { clock, door, layer } = limited();
  const inner = new MemoryObjectStore({ clock });
  const done = Promise.withResolvers<void>();
  const hanging = overlay<ObjectStore>(inner, {
    async put(key, bytes) {
      await door.promise;
      const version = await inner.put(key, bytes);
      done.resolve();
      return version;
    },
  });
  const bytes = Uint8Array.of(1, 2, 3);
  const writing = expect(layeredObjectStore(hanging, layer).put('a', bytes)).rejects.toMatchObject({
    kind: 'Unknown',
  });
  await clock.advance(TIMEOUT_MS);
  await writing;
  bytes.fill(0);
  door.resolve();
  await done.promise;
  expect([...(await inner.get('a')).content]).toEqual([1, 2, 3]);
});

test('time limit: a lease that comes too late → released', async () => {
  const { clock, door, layer } = limited();
  const inner = new MemoryMetaStore({ clock, random: new SeededRandom(1) });
  const released = Promise.withResolvers<string>();
  const hanging = overlay<MetaStore>(inner, {
    async lease(ttlMs) {
      await door.promise;
      const lease = await inner.lease(ttlMs);
      return {
        ...lease,
        release: async () => {
          await lease.release();
          released.resolve(lease.leaseId);
        },
      };
    },
  });
  const leasing = expect(layeredMetaStore(hanging, layer).lease(5_000)).rejects.toMatchObject({
    kind: 'Unknown',
  });
  await clock.advance(TIMEOUT_MS);
  await leasing;
  door.resolve();
  const leaseId = await released.promise;
  await expect(
    inner.txn([], [{ op: 'put', key: 'a', value: new Uint8Array(0), leaseId }]),
  ).rejects.toMatchObject({ kind: 'NotFound' });
});

test('time limit: an append that hangs → Unknown, so are those behind it, and the writer is dead', async () => {
  const { clock, door, layer } = limited();
  const inner = new MemoryWal(new MemoryWalStorage());
  const hanging = overlay<Wal>(inner, {
    async open(channel, term) {
      const writer = await inner.open(channel, term);
      return overlay(writer, {
        append: async (record: Uint8Array) => {
          await door.promise;
          return writer.append(record);
        },
      });
    },
  });
  const writer = await layeredWal(hanging, layer).open('a', 1);
  const first = expect(writer.append(Uint8Array.of(1))).rejects.toMatchObject({ kind: 'Unknown' });
  await clock.advance(TIMEOUT_MS - 1);
  const second = expect(writer.append(Uint8Array.of(2))).rejects.toMatchObject({ kind: 'Unknown' });
  await clock.advance(1);
  await first;
  door.resolve();
  await second;
  await expect(writer.append(Uint8Array.of(3))).rejects.toMatchObject({ kind: 'Closed' });
  await inner.close();
});

test('time limit: a log that opens too late → its writer is closed', async () => {
  const { clock, door, layer } = limited();
  const inner = new MemoryWal(new MemoryWalStorage());
  const closed = Promise.withResolvers<void>();
  const hanging = overlay<Wal>(inner, {
    async open(channel, term) {
      await door.promise;
      const writer = await inner.open(channel, term);
      return overlay(writer, { close: async () => closed.resolve() });
    },
  });
  const opening = expect(layeredWal(hanging, layer).open('a', 1)).rejects.toMatchObject({ kind: 'Unknown' });
  await clock.advance(TIMEOUT_MS);
  await opening;
  door.resolve();
  await closed.promise;
});
