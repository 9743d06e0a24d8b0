import { assert } from '../../core/domain/errors.ts';
import { checkKey, checkPrefix, checkRange, checkTtl, checkTxn } from '../../core/ports/metaBounds.ts';
import type {
  MetaCompare,
  MetaEntry,
  MetaEvent,
  MetaLease,
  MetaOperation,
  MetaStore,
  MetaTxnResult,
} from '../../core/ports/metaStore.ts';
import type { ObjectStore } from '../../core/ports/objectStore.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import { Cleaner } from './cleaner.ts';
import type { MetaObjectConfig } from './config.ts';
import { closedError } from './errors.ts';
import { LeaseMonitor } from './leaseMonitor.ts';
import { HeldLeases } from './leases.ts';
import { ObjectLog } from './objectLog.ts';
import { Replica } from './replica.ts';
import { Sequencer } from './sequencer.ts';
import { decideTxn } from './txn.ts';
import { Watches } from './watches.ts';

/** The host may not wait for longer. */
const CLOSE_MS_MAX = 5_000;

/** Reads the newest snapshot and the log behind it. Errors: Corrupt, Unavailable, Timeout. */
export async function openObjectMetaStore(config: MetaObjectConfig, deps: PluginDeps): Promise<MetaStore> {
  assert(deps.objectStore !== undefined, 'the host gives the object store to a plugin that needs it');
  const store = new ObjectMetaStore(config, deps.objectStore, deps);
  try {
    await store.get('-');
    return store;
  } catch (caught) {
    await store.close();
    throw caught;
  }
}

/** A MetaStore over an object store, whole in memory. Any number of processes; each may die at any time. */
class ObjectMetaStore implements MetaStore {
  readonly #config: MetaObjectConfig;
  readonly #deps: PluginDeps;
  readonly #replica: Replica;
  readonly #sequencer: Sequencer;
  readonly #cleaner: Cleaner;
  readonly #leases: HeldLeases;
  readonly #monitor: LeaseMonitor;
  readonly #watches: Watches;
  #closing: Promise<void> | undefined;

  constructor(config: MetaObjectConfig, store: ObjectStore, deps: PluginDeps) {
    this.#config = config;
    this.#deps = deps;
    const log = new ObjectLog(store, config.prefix, deps);
    this.#cleaner = new Cleaner(store, log, deps);
    this.#replica = new Replica(log, deps.clock, {
      onEvents: (events) => this.#publish(events),
      onSnapshots: (seqs) => this.#cleaner.saw(seqs),
    });
    this.#sequencer = new Sequencer(this.#replica, deps, (events) => this.#wrote(events));
    const parts = {
      store,
      names: log.names,
      sequencer: this.#sequencer,
      deps,
      endMs: () => this.#endMs(),
      checkOpen: () => this.#checkOpen(),
    };
    this.#leases = new HeldLeases(parts);
    this.#monitor = new LeaseMonitor(parts, log, this.#leases);
    this.#watches = new Watches(deps, config.pollIntervalMs, () =>
      this.#sequencer.read(this.#endMs(), () => undefined),
    );
  }

  async get(key: string): Promise<MetaEntry | undefined> {
    this.#checkOpen();
    checkKey(key);
    return this.#sequencer.read(this.#endMs(), (state) => state.entry(key));
  }

  async range(
    prefix: string,
    options: { readonly afterKey?: string; readonly limit?: number } = {},
  ): Promise<readonly MetaEntry[]> {
    this.#checkOpen();
    const limit = checkRange(prefix, options);
    return this.#sequencer.read(this.#endMs(), (state) => state.range(prefix, options.afterKey, limit));
  }

  async txn(compares: readonly MetaCompare[], operations: readonly MetaOperation[]): Promise<MetaTxnResult> {
    this.#checkOpen();
    const bytes = checkTxn(compares, operations);
    return this.#sequencer.write(this.#endMs(), bytes, decideTxn(compares, operations));
  }

  async lease(ttlMs: number): Promise<MetaLease> {
    this.#checkOpen();
    checkTtl(ttlMs);
    return this.#leases.grant(ttlMs);
  }

  watch(prefix: string, signal: AbortSignal): AsyncIterable<MetaEvent> {
    this.#checkOpen();
    checkPrefix(prefix);
    return this.#watches.add(prefix, signal);
  }

  /** Waits for the calls in flight and ends the leases. Leaves the object store open. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#monitor.stop();
    await this.#leases.close(this.#deps.clock.monotonicMs() + CLOSE_MS_MAX);
    await this.#sequencer.idle();
    this.#watches.close();
    await this.#cleaner.stop();
  }

  #publish(events: readonly MetaEvent[]): void {
    this.#watches.publish(events);
    this.#monitor.wake(this.#replica.state.leases);
  }

  #wrote(events: readonly MetaEvent[]): void {
    this.#publish(events);
    const { position: seq, state } = this.#replica;
    const isSnapshotDue = seq % this.#config.snapshotEntries === 0;
    this.#cleaner.run(isSnapshotDue ? { seq, ...state.image() } : undefined);
  }

  #endMs(): number {
    return this.#deps.clock.monotonicMs() + this.#config.requestTimeoutMs;
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }
}
