import { seededNumbers } from '../../../../conformance/storage/checks.ts';
import type { WalFactory, WalFaults } from '../../../../conformance/storage/wal/kit.ts';
import type { ObjectStore } from '../../../../src/core/ports/objectStore.ts';
import type { Wal } from '../../../../src/core/ports/wal.ts';
import { type WalObjectConfig, walObjectConfigSchema } from '../../../../src/plugins/wal-object/config.ts';
import { walObjectPlugin } from '../../../../src/plugins/wal-object/index.ts';
import { openObjectWal } from '../../../../src/plugins/wal-object/objectWal.ts';
import { SteppingClock } from '../../../harness/steppingClock.ts';
import { warningLogger } from '../../../kits/fileWalSubject.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';
import { SimulatedStore } from './simulatedStore.ts';

export type OpenObjectWal = typeof openObjectWal;

/** Small blocks and windows, so that a few records fill them. */
export const SMALL: WalObjectConfig = walObjectConfigSchema.parse({
  blockBytesMax: 1024,
  recordBytesMax: 20_000,
  uploadsMax: 4,
  readAheadBytes: 4096,
  tailBytesMax: 4096,
  pollIntervalMs: 1,
  retriesMax: 30,
  retryDelayMs: 1,
});

export interface SimulatedOptions {
  readonly open?: OpenObjectWal;
  /** All calls go over a network that loses, repeats and delays; then the kit's own faults are left out. */
  readonly isFlaky?: boolean;
  /** All calls take equally long. */
  readonly isEven?: boolean;
}

/** The log on a simulated store; time passes at once. */
export function simulatedFactory(options: SimulatedOptions = {}): WalFactory {
  const { open = openObjectWal, isFlaky = false, isEven = false } = options;
  return {
    capabilities: walObjectPlugin.capabilities,
    canCrash: true,
    canFail: !isFlaky,
    async open(seed) {
      const store = new SimulatedStore(seededNumbers(seed ^ 0x5eed));
      store.isFlaky = isFlaky;
      store.isEven = isEven;
      const warnings: string[] = [];
      const deps = { ...pluginDeps, clock: new SteppingClock(), logger: warningLogger(warnings) };
      const reopen = async (): Promise<Wal> => open(SMALL, { ...deps, objectStore: store.client() });
      return {
        wal: await reopen(),
        reopen,
        crash: async () => store.restart(),
        faults: faultsOf(store, warnings),
        dispose: async () => store.restart(),
      };
    },
  };
}

function faultsOf(store: SimulatedStore, warnings: readonly string[]): WalFaults {
  return {
    get steps() {
      return store.steps;
    },
    warnings,
    stopAfter: (steps) => store.stopAfter(steps),
    // What a put answered is durable: lost power and a killed process are the same.
    restart: async () => store.restart(),
    failSyncAfter: (syncs) => store.failPutAfter(syncs),
    limitSpace: (bytes) => store.limitSpace(bytes),
    // An object is put whole or not at all; what a network does to calls instead.
    shortenWrites: () => {
      store.isFlaky = true;
    },
    flipBit: (random) => store.flipBit(random),
  };
}

export interface StoredData {
  /** Another client of the same, at first empty data. */
  connect(): Promise<ObjectStore>;
  /** How a process of its own opens the log on it: `openStore(location)` of `module`. */
  readonly durable?: { readonly module: URL; readonly location: string };
  remove(): Promise<void>;
}

/** The log on a real store, as it is. */
export function storeFactory(prepare: () => Promise<StoredData>, canBeKilled: boolean): WalFactory {
  return {
    capabilities: walObjectPlugin.capabilities,
    canCrash: false,
    canFail: false,
    canBeKilled,
    async open() {
      const data = await prepare();
      const opened: { wal: Wal; store: ObjectStore }[] = [];
      const reopen = async (): Promise<Wal> => {
        const store = await data.connect();
        const wal = openObjectWal(SMALL, { ...pluginDeps, objectStore: store });
        opened.push({ wal, store });
        return wal;
      };
      return {
        wal: await reopen(),
        reopen,
        ...(data.durable && { durable: data.durable }),
        async dispose() {
          await Promise.all(opened.map(({ wal }) => wal.close()));
          await Promise.all(opened.map(({ store }) => store.close()));
          await data.remove();
        },
      };
    },
  };
}
