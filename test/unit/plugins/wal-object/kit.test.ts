import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerCases } from '../../../../conformance/storage/vitestBinding.ts';
import { walConformance } from '../../../../conformance/storage/wal/kit.ts';
import { MemoryObjectState, MemoryObjectStore } from '../../../../src/plugins/memory/memoryObjectStore.ts';
import { openStore as openFsStore } from '../../../kits/fsSubject.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';
import { simulatedFactory, storeFactory } from './objectWalSubject.ts';
import { storeCases } from './storeCases.ts';

const memoryFactory = storeFactory(async () => {
  const state = new MemoryObjectState();
  return {
    connect: async () => new MemoryObjectStore(pluginDeps, state),
    remove: async () => undefined,
  };
}, false);

const fsFactory = storeFactory(async () => {
  const path = await mkdtemp(join(tmpdir(), 'elanus-wal-object-'));
  return {
    connect: () => openFsStore(path),
    durable: { module: new URL('openOnFiles.ts', import.meta.url), location: path },
    remove: () => rm(path, { recursive: true }),
  };
}, true);

registerCases('wal: object in memory', walConformance(memoryFactory, { seeds: 8 }));
registerCases('wal: object on files', walConformance(fsFactory, { seeds: 3 }));
registerCases('wal: object on a simulated store', walConformance(simulatedFactory()));
registerCases('wal: object, beyond the kit', [
  ...storeCases(simulatedFactory()),
  ...storeCases(simulatedFactory({ isEven: true }), 1),
]);
registerCases(
  'wal: object on a flaky network',
  walConformance(simulatedFactory({ isFlaky: true }), { seeds: 48 }),
);
