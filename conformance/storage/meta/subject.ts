import type {
  MetaEvent,
  MetaOperation,
  MetaStore,
  MetaTxnResult,
} from '../../../src/core/ports/metaStore.ts';
import type { StorageCapabilities } from '../../../src/core/ports/plugin.ts';
import { utf8 } from '../checks.ts';

/** How the kit gets stores to test. */
export interface MetaStoreFactory {
  /** Of the plugin under test; they decide which cases there are. */
  readonly capabilities: StorageCapabilities;
  /** Opens a new, empty store that nothing else uses. */
  open(): Promise<MetaStoreSubject>;
}

export interface MetaStoreSubject {
  readonly store: MetaStore;
  /** Of a durable adapter. */
  readonly durable?: DurableSubject;
  /** Closes the store if the case did not, and removes its data. */
  dispose(): Promise<void>;
}

export interface DurableSubject {
  /** What `openStore` of `module` takes to open the same data. */
  readonly location: string;
  /** Exports `openStore(location: string): Promise<MetaStore>`; loaded in a child process that is killed. */
  readonly module: URL;
  /** Opens the same data again, after the store was closed or its process killed. */
  reopen(): Promise<MetaStore>;
}

export interface MetaConformanceOptions {
  /** Of the random cases. Default 1. */
  readonly seed?: number;
  /** Commands of a random case. Default 400. */
  readonly commands?: number;
}

export function put(key: string, value: string | Uint8Array, leaseId?: string): MetaOperation {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  return leaseId === undefined ? { op: 'put', key, value: bytes } : { op: 'put', key, value: bytes, leaseId };
}

export function del(key: string): MetaOperation {
  return { op: 'delete', key };
}

/** Puts without compares. */
export function write(store: MetaStore, ...operations: MetaOperation[]): Promise<MetaTxnResult> {
  return store.txn([], operations);
}

/** The next `count` events of a watch. */
export async function nextEvents(events: AsyncIterator<MetaEvent>, count: number): Promise<MetaEvent[]> {
  const found: MetaEvent[] = [];
  while (found.length < count) {
    const step = await events.next();
    if (step.done) break;
    found.push(step.value);
  }
  return found;
}
