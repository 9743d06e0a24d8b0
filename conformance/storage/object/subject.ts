import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import type { StorageCapabilities } from '../../../src/core/ports/plugin.ts';

/** How the kit gets stores to test. */
export interface ObjectStoreFactory {
  /** Of the plugin under test; they decide which cases there are. */
  readonly capabilities: StorageCapabilities;
  /** Opens a new, empty store that nothing else uses. */
  open(): Promise<ObjectStoreSubject>;
}

export interface ObjectStoreSubject {
  readonly store: ObjectStore;
  /** Of a durable adapter. */
  readonly durable?: DurableSubject;
  /** Closes the store if the case did not, and removes its data. */
  dispose(): Promise<void>;
}

export interface DurableSubject {
  /** What `openStore` of `module` takes to open the same data. */
  readonly location: string;
  /** Exports `openStore(location: string): Promise<ObjectStore>`; loaded in child processes that race or are killed. */
  readonly module: URL;
  /** Opens the same data again; beside other stores on it when the plugin says sharedByProcesses. */
  reopen(): Promise<ObjectStore>;
}

export interface ObjectConformanceOptions {
  /** Of the random cases. Default 1. */
  readonly seed?: number;
  /** Commands of a random case. Default 200. */
  readonly commands?: number;
  /** Size of the object of the large case. Default 100 MiB. */
  readonly largeBytes?: number;
}

export type StoreCase = readonly [name: string, run: (store: ObjectStore) => Promise<void>];
