import { describe, expect, test } from 'vitest';
import { metaStoreConformance } from '../../conformance/storage/meta/kit.ts';
import { objectStoreConformance } from '../../conformance/storage/object/kit.ts';
import type { MetaStore } from '../../src/core/ports/metaStore.ts';
import type { ObjectStore } from '../../src/core/ports/objectStore.ts';
import { ManualClock } from '../../src/plugins/memory/manualClock.ts';
import { MemoryMetaStore } from '../../src/plugins/memory/memoryMetaStore.ts';
import { MemoryObjectStore } from '../../src/plugins/memory/memoryObjectStore.ts';
import { SeededRandom } from '../../src/plugins/memory/seededRandom.ts';

/** A kit is worth what it refuses: each store here lacks one safety mechanism, and must turn its kit red. */
const capabilities = { durable: false, sharedByProcesses: false };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const BROKEN_META: Readonly<Record<string, (store: MetaStore) => Partial<MetaStore>>> = {
  'compares before it takes its turn': (store) => ({
    async txn(compares, operations) {
      const entries = await Promise.all(compares.map(({ key }) => store.get(key)));
      const holds = compares.every(({ revision }, i) => (entries[i]?.revision ?? 0n) === revision);
      await turn();
      return store.txn(holds ? [] : compares, operations);
    },
  }),
  'applies a txn in two steps': (store) => ({
    async txn(compares, operations) {
      const first = await store.txn(compares, operations.slice(0, 1));
      if (!first.succeeded || operations.length < 2) return first;
      await turn();
      return store.txn([], operations.slice(1));
    },
  }),
  'reads from a copy that lags': (store) => {
    const copies = new Map<string, Awaited<ReturnType<MetaStore['get']>>>();
    return {
      async get(key) {
        const lagging = copies.get(key) ?? (await store.get(key));
        copies.set(key, await store.get(key));
        return lagging;
      },
    };
  },
  'answers a page more than once': (store) => ({
    range: (prefix, options = {}) =>
      store.range(prefix, options.limit === undefined ? {} : { limit: options.limit }),
  }),
  'sorts by UTF-16': (store) => ({
    range: async (prefix, options) =>
      [...(await store.range(prefix, options))].sort((a, b) => (a.key < b.key ? -1 : 1)),
  }),
  'never ends a lease': (store) => ({
    async lease(ttlMs) {
      return { ...(await store.lease(ttlMs)), release: async () => undefined };
    },
  }),
  'hands out its own bytes': (store) => {
    const values = new Map<bigint, Uint8Array>();
    return {
      async get(key) {
        const entry = await store.get(key);
        if (entry === undefined) return undefined;
        if (!values.has(entry.revision)) values.set(entry.revision, entry.value);
        return { ...entry, value: values.get(entry.revision)! };
      },
    };
  },
  'forgets to check the sum of a txn': (store) => ({
    async txn(compares, operations) {
      if (operations.length < 17) {
        for (const operation of operations.slice(1)) await store.txn(compares, [operation]);
        return store.txn(compares, operations.slice(0, 1));
      }
      return store.txn(compares, operations);
    },
  }),
};

const BROKEN_OBJECTS: Readonly<Record<string, (store: ObjectStore) => Partial<ObjectStore>>> = {
  'checks for absence, then puts': (store) => ({
    async putIfAbsent(key, bytes) {
      const [found] = await store.list(key, { limit: 1 });
      await turn();
      return found?.key === key ? store.putIfAbsent(key, bytes) : store.put(key, bytes);
    },
  }),
  'compares the version, then puts': (store) => ({
    async putIfMatch(key, bytes, version) {
      const [found] = await store.list(key, { limit: 1 });
      await turn();
      return found?.version === version ? store.put(key, bytes) : store.putIfMatch(key, bytes, version);
    },
  }),
  'lists a page from its first key again': (store) => ({
    list: (prefix, options = {}) =>
      store.list(prefix, options.limit === undefined ? {} : { limit: options.limit }),
  }),
  'reads short ranges without a word': (store) => ({
    async getRange(key, offset, length, into) {
      const { bytes } = await store.head(key);
      return store.getRange(
        key,
        Math.min(offset, bytes),
        Math.max(0, Math.min(length, bytes - offset)),
        into,
      );
    },
  }),
  'fails to delete what is absent': (store) => ({
    async delete(key) {
      await store.head(key);
      return store.delete(key);
    },
  }),
  'calls every version the same': (store) => ({
    async put(key, bytes) {
      await store.put(key, bytes);
      return 'v';
    },
  }),
};

describe('metaStoreConformance refuses a store that', () => {
  for (const [name, breakIt] of Object.entries(BROKEN_META)) {
    test(name, async () => {
      const open = async () => {
        const store = new MemoryMetaStore({ clock: new ManualClock(), random: new SeededRandom(1) });
        return { store: overlay<MetaStore>(store, breakIt(store)), dispose: () => store.close() };
      };
      expect(await firstFailure(metaStoreConformance({ capabilities, open }))).toBeDefined();
    });
  }
});

describe('objectStoreConformance refuses a store that', () => {
  for (const [name, breakIt] of Object.entries(BROKEN_OBJECTS)) {
    test(name, async () => {
      const open = async () => {
        const store = new MemoryObjectStore({ clock: new ManualClock() });
        return { store: overlay<ObjectStore>(store, breakIt(store)), dispose: () => store.close() };
      };
      expect(
        await firstFailure(objectStoreConformance({ capabilities, open }, { largeBytes: 1_000 })),
      ).toBeDefined();
    });
  }
});

/** `store` with some of its methods replaced. */
function overlay<Store extends object>(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      const replaced: unknown = Reflect.get(methods, name);
      if (replaced !== undefined) return replaced;
      const method: unknown = Reflect.get(target, name);
      return typeof method === 'function' ? method.bind(target) : method;
    },
  });
}

async function firstFailure(
  cases: readonly { name: string; run(): Promise<void> }[],
): Promise<string | undefined> {
  for (const { name, run } of cases) {
    try {
      await run();
    } catch (caught) {
      return `${name}: ${String(caught)}`;
    }
  }
  return undefined;
}
