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
import { MetaWatch } from '../../core/ports/metaWatchers.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import { openClients, PAGE_ENTRIES, PAGE_ENTRIES_MAX } from './client.ts';
import { EtcdCluster } from './cluster.ts';
import type { MetaEtcdConfig } from './config.ts';
import { KeyedTurns } from './keyedTurns.ts';
import { after, type KeyRange, Keys } from './keys.ts';
import { EtcdLeases } from './leases.ts';
import { txnRequest } from './txnRequest.ts';
import { WatchStream } from './watchStream.ts';

/** Resolves when a member has answered. Errors: Unavailable (also: refused the user), Timeout. */
export async function openEtcdMetaStore(config: MetaEtcdConfig, deps: PluginDeps): Promise<MetaStore> {
  const keys = new Keys(config.prefix);
  const { requestTimeoutMs } = config;
  const clients = await openClients(config);
  const cluster = new EtcdCluster(clients, { requestTimeoutMs, probeKey: keys.encode('') }, deps);
  const store = new EtcdMetaStore(cluster, keys, deps);
  try {
    await store.get('-');
    return store;
  } catch (caught) {
    await store.close();
    throw caught;
  }
}

/** A MetaStore in an etcd cluster. Revisions are those of etcd, which other users of it raise too. */
class EtcdMetaStore implements MetaStore {
  readonly #cluster: EtcdCluster;
  readonly #keys: Keys;
  readonly #deps: PluginDeps;
  readonly #turns = new KeyedTurns();
  readonly #leases: EtcdLeases;
  readonly #watches = new Set<MetaWatch>();
  #closing: Promise<void> | undefined;

  constructor(cluster: EtcdCluster, keys: Keys, deps: PluginDeps) {
    this.#cluster = cluster;
    this.#keys = keys;
    this.#deps = deps;
    this.#leases = new EtcdLeases(cluster, deps);
  }

  async get(key: string): Promise<MetaEntry | undefined> {
    this.#checkOpen();
    checkKey(key);
    const request = { key: this.#keys.encode(key) };
    const { kvs } = await this.#cluster.repeat('get', (client, options) => client.kv.range(request, options));
    return kvs[0] && this.#keys.entry(kvs[0]);
  }

  async range(
    prefix: string,
    options: { readonly afterKey?: string; readonly limit?: number } = {},
  ): Promise<readonly MetaEntry[]> {
    this.#checkOpen();
    const limit = checkRange(prefix, options);
    const all = this.#keys.range(prefix);
    const range = options.afterKey === undefined ? all : after(all, this.#keys.encode(options.afterKey));
    const endMs = this.#cluster.endMs();
    // Whoever compacts all the time would never let many pages be of one revision, so they become fewer.
    for (let pageEntries = PAGE_ENTRIES; ; pageEntries = Math.min(2 * pageEntries, PAGE_ENTRIES_MAX)) {
      try {
        return await this.#pages(range, { limit, pageEntries }, endMs);
      } catch (caught) {
        // The revision of the first page was compacted before the last page was read.
        if (!(caught instanceof ElanusError && caught.kind === 'Truncated')) throw caught;
      }
    }
  }

  /** Txns that share a key take effect in the order of the calls. */
  async txn(compares: readonly MetaCompare[], operations: readonly MetaOperation[]): Promise<MetaTxnResult> {
    this.#checkOpen();
    checkTxn(compares, operations);
    const request = txnRequest(this.#keys, compares, operations);
    const endMs = this.#cluster.endMs();
    const keys = [...compares, ...operations].map(({ key }) => key);
    const { succeeded, header } = await this.#turns.run(keys, () =>
      operations.length === 0
        ? this.#cluster.repeat('txn', (client, options) => client.kv.txn(request, options), endMs)
        : this.#cluster.once('txn', (client, options) => client.kv.txn(request, options), endMs),
    );
    return { succeeded, revision: BigInt(header.revision) };
  }

  async lease(ttlMs: number): Promise<MetaLease> {
    this.#checkOpen();
    checkTtl(ttlMs);
    return this.#leases.grant(ttlMs);
  }

  watch(prefix: string, signal: AbortSignal): AsyncIterable<MetaEvent> {
    this.#checkOpen();
    checkPrefix(prefix);
    const stop = new AbortController();
    const sink: MetaWatch = new MetaWatch(prefix, signal, () => {
      this.#watches.delete(sink);
      stop.abort();
    });
    if (signal.aborted) return sink;
    this.#watches.add(sink);
    const fromRevision = this.#cluster.seenRevision + 1n;
    const plan = {
      keys: this.#keys,
      range: this.#keys.range(prefix),
      fromRevision,
      sink,
      signal: stop.signal,
    };
    void new WatchStream(this.#cluster, this.#deps, plan).run();
    return sink;
  }

  /** Waits for the txns in flight and releases the leases. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#turns.idle();
    await this.#leases.close();
    for (const watch of [...this.#watches]) watch.fail(new ElanusError('Closed', 'meta store is closed'));
    this.#cluster.close();
  }

  /** The first `limit` entries of one revision, in pages. Errors: also Truncated (it was compacted). */
  async #pages(
    range: KeyRange,
    { limit, pageEntries }: { readonly limit: number; readonly pageEntries: number },
    endMs: number,
  ): Promise<MetaEntry[]> {
    const entries: MetaEntry[] = [];
    for (let rest = range, revision: string | undefined; ; ) {
      const request = {
        ...rest,
        limit: Math.min(pageEntries, limit - entries.length),
        ...(revision !== undefined && { revision }),
      };
      const call = 'range';
      const { kvs, more, header } = await this.#cluster.repeat(
        call,
        (client, options) => client.kv.range(request, options),
        endMs,
      );
      for (const kv of kvs) entries.push(this.#keys.entry(kv));
      if (!more || entries.length === limit) return entries;
      rest = after(rest, kvs.at(-1)!.key);
      revision ??= header.revision;
    }
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new ElanusError('Closed', 'meta store is closed');
  }
}
