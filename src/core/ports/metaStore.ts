/**
 * The catalogue's store: small ordered keys and values, compare-and-set by revision, leases, watches.
 *
 * Bounds, enforced by every adapter alike (they are those of the narrowest backend): key 1..512 bytes of UTF-8,
 * value ≤ 64 KiB, txn ≤ 100 distinct keys and ≤ 1 MiB in all. Keys sort by their UTF-8 bytes.
 * A revision is opaque, positive, and rises with every change of the store; 0 means "absent" in a compare.
 *
 * Promises:
 * 1. Linearizable: `get`, `range` and `txn` act on the latest state; a returned write is durable.
 * 2. `txn` is all or nothing.
 * 3. A lease that ends deletes its keys; it may end unseen, so it is a hint: only revisions protect.
 * 4. `watch` is a hint too: events of one key come in order, some may be skipped after `resync`.
 *
 * A put without a lease detaches the key from the lease it had; a txn that changes nothing keeps the revision; a watch that
 * waits when the store closes gets Closed.
 *
 * Errors: Invalid (a bound), NotFound (a put with a lease that has ended), Unavailable, Timeout (nothing happened), Unknown (the write may have happened), Closed.
 */
export interface MetaStore {
  get(key: string): Promise<MetaEntry | undefined>;
  /** Entries with `prefix`, in key order, from `afterKey` (exclusive) on, at most `limit` (1..1,000, default 1,000). */
  range(
    prefix: string,
    options?: { readonly afterKey?: string; readonly limit?: number },
  ): Promise<readonly MetaEntry[]>;
  /** Applies `operations` if every compare holds; else changes nothing. A key may occur once among the operations. */
  txn(compares: readonly MetaCompare[], operations: readonly MetaOperation[]): Promise<MetaTxnResult>;
  /** A lease of `ttlMs` (1,000..3,600,000), kept alive by the adapter until `release` or the process ends. */
  lease(ttlMs: number): Promise<MetaLease>;
  /** Changes of keys with `prefix` after the call; ends when `signal` fires. */
  watch(prefix: string, signal: AbortSignal): AsyncIterable<MetaEvent>;
  close(): Promise<void>;
}

export interface MetaEntry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Of the last change of this key. */
  readonly revision: bigint;
}

/** Holds when the key's revision is `revision`; 0n = the key does not exist. */
export interface MetaCompare {
  readonly key: string;
  readonly revision: bigint;
}

export type MetaOperation =
  | { readonly op: 'put'; readonly key: string; readonly value: Uint8Array; readonly leaseId?: string }
  | { readonly op: 'delete'; readonly key: string };

export interface MetaTxnResult {
  readonly succeeded: boolean;
  /** Of the store after the txn. Keys that were put have this revision. */
  readonly revision: bigint;
}

export interface MetaLease {
  readonly leaseId: string;
  /** Fires when the lease is known to be lost. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export type MetaEvent =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array; readonly revision: bigint }
  | { readonly type: 'delete'; readonly key: string; readonly revision: bigint }
  /** Events were missed: read the range again. */
  | { readonly type: 'resync'; readonly revision: bigint };
