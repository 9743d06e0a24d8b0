import { metaStoreConformance } from '../../../conformance/storage/meta/kit.ts';
import { checkTxn } from '../../../src/core/ports/metaBounds.ts';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import { ManualClock } from '../../../src/plugins/memory/manualClock.ts';
import { MemoryMetaStore } from '../../../src/plugins/memory/memoryMetaStore.ts';
import { SeededRandom } from '../../../src/plugins/memory/seededRandom.ts';
import { editedPlugin, firstFailureOf, type MutationRow, overlay, turn } from './row.ts';

const BROKEN: Readonly<Record<string, (store: MetaStore) => Partial<MetaStore>>> = {
  'comparing in the turn of the txn': (store) => ({
    async txn(compares, given) {
      checkTxn(compares, given);
      const operations = structuredClone(given);
      const entries = await Promise.all(compares.map(({ key }) => store.get(key)));
      const holds = compares.every(({ revision }, i) => (entries[i]?.revision ?? 0n) === revision);
      await turn();
      return store.txn(holds ? [] : compares, operations);
    },
  }),
  'applying a txn in one step': (store) => ({
    async txn(compares, given) {
      const operations = structuredClone(given);
      const first = await store.txn(compares, operations.slice(0, 1));
      if (!first.succeeded || operations.length < 2) return first;
      await turn();
      return store.txn([], operations.slice(1));
    },
  }),
  'reading the latest state': (store) => {
    const copies = new Map<string, Awaited<ReturnType<MetaStore['get']>>>();
    return {
      async get(key) {
        const lagging = copies.get(key) ?? (await store.get(key));
        copies.set(key, await store.get(key));
        return lagging;
      },
    };
  },
  'going on after afterKey': (store) => ({
    range: (prefix, options = {}) =>
      store.range(prefix, options.limit === undefined ? {} : { limit: options.limit }),
  }),
  'the order of UTF-8': (store) => ({
    range: async (prefix, options) =>
      [...(await store.range(prefix, options))].sort((a, b) => (a.key < b.key ? -1 : 1)),
  }),
  'ending a lease': (store) => ({
    async lease(ttlMs) {
      return { ...(await store.lease(ttlMs)), release: async () => undefined };
    },
  }),
  'copying what it hands out': (store) => {
    const values = new Map<string, Uint8Array>();
    return {
      async get(key) {
        const entry = await store.get(key);
        if (entry === undefined) return undefined;
        const name = `${key} ${entry.revision}`;
        if (!values.has(name)) values.set(name, entry.value);
        return { ...entry, value: values.get(name)! };
      },
    };
  },
};

const EDITS = {
  'comparing revisions': {
    find: 'const holds = wanted.every(({ key, revision }) => this.#revisionOf(batch, key) === revision);',
    replacement: 'const holds = wanted.length >= 0;',
  },
  'comparing with changes of the same commit': {
    find: 'return batch.revisions.get(key) ?? this.#file.revisionOf(key);',
    replacement: 'return batch === undefined ? 0n : this.#file.revisionOf(key);',
  },
  'waiting for the commit': { find: 'await this.#file.commit(', replacement: 'void this.#file.commit(' },
  'deleting what leases left behind': {
    find: 'await store.deleteOrphans(file.leasedKeys());',
    replacement: '',
  },
  'copying what it is given': {
    find: "operation.op === 'put' ? { ...operation, value: new Uint8Array(operation.value) } : operation,",
    replacement: 'operation,',
  },
};

export const META_ROWS: readonly MutationRow[] = [
  ...Object.entries(BROKEN).map(([lacks, breakIt]) => ({
    port: 'meta' as const,
    adapter: 'memory',
    lacks,
    firstFailure: () =>
      firstFailureOf(
        metaStoreConformance({
          capabilities: { durable: false, sharedByProcesses: false },
          async open() {
            const store = new MemoryMetaStore({ clock: new ManualClock(), random: new SeededRandom(1) });
            return { store: overlay<MetaStore>(store, breakIt(store)), dispose: () => store.close() };
          },
        }),
      ),
  })),
  ...editedPlugin('meta', 'src/plugins/meta-embedded', EDITS, { path: '{folder}' }),
];

export const META_WHOLE = editedPlugin(
  'meta',
  'src/plugins/meta-embedded',
  { nothing: undefined },
  { path: '{folder}' },
);
