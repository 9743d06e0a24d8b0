import type { MetaEntry, MetaEvent, MetaOperation } from '../../core/ports/metaStore.ts';
import { SortedKeys } from './sortedKeys.ts';

/** A step of the log. Steps are of effect: what changes nothing is not written. */
export type Change =
  | { readonly type: 'txn'; readonly operations: readonly MetaOperation[] }
  | { readonly type: 'grant'; readonly leaseId: string; readonly ttlMs: number }
  /** Deletes the keys of the lease. */
  | { readonly type: 'end'; readonly leaseId: string };

/** Never changed once it is in a State. */
export interface Row extends MetaEntry {
  readonly leaseId: string | undefined;
}

export interface StateImage {
  readonly revision: bigint;
  readonly rows: readonly Row[];
  readonly leases: readonly (readonly [leaseId: string, ttlMs: number])[];
}

/** The catalogue after some entry of the log. Every process that applies the same changes has the same. */
export class State {
  readonly #rows = new Map<string, Row>();
  readonly #keys = new SortedKeys();
  readonly #leases = new Map<string, number>();
  #undo: (() => void)[] = [];
  #revision = 0n;

  constructor(image?: StateImage) {
    if (image === undefined) return;
    this.#revision = image.revision;
    for (const row of image.rows) this.#set(row);
    for (const [leaseId, ttlMs] of image.leases) this.#leases.set(leaseId, ttlMs);
    this.#undo = [];
  }

  get revision(): bigint {
    return this.#revision;
  }

  /** ttl in milliseconds by lease. */
  get leases(): ReadonlyMap<string, number> {
    return this.#leases;
  }

  /** 0n = absent. */
  revisionOf(key: string): bigint {
    return this.#rows.get(key)?.revision ?? 0n;
  }

  /** A copy. */
  entry(key: string): MetaEntry | undefined {
    const row = this.#rows.get(key);
    return row && { key, value: new Uint8Array(row.value), revision: row.revision };
  }

  range(prefix: string, afterKey: string | undefined, limit: number): MetaEntry[] {
    return this.#keys.range(prefix, afterKey, limit).map((key) => this.entry(key)!);
  }

  image(): StateImage {
    return { revision: this.#revision, rows: [...this.#rows.values()], leases: [...this.#leases] };
  }

  /** Keeps the values of `change`. */
  apply(change: Change): MetaEvent[] {
    if (change.type === 'txn') return this.#applyTxn(change.operations);
    const { leaseId } = change;
    const before = this.#leases.get(leaseId);
    if (change.type === 'grant') this.#leases.set(leaseId, change.ttlMs);
    else this.#leases.delete(leaseId);
    this.#undo.push(() => {
      if (before === undefined) this.#leases.delete(leaseId);
      else this.#leases.set(leaseId, before);
    });
    return change.type === 'grant' ? [] : this.#applyTxn(this.#deletesOf(leaseId));
  }

  /** What was applied stays. */
  keep(): void {
    this.#undo = [];
  }

  /** Takes back what was applied since the last `keep`. */
  rollBack(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
  }

  #applyTxn(operations: readonly MetaOperation[]): MetaEvent[] {
    if (operations.length === 0) return [];
    const before = this.#revision;
    this.#undo.push(() => {
      this.#revision = before;
    });
    const revision = before + 1n;
    this.#revision = revision;
    return operations.map((operation): MetaEvent => {
      const { key } = operation;
      if (operation.op === 'delete') {
        this.#delete(key);
        return { type: 'delete', key, revision };
      }
      const { value, leaseId } = operation;
      this.#set({ key, value, revision, leaseId });
      return { type: 'put', key, value: new Uint8Array(value), revision };
    });
  }

  #deletesOf(leaseId: string): MetaOperation[] {
    const rows = [...this.#rows.values()].filter((row) => row.leaseId === leaseId);
    return rows.map(({ key }) => ({ op: 'delete', key }));
  }

  #set(row: Row): void {
    const before = this.#rows.get(row.key);
    this.#rows.set(row.key, row);
    if (before === undefined) this.#keys.add(row.key);
    this.#undo.push(() => this.#restore(row.key, before));
  }

  #delete(key: string): void {
    const before = this.#rows.get(key);
    this.#rows.delete(key);
    this.#keys.delete(key);
    this.#undo.push(() => this.#restore(key, before));
  }

  #restore(key: string, row: Row | undefined): void {
    if (row === undefined) {
      this.#rows.delete(key);
      this.#keys.delete(key);
    } else {
      this.#rows.set(key, row);
      this.#keys.add(key);
    }
  }
}
