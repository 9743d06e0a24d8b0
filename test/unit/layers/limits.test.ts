import { expect, test } from 'vitest';
import { ElanusError } from '../../../src/core/domain/errors.ts';
import { inFlightLimit } from '../../../src/core/layers/inFlightLimit.ts';
import { layeredObjectStore } from '../../../src/core/layers/layeredObjectStore.ts';
import { measured } from '../../../src/core/layers/measured.ts';
import { RecentEntries } from '../../../src/core/layers/recentEntries.ts';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { ManualClock } from '../../../src/plugins/memory/manualClock.ts';
import { MemoryObjectStore } from '../../../src/plugins/memory/memoryObjectStore.ts';
import { configSchema } from '../../../src/server/config/schema.ts';
import { MetricsRegistry } from '../../../src/server/metrics/metricsRegistry.ts';
import { cacheWanted, layersWanted } from '../../../src/server/wiring/layersWanted.ts';
import { overlay } from './overlay.ts';

test('in-flight limit: never more at work, first come first served, a failure makes room too', async () => {
  const clock = new ManualClock();
  let working = 0;
  let most = 0;
  const order: string[] = [];
  const store = overlay<ObjectStore>(new MemoryObjectStore({ clock }), {
    async put(key) {
      order.push(key);
      most = Math.max(most, ++working);
      await new Promise((resolve) => setImmediate(resolve));
      working--;
      if (key === 'k3') throw new ElanusError('Unavailable', 'planted');
      return key;
    },
  });
  const limited = layeredObjectStore(store, inFlightLimit({ inFlightMax: 3 }));
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
  const results = await Promise.allSettled(keys.map((key) => limited.put(key, new Uint8Array(0))));
  expect(most).toBe(3);
  expect(order).toEqual(keys);
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
});

test('metrics: calls by port and operation, errors by kind', async () => {
  const clock = new ManualClock();
  const metrics = new MetricsRegistry();
  const inner = new MemoryObjectStore({ clock });
  const slow = overlay<ObjectStore>(inner, {
    async head(key) {
      await clock.advance(2_000);
      return inner.head(key);
    },
  });
  const store = layeredObjectStore(slow, measured('objectStore', { clock, metrics }));
  await store.put('a', Uint8Array.of(1));
  await store.head('a');
  await expect(store.head('b')).rejects.toMatchObject({ kind: 'NotFound' });
  const text = metrics.text();
  expect(text).toContain('elanus_store_seconds_count{port="objectStore",operation="put"} 1');
  expect(text).toContain('elanus_store_seconds_sum{port="objectStore",operation="head"} 4');
  expect(text).toContain('elanus_store_errors_total{port="objectStore",operation="head",kind="NotFound"} 1');
});

test('layers: by default none around the built-in stores of this machine, metrics around others', () => {
  const embedded = configSchema.parse({});
  for (const port of ['meta', 'wal', 'objectStore'] as const)
    expect(layersWanted(embedded, port)).toBeUndefined();
  expect(cacheWanted(embedded)).toBe(false);
  const remote = configSchema.parse({
    meta: { plugin: 'my-meta' },
    objectStore: { layers: { retriesMax: 2 } },
  });
  expect(layersWanted(remote, 'meta')).toMatchObject({ metrics: true, retriesMax: 0, timeoutMs: 0 });
  expect(layersWanted(remote, 'objectStore')).toMatchObject({ metrics: false, retriesMax: 2 });
  const off = configSchema.parse({ wal: { plugin: 'my-wal', layers: { metrics: 'off' } } });
  expect(layersWanted(off, 'wal')).toBeUndefined();
});

test('recent entries: what was not used for longest makes room; too large → dropped itself', () => {
  const dropped: string[] = [];
  const entries = new RecentEntries<number>(10, (name) => dropped.push(name));
  for (const [i, name] of ['a', 'b', 'c'].entries()) entries.set(name, i, 3);
  expect(entries.get('a')).toBe(0);
  entries.set('d', 3, 4);
  expect(dropped).toEqual(['b']);
  entries.set('a', 9, 1);
  expect([entries.get('a'), entries.get('b'), entries.get('c')]).toEqual([9, undefined, 2]);
  entries.set('large', 5, 11);
  expect(entries.get('large')).toBeUndefined();
  entries.delete('a');
  expect(entries.get('a')).toBeUndefined();
});
