import { objectStoreConformance } from '../../conformance/storage/object/kit.ts';
import type { ObjectStoreFactory } from '../../conformance/storage/object/subject.ts';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { memoryObjectPlugin } from '../../src/plugins/memory/index.ts';
import { ManualClock } from '../../src/plugins/memory/manualClock.ts';
import { SeededRandom } from '../../src/plugins/memory/seededRandom.ts';
import { fsFactory } from './fsSubject.ts';
import { pluginDeps } from './pluginDeps.ts';

const memoryFactory: ObjectStoreFactory = {
  capabilities: memoryObjectPlugin.capabilities,
  async open() {
    const store = await memoryObjectPlugin.create(
      {},
      { ...pluginDeps, clock: new ManualClock(), random: new SeededRandom(1) },
    );
    return { store, dispose: () => store.close() };
  },
};

registerCases('ObjectStore: memory', objectStoreConformance(memoryFactory));
registerCases('ObjectStore: fs', objectStoreConformance(fsFactory));
