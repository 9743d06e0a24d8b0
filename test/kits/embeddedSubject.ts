import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetaStoreFactory } from '../../conformance/storage/meta/subject.ts';
import type { MetaStore } from '../../src/core/ports/metaStore.ts';
import { metaEmbeddedPlugin } from '../../src/plugins/meta-embedded/index.ts';
import { pluginDeps } from './pluginDeps.ts';

export function openStore(location: string): Promise<MetaStore> {
  return metaEmbeddedPlugin.create({ path: location }, pluginDeps);
}

export const embeddedFactory: MetaStoreFactory = {
  capabilities: metaEmbeddedPlugin.capabilities,
  async open() {
    const location = await mkdtemp(join(tmpdir(), 'elanus-meta-'));
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
