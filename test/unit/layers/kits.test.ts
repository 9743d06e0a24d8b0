import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metaStoreConformance } from '../../../conformance/storage/meta/kit.ts';
import { objectStoreConformance } from '../../../conformance/storage/object/kit.ts';
import { pluginDeps } from '../../../conformance/storage/pluginDeps.ts';
import { registerCases } from '../../../conformance/storage/vitestBinding.ts';
import { walConformance } from '../../../conformance/storage/wal/kit.ts';
import { cachedReads } from '../../../src/core/layers/readCache.ts';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { MemoryMetaStore } from '../../../src/plugins/memory/memoryMetaStore.ts';
import { MemoryObjectStore } from '../../../src/plugins/memory/memoryObjectStore.ts';
import { MemoryWal, MemoryWalStorage } from '../../../src/plugins/memory/memoryWal.ts';
import { openRangeFiles } from '../../../src/server/cache/rangeFiles.ts';
import { withLayers } from '../../../src/server/wiring/storageLayers.ts';

/** A store with every layer around it keeps its port's contract. */
const ALL = { metrics: true, retriesMax: 3, inFlightMax: 4, timeoutMs: 60_000 };
const capabilities = { durable: false, sharedByProcesses: false };

registerCases(
  'MetaStore: memory behind all layers',
  metaStoreConformance({
    capabilities,
    open: async () => {
      const store = withLayers('meta', new MemoryMetaStore(pluginDeps), ALL, pluginDeps);
      return { store, dispose: () => store.close() };
    },
  }),
);

registerCases(
  'ObjectStore: memory behind all layers',
  objectStoreConformance({
    capabilities,
    open: async () => {
      const store = withLayers('objectStore', new MemoryObjectStore(pluginDeps), ALL, pluginDeps);
      return { store, dispose: () => store.close() };
    },
  }),
);

registerCases(
  'Wal: memory behind all layers',
  walConformance(
    {
      capabilities: { durable: false, sharedByProcesses: true },
      canCrash: true,
      canFail: false,
      async open() {
        const storage = new MemoryWalStorage();
        const reopen = async () => withLayers('wal', new MemoryWal(storage, 20_000), ALL, pluginDeps);
        const crash = async () => storage.crash();
        return { wal: await reopen(), reopen, crash, dispose: crash };
      },
    },
    { seeds: 4 },
  ),
);

/** Every object counts as written once, so that whatever the cache keeps too long shows. */
async function cachedStore(): Promise<{ store: ObjectStore; dispose(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'elanus-cache-'));
  const { logger, metrics } = pluginDeps;
  const store = cachedReads(new MemoryObjectStore(pluginDeps), {
    memoryBytesMax: 300_000,
    files: openRangeFiles({ folder, bytesMax: 200_000_000 }, logger),
    isImmutable: () => true,
    metrics,
  });
  return {
    store,
    dispose: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

registerCases(
  'ObjectStore: memory behind the cache',
  objectStoreConformance({ capabilities, open: cachedStore }),
);
