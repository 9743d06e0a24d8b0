import { metaStoreConformance } from '../../conformance/storage/meta/kit.ts';
import type { MetaStoreFactory } from '../../conformance/storage/meta/subject.ts';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { memoryMetaPlugin } from '../../src/plugins/memory/index.ts';
import { ManualClock } from '../../src/plugins/memory/manualClock.ts';
import { SeededRandom } from '../../src/plugins/memory/seededRandom.ts';
import { embeddedFactory } from './embeddedSubject.ts';
import { pluginDeps } from './pluginDeps.ts';

const memoryFactory: MetaStoreFactory = {
  capabilities: memoryMetaPlugin.capabilities,
  async open() {
    const store = await memoryMetaPlugin.create(
      {},
      { ...pluginDeps, clock: new ManualClock(), random: new SeededRandom(1) },
    );
    return { store, dispose: () => store.close() };
  },
};

registerCases('MetaStore: memory', metaStoreConformance(memoryFactory));
registerCases('MetaStore: embedded', metaStoreConformance(embeddedFactory));
