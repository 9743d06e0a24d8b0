import { ElanusError } from '../../core/domain/errors.ts';
import type { Clock } from '../../core/ports/clock.ts';
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
import { MetaWatchers } from '../../core/ports/metaWatchers.ts';
import type { Random } from '../../core/ports/random.ts';
import { SortedKeys } from './sortedKeys.ts';

interface Row extends MetaEntry {
  readonly leaseId: string | undefined;
}

/** What the stores of several simulated processes share. */
export class MemoryMetaState {
  readonly rows = new Map<string, Row>();
  readonly keys = new SortedKeys();
  readonly leaseIds = new Set<string>();
  readonly watchers = new Set<MetaWatchers>();
  revision = 0n;

  put(key: string, value: Uint8Array, leaseId: string | undefined): MetaEvent {
    this.rows.set(key, { key, value: new Uint8Array(value), revision: this.revision, leaseId });
    this.keys.add(key);
    return { type: 'put', key, value: new Uint8Array(value), revision: this.revision };
  }

  delete(key: string): MetaEvent {
    this.rows.delete(key);
    this.keys.delete(key);
    return { type: 'delete', key, revision: this.revision };
  }

  publish(events: readonly MetaEvent[]): void {
    for (const watchers of this.watchers) watchers.publish(events);
  }

  /** Deletes the keys of a lease; nothing when it has ended already. */
  endLease(leaseId: string): void {
    if (!this.leaseIds.delete(leaseId)) return;
    const keys = [...this.rows.values()].filter((row) => row.leaseId === leaseId).map((row) => row.key);
    if (keys.length === 0) return;
    this.revision++;
    this.publish(keys.map((key) => this.delete(key)));
  }
}

interface OwnLease {
  readonly ttlMs: number;
  readonly lost: AbortController;
}

/** One process's MetaStore in memory. Several on one state behave as several processes on one store. */
export class MemoryMetaStore implements MetaStore {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #state: MemoryMetaState;
  readonly #watchers = new MetaWatchers();
  readonly #leases = new Map<string, OwnLease>();
  #closed = false;

  constructor(deps: { readonly clock: Clock; readonly random: Random }, state = new MemoryMetaState()) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#state = state;
    state.watchers.add(this.#watchers);
  }

  async get(key: string): Promise<MetaEntry | undefined> {
    this.#checkOpen();
    checkKey(key);
    return this.#entry(key);
  }

  async range(
    prefix: string,
    options: { readonly afterKey?: string; readonly limit?: number } = {},
  ): Promise<readonly MetaEntry[]> {
    this.#checkOpen();
    const limit = checkRange(prefix, options);
    return this.#state.keys.range(prefix, options.afterKey, limit).map((key) => this.#entry(key)!);
  }

  async txn(compares: readonly MetaCompare[], operations: readonly MetaOperation[]): Promise<MetaTxnResult> {
    this.#checkOpen();
    checkTxn(compares, operations);
    const state = this.#state;
    const holds = compares.every(({ key, revision }) => (state.rows.get(key)?.revision ?? 0n) === revision);
    if (!holds) return { succeeded: false, revision: state.revision };
    for (const operation of operations) this.#checkLease(operation);
    const changes = operations.filter(({ op, key }) => op === 'put' || state.rows.has(key));
    if (changes.length > 0) this.#apply(changes);
    return { succeeded: true, revision: state.revision };
  }

  async lease(ttlMs: number): Promise<MetaLease> {
    this.#checkOpen();
    checkTtl(ttlMs);
    const leaseId = this.#random.uuid();
    const lost = new AbortController();
    this.#leases.set(leaseId, { ttlMs, lost });
    this.#state.leaseIds.add(leaseId);
    const release = async (): Promise<void> => {
      this.#checkOpen();
      if (this.#leases.delete(leaseId)) this.#state.endLease(leaseId);
    };
    return { leaseId, lost: lost.signal, release };
  }

  watch(prefix: string, signal: AbortSignal): AsyncIterable<MetaEvent> {
    this.#checkOpen();
    checkPrefix(prefix);
    return this.#watchers.watch(prefix, signal);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    for (const leaseId of this.#leases.keys()) this.loseLease(leaseId);
    this.#end();
  }

  /** As if the process died: every call fails from now on, and its leases end when their ttl has passed. */
  crash(): void {
    if (this.#closed) return;
    this.#end();
    for (const [leaseId, { ttlMs, lost }] of this.#leases) {
      lost.abort();
      void this.#clock.sleep(ttlMs).then(() => this.#state.endLease(leaseId));
    }
  }

  /** As if the backend let a lease of this store expire: its keys go and its holder is told. */
  loseLease(leaseId: string): void {
    this.#state.endLease(leaseId);
    this.#leases.get(leaseId)?.lost.abort();
    this.#leases.delete(leaseId);
  }

  #end(): void {
    this.#closed = true;
    this.#state.watchers.delete(this.#watchers);
    this.#watchers.close();
  }

  #apply(changes: readonly MetaOperation[]): void {
    const state = this.#state;
    state.revision++;
    const apply = (change: MetaOperation): MetaEvent =>
      change.op === 'put' ? state.put(change.key, change.value, change.leaseId) : state.delete(change.key);
    state.publish(changes.map(apply));
  }

  /** A copy, so that nobody writes into the store. */
  #entry(key: string): MetaEntry | undefined {
    const row = this.#state.rows.get(key);
    return row && { key, value: new Uint8Array(row.value), revision: row.revision };
  }

  #checkLease(operation: MetaOperation): void {
    if (operation.op !== 'put' || operation.leaseId === undefined) return;
    if (this.#state.leaseIds.has(operation.leaseId)) return;
    throw new ElanusError('NotFound', 'lease has ended', { context: { leaseId: operation.leaseId } });
  }

  #checkOpen(): void {
    if (this.#closed) throw new ElanusError('Closed', 'meta store is closed');
  }
}
