import assert from 'node:assert/strict';
import type { MetaLease, MetaOperation, MetaStore } from '../../../src/core/ports/metaStore.ts';
import { seededNumbers, text } from '../checks.ts';
import { del, put } from './subject.ts';

interface Row {
  readonly value: string;
  readonly revision: bigint;
  readonly leaseId: string | undefined;
}

const KEYS = ['a', 'a/1', 'a/2', 'a/ü', 'b', 'b/😀', 'b/\uffff', 'c'];
const PREFIXES = ['', 'a', 'a/', 'b/', 'z'];

/** Random commands, one after another, on the store and on a Map: the answers must agree. */
export async function checkAgainstModel(store: MetaStore, seed: number, commands: number): Promise<void> {
  const run = new ModelRun(store, seed);
  for (let i = 0; i < commands; i++) await run.step();
  await run.checkAll();
}

class ModelRun {
  readonly #store: MetaStore;
  readonly #next: () => number;
  readonly #seed: number;
  readonly #rows = new Map<string, Row>();
  readonly #leases: MetaLease[] = [];
  #revision = 0n;
  #steps = 0;

  constructor(store: MetaStore, seed: number) {
    this.#store = store;
    this.#seed = seed;
    this.#next = seededNumbers(seed);
  }

  async step(): Promise<void> {
    this.#steps++;
    const kind = this.#next();
    if (kind < 0.55) await this.#txn();
    else if (kind < 0.7) await this.#get();
    else if (kind < 0.9) await this.#range();
    else if (kind < 0.95) this.#leases.push(await this.#store.lease(60_000));
    else await this.#release();
  }

  async checkAll(): Promise<void> {
    for (const key of KEYS)
      assert.deepEqual(plain(await this.#store.get(key)), this.#expected(key), this.#where(key));
  }

  async #txn(): Promise<void> {
    const compares = KEYS.filter(() => this.#next() < 0.15).map((key) => ({
      key,
      revision: this.#someRevision(key),
    }));
    const operations = KEYS.filter(() => this.#next() < 0.3).map((key) => this.#operation(key));
    const holds = compares.every(({ key, revision }) => this.#revisionOf(key) === revision);
    const result = await this.#store.txn(compares, operations);
    assert.equal(result.succeeded, holds, this.#where('txn'));
    assert.ok(result.revision >= this.#revision, this.#where('revision of txn'));
    if (holds) this.#apply(operations, result.revision);
    this.#revision = result.revision;
  }

  #apply(operations: readonly MetaOperation[], revision: bigint): void {
    for (const operation of operations) {
      if (operation.op === 'delete') this.#rows.delete(operation.key);
      else {
        assert.ok(revision > this.#revision, this.#where('a put raises the revision'));
        this.#rows.set(operation.key, {
          value: text(operation.value)!,
          revision,
          leaseId: operation.leaseId,
        });
      }
    }
  }

  async #get(): Promise<void> {
    const key = this.#pick(KEYS);
    assert.deepEqual(plain(await this.#store.get(key)), this.#expected(key), this.#where(`get ${key}`));
  }

  async #range(): Promise<void> {
    const prefix = this.#pick(PREFIXES);
    const limit = 1 + Math.floor(this.#next() * 5);
    const afterKey = this.#next() < 0.5 ? undefined : this.#pick(KEYS);
    const expected = [...this.#rows.keys()]
      .filter((key) => key.startsWith(prefix) && (afterKey === undefined || compareBytes(key, afterKey) > 0))
      .sort(compareBytes)
      .slice(0, limit);
    const found = await this.#store.range(prefix, afterKey === undefined ? { limit } : { afterKey, limit });
    assert.deepEqual(
      found.map(plain),
      expected.map((key) => this.#expected(key)),
      this.#where(`range ${prefix}`),
    );
  }

  async #release(): Promise<void> {
    const lease = this.#leases.pop();
    if (lease === undefined) return;
    await lease.release();
    for (const [key, row] of this.#rows) if (row.leaseId === lease.leaseId) this.#rows.delete(key);
  }

  #operation(key: string): MetaOperation {
    if (this.#next() < 0.3) return del(key);
    const lease = this.#next() < 0.3 ? this.#leases.at(-1) : undefined;
    return put(key, `${this.#steps}`, lease?.leaseId);
  }

  #someRevision(key: string): bigint {
    return this.#next() < 0.8 ? this.#revisionOf(key) : BigInt(Math.floor(this.#next() * 20));
  }

  #revisionOf(key: string): bigint {
    return this.#rows.get(key)?.revision ?? 0n;
  }

  #expected(key: string) {
    const row = this.#rows.get(key);
    return row && { key, value: row.value, revision: row.revision };
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#next() * items.length)]!;
  }

  #where(what: string): string {
    return `seed ${this.#seed}, command ${this.#steps}: ${what}`;
  }
}

function plain(entry: { key: string; value: Uint8Array; revision: bigint } | undefined) {
  return entry && { ...entry, value: text(entry.value) };
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
