import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetaStoreFactory } from '../../../../conformance/storage/meta/subject.ts';
import type { MetaStore } from '../../../../src/core/ports/metaStore.ts';
import type { ObjectStore } from '../../../../src/core/ports/objectStore.ts';
import type { PluginDeps } from '../../../../src/core/ports/plugin.ts';
import { metaObjectPlugin } from '../../../../src/plugins/meta-object/index.ts';
import { objectFsPlugin } from '../../../../src/plugins/object-fs/index.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';

/** A catalogue over `objectStore`, which it leaves open. */
export function openOver(
  objectStore: ObjectStore,
  options: Readonly<Record<string, unknown>> = {},
  deps: PluginDeps = pluginDeps,
): Promise<MetaStore> {
  const config = metaObjectPlugin.configSchema.parse({ pollIntervalMs: 20, ...options });
  return metaObjectPlugin.create(config, { ...deps, objectStore });
}

/** A catalogue that closes `objectStore` with it. */
export async function openWith(
  objectStore: ObjectStore,
  options: Readonly<Record<string, unknown>> = {},
): Promise<MetaStore> {
  const store = await openOver(objectStore, options);
  const close = store.close.bind(store);
  store.close = async () => {
    await close();
    await objectStore.close();
  };
  return store;
}

/** `location`: a folder. Snapshots are frequent, so that the kit meets them. */
export async function openStore(location: string): Promise<MetaStore> {
  return openWith(await objectFsPlugin.create({ path: location }, pluginDeps), { snapshotEntries: 8 });
}

export const fsFactory: MetaStoreFactory = {
  capabilities: metaObjectPlugin.capabilities,
  async open() {
    const location = await mkdtemp(join(tmpdir(), 'elanus-meta-object-'));
    const store = await openStore(location);
    return {
      store,
      durable: { location, module: new URL(import.meta.url), reopen: () => openStore(location) },
      async dispose() {
        await store.close();
        await rm(location, { recursive: true });
      },
    };
  },
};
