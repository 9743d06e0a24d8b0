import { objectStoreConformance } from '../../../conformance/storage/object/kit.ts';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { ManualClock } from '../../../src/plugins/memory/manualClock.ts';
import { MemoryObjectStore } from '../../../src/plugins/memory/memoryObjectStore.ts';
import type { Edit } from '../mutants.ts';
import { ON_POWER_LOSS_DISK, powerLossCases } from '../powerLoss/powerLossCases.ts';
import { editedPlugin, firstFailureOf, type MutationRow, mutantRow, overlay, turn } from './row.ts';

const BROKEN: Readonly<Record<string, (store: ObjectStore) => Partial<ObjectStore>>> = {
  'looking and writing in one step (putIfAbsent)': (store) => ({
    async putIfAbsent(key, bytes) {
      const [found] = await store.list(key, { limit: 1 });
      await turn();
      return found?.key === key ? store.putIfAbsent(key, bytes) : store.put(key, bytes);
    },
  }),
  'comparing and writing in one step (putIfMatch)': (store) => ({
    async putIfMatch(key, bytes, version) {
      const [found] = await store.list(key, { limit: 1 });
      await turn();
      return found?.version === version ? store.put(key, bytes) : store.putIfMatch(key, bytes, version);
    },
  }),
  'going on after afterKey': (store) => ({
    list: (prefix, options = {}) =>
      store.list(prefix, options.limit === undefined ? {} : { limit: options.limit }),
  }),
  'refusing a range behind the end': (store) => ({
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
  'deleting what is absent': (store) => ({
    async delete(key) {
      await store.head(key);
      return store.delete(key);
    },
  }),
  versions: (store) => ({
    async put(key, bytes) {
      await store.put(key, bytes);
      return 'v';
    },
  }),
};

const EDITS = {
  'the exclusive link of a new object': {
    find: 'linkNew(temp, path, key), ',
    replacement: 'rename(temp, path), ',
  },
  'comparing again under the lock of all processes': {
    find: '          await this.#compare(key, path, version);\n          await rename(temp, path);',
    replacement: '          await rename(temp, path);',
  },
  'telling apart what a version names': {
    find: 'return { version, bytes:',
    replacement: 'return { version: version.slice(0, 2), bytes:',
  },
};

const SYNCS = {
  "the sync of an object's bytes": {
    find: 'Promise.all([file.stat({ bigint: true }), file.sync()])',
    replacement: 'Promise.all([file.stat({ bigint: true })])',
  },
  'the sync of the folder of a new name': {
    find: 'await syncFolder(folder).catch(',
    replacement: 'await Promise.resolve().catch(',
  },
  'the sync of the parent of a new folder': { find: 'await syncFolder(parent);', replacement: '' },
  'the sync after a deletion': {
    find: 'await this.#folders.syncNearest(folder).catch(',
    replacement: 'await Promise.resolve().catch(',
  },
};

function onPowerLossDisk(lacks: string, change: Edit | undefined): MutationRow {
  return mutantRow({
    port: 'objectStore',
    adapter: 'object-fs',
    lacks,
    change,
    standIns: ON_POWER_LOSS_DISK,
    casesOf: async (mutant) => powerLossCases(mutant),
  });
}

export const OBJECT_ROWS: readonly MutationRow[] = [
  ...Object.entries(BROKEN).map(([lacks, breakIt]) => ({
    port: 'objectStore' as const,
    adapter: 'memory',
    lacks,
    firstFailure: () =>
      firstFailureOf(
        objectStoreConformance(
          {
            capabilities: { durable: false, sharedByProcesses: false },
            async open() {
              const store = new MemoryObjectStore({ clock: new ManualClock() });
              return { store: overlay<ObjectStore>(store, breakIt(store)), dispose: () => store.close() };
            },
          },
          { largeBytes: 1_000 },
        ),
      ),
  })),
  ...editedPlugin('objectStore', 'src/plugins/object-fs', EDITS, { path: '{folder}' }),
  ...Object.entries(SYNCS).map(([lacks, edit]) => onPowerLossDisk(lacks, edit)),
];

export const OBJECT_WHOLE = [
  ...editedPlugin('objectStore', 'src/plugins/object-fs', { nothing: undefined }, { path: '{folder}' }),
  onPowerLossDisk('nothing when the power is lost', undefined),
];
