import { resolve } from 'node:path';
import { ElanusError } from '../../core/domain/errors.ts';
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
import type { PluginDeps } from '../../core/ports/plugin.ts';
import type { Random } from '../../core/ports/random.ts';
import type { MetaEmbeddedConfig } from './config.ts';
import { makeFolder, syncFolder } from './folder.ts';
import { LmdbFile } from './lmdbFile.ts';
import { checkBeforeOpen } from './preflight.ts';
import { TxnQueue } from './txnQueue.ts';

/**
 * Opens the store in the folder `config.path` and deletes the keys of leases that the last process did not release.
 * Errors: Corrupt, Exhausted, Unavailable.
 */
export async function openEmbeddedMetaStore(
  config: MetaEmbeddedConfig,
  deps: PluginDeps,
): Promise<MetaStore> {
  const path = resolve(config.path);
  await makeFolder(path);
  await checkBeforeOpen(path);
  const file = new LmdbFile(path);
  try {
    await file.prepare();
    await syncFolder(path);
    const store = new EmbeddedMetaStore(file, deps.random);
    await store.deleteOrphans(file.leasedKeys());
    return store;
  } catch (caught) {
    await file.close();
    throw caught;
  }
}

/**
 * A MetaStore in one LMDB file of this process, used on one thread. Reads are synchronous look-ups in mapped memory; a
 * txn takes one LMDB commit (two synced writes), shared by all that wait at that moment.
 * A lease needs no clock here: it lasts as long as the process, and the next one to open the file ends it.
 */
class EmbeddedMetaStore implements MetaStore {
  readonly #file: LmdbFile;
  readonly #random: Random;
  readonly #watchers = new MetaWatchers();
  readonly #txns: TxnQueue;
  readonly #leases = new Map<string, AbortController>();
  #closing: Promise<void> | undefined;

  constructor(file: LmdbFile, random: Random) {
    this.#file = file;
    this.#random = random;
    this.#txns = new TxnQueue(
      file,
      (leaseId) => this.#leases.has(leaseId),
      (events) => this.#watchers.publish(events),
    );
  }

  async get(key: string): Promise<MetaEntry | undefined> {
    this.#checkOpen();
    checkKey(key);
    return this.#file.entry(key);
  }

  async range(
    prefix: string,
    options: { readonly afterKey?: string; readonly limit?: number } = {},
  ): Promise<readonly MetaEntry[]> {
    this.#checkOpen();
    const limit = checkRange(prefix, options);
    return this.#file.range(prefix, options.afterKey, limit);
  }

  async txn(compares: readonly MetaCompare[], operations: readonly MetaOperation[]): Promise<MetaTxnResult> {
    this.#checkOpen();
    const bytes = checkTxn(compares, operations);
    return this.#txns.submit(compares, operations, bytes);
  }

  async lease(ttlMs: number): Promise<MetaLease> {
    this.#checkOpen();
    checkTtl(ttlMs);
    const leaseId = this.#random.uuid();
    const lost = new AbortController();
    this.#leases.set(leaseId, lost);
    const release = async (): Promise<void> => {
      this.#checkOpen();
      if (this.#leases.delete(leaseId)) await this.#endLease(leaseId, lost);
    };
    return { leaseId, lost: lost.signal, release };
  }

  watch(prefix: string, signal: AbortSignal): AsyncIterable<MetaEvent> {
    this.#checkOpen();
    checkPrefix(prefix);
    return this.#watchers.watch(prefix, signal);
  }

  /** Waits for the txns in flight and deletes the keys of leases. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async deleteOrphans(keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await this.#txns.deleteKeys(keys);
  }

  async #close(): Promise<void> {
    const leases = [...this.#leases];
    this.#leases.clear();
    try {
      await Promise.all(leases.map(([leaseId]) => this.#txns.endLease(leaseId)));
      await this.#txns.idle();
    } finally {
      for (const [, lost] of leases) lost.abort();
      this.#watchers.close();
      await this.#file.close();
    }
  }

  /** When the keys could not be deleted the lease goes on, so that its holder may release it again. */
  async #endLease(leaseId: string, lost: AbortController): Promise<void> {
    try {
      await this.#txns.endLease(leaseId);
    } catch (caught) {
      this.#leases.set(leaseId, lost);
      throw caught;
    }
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new ElanusError('Closed', 'meta store is closed');
  }
}
