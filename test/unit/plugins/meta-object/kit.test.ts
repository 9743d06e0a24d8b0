import { metaStoreConformance } from '../../../../conformance/storage/meta/kit.ts';
import type { MetaStoreFactory } from '../../../../conformance/storage/meta/subject.ts';
import { registerCases } from '../../../../conformance/storage/vitestBinding.ts';
import { MemoryObjectState, MemoryObjectStore } from '../../../../src/plugins/memory/memoryObjectStore.ts';
import { metaObjectPlugin } from '../../../../src/plugins/meta-object/index.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';
import { fsFactory, openWith } from './subject.ts';

const memoryFactory: MetaStoreFactory = {
  capabilities: { ...metaObjectPlugin.capabilities, durable: false },
  async open() {
    const store = await openWith(new MemoryObjectStore(pluginDeps, new MemoryObjectState()));
    return { store, dispose: () => store.close() };
  },
};

registerCases('MetaStore: object over memory', metaStoreConformance(memoryFactory));
registerCases('MetaStore: object over fs', metaStoreConformance(fsFactory));
