import { expect, test } from 'vitest';
import { ElanusError, type ErrorKind } from '../../../src/core/domain/errors.ts';
import { layeredObjectStore } from '../../../src/core/layers/layeredObjectStore.ts';
import { layeredWal } from '../../../src/core/layers/layeredWal.ts';
import { retry } from '../../../src/core/layers/retry.ts';
import type { Clock } from '../../../src/core/ports/clock.ts';
import type { Wal } from '../../../src/core/ports/wal.ts';
import { MemoryObjectStore } from '../../../src/plugins/memory/memoryObjectStore.ts';
import { MemoryWal, MemoryWalStorage } from '../../../src/plugins/memory/memoryWal.ts';
import { SeededRandom } from '../../../src/plugins/memory/seededRandom.ts';
import { SystemClock } from '../../../src/server/system/systemClock.ts';
import { overlay } from './overlay.ts';

/** Writes down how long a sleep would be. */
class NotedClock extends SystemClock implements Clock {
  readonly sleepsMs: number[] = [];

  override async sleep(delayMs: number): Promise<void> {
    this.sleepsMs.push(delayMs);
  }
}

function failing(kinds: readonly ErrorKind[], retriesMax = 5) {
  const clock = new NotedClock();
  const inner = new MemoryObjectStore({ clock });
  let calls = 0;
  const fail = async (): Promise<void> => {
    const kind = kinds[calls++];
    if (kind !== undefined) throw new ElanusError(kind, 'planted');
  };
  const store = overlay(inner, {
    put: async (key, bytes) => {
      await fail();
      return inner.put(key, bytes);
    },
    get: async (key) => {
      await fail();
      return inner.get(key);
    },
  });
  const layer = retry({ retriesMax }, { clock, random: new SeededRandom(1) });
  return { store: layeredObjectStore(store, layer), clock, layer, calls: () => calls };
}

const BYTES = Uint8Array.of(1);

test('retry: Unavailable and Timeout → made again, with delays that double and vary', async () => {
  const { store, clock, calls } = failing(['Unavailable', 'Timeout', 'Unavailable']);
  await store.put('a', BYTES);
  expect(calls()).toBe(4);
  expect(clock.sleepsMs).toHaveLength(3);
  for (const [i, sleepMs] of clock.sleepsMs.entries()) {
    expect(sleepMs).toBeGreaterThanOrEqual(25 * 2 ** i);
    expect(sleepMs).toBeLessThan(50 * 2 ** i);
  }
});

test.for(['Unknown', 'Conflict', 'Invalid', 'Exhausted', 'Corrupt', 'Internal'] as const)(
  'retry: %s → not made again',
  async (kind) => {
    const { store, calls } = failing([kind]);
    await expect(store.put('a', BYTES)).rejects.toMatchObject({ kind });
    expect(calls()).toBe(1);
  },
);

test('retry: an Unknown after an Unavailable → goes to the caller', async () => {
  const { store, calls } = failing(['Unavailable', 'Unknown']);
  await expect(store.put('a', BYTES)).rejects.toMatchObject({ kind: 'Unknown' });
  expect(calls()).toBe(2);
});

test('retry: retriesMax attempts after the first, then the last error', async () => {
  const { store, calls } = failing(Array(10).fill('Unavailable'), 3);
  await expect(store.get('a')).rejects.toMatchObject({ kind: 'Unavailable' });
  expect(calls()).toBe(4);
});

test('retry: a store that is down → all calls together use up one budget, successes fill it again', async () => {
  const { store, calls } = failing([
    ...Array(120).fill('Unavailable'),
    ...Array(20).fill(undefined),
    'Timeout',
  ]);
  for (let i = 0; i < 100; i++) await expect(store.get('a')).rejects.toMatchObject({ kind: 'Unavailable' });
  expect(calls()).toBe(120);
  for (let i = 0; i < 20; i++) await store.put('a', BYTES);
  await store.put('a', BYTES);
  expect(calls()).toBe(142);
});

test('retry: the store closes → no further attempt', async () => {
  const { store, clock, calls } = failing(Array(10).fill('Unavailable'));
  clock.sleep = async () => store.close();
  await expect(store.get('a')).rejects.toMatchObject({ kind: 'Unavailable' });
  expect(calls()).toBe(1);
});

test('retry: a log is opened once and a record appended once, whatever comes', async () => {
  const clock = new NotedClock();
  const inner = new MemoryWal(new MemoryWalStorage());
  let calls = 0;
  const fail = async (): Promise<never> => {
    calls++;
    throw new ElanusError('Unavailable', 'planted');
  };
  const layer = retry({ retriesMax: 5 }, { clock, random: new SeededRandom(1) });
  const unopened = layeredWal(overlay<Wal>(inner, { open: fail }), layer);
  await expect(unopened.open('a', 1)).rejects.toMatchObject({ kind: 'Unavailable' });
  const wal = layeredWal(
    overlay<Wal>(inner, {
      open: async (channel, term) => overlay(await inner.open(channel, term), { append: fail }),
    }),
    layer,
  );
  const writer = await wal.open('a', 1);
  await expect(writer.append(BYTES)).rejects.toMatchObject({ kind: 'Unavailable' });
  expect(calls).toBe(2);
});
