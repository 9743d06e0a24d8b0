import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStoreFactory } from '../../conformance/storage/object/subject.ts';
import type { ObjectStore } from '../../src/core/ports/objectStore.ts';
import { objectFsPlugin } from '../../src/plugins/object-fs/index.ts';
import { pluginDeps } from './pluginDeps.ts';

export function openStore(location: string): Promise<ObjectStore> {
  return objectFsPlugin.create({ path: location }, pluginDeps);
}

export const fsFactory: ObjectStoreFactory = {
  capabilities: objectFsPlugin.capabilities,
  async open() {
    const location = await mkdtemp(join(tmpdir(), 'elanus-objects-'));
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
