import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { type WalFactory, walConformance } from '../../conformance/storage/wal/kit.ts';
import { MemoryWal, MemoryWalStorage } from '../../src/plugins/memory/memoryWal.ts';
import { realDiskFactory, simulatedDiskFactory } from './fileWalSubject.ts';

const memoryFactory: WalFactory = {
  // Several Wals may share one storage object.
  capabilities: { durable: false, sharedByProcesses: true },
  canCrash: true,
  canFail: false,
  async open() {
    const storage = new MemoryWalStorage();
    const reopen = async (): Promise<MemoryWal> => new MemoryWal(storage, 20_000);
    return {
      wal: await reopen(),
      reopen,
      crash: async () => storage.crash(),
      dispose: async () => storage.crash(),
    };
  },
};

registerCases('wal: memory', walConformance(memoryFactory));
registerCases('wal: file on a real disk', walConformance(realDiskFactory, { seeds: 8 }));
registerCases('wal: file on a simulated disk', walConformance(simulatedDiskFactory()));
