import { ElanusError } from '../../core/domain/errors.ts';
import type { MetaCompare, MetaEvent, MetaOperation, MetaTxnResult } from '../../core/ports/metaStore.ts';
import type { Change, LmdbFile } from './lmdbFile.ts';
import { encodeEntry } from './records.ts';

/** Bounds of one commit, so that a crowd does not make its first caller wait for all of it. */
const COMMIT_TXNS_MAX = 512;
const COMMIT_BYTES_MAX = 4 * 1024 * 1024;

interface Pending {
  readonly bytes: number;
  /** Decides and changes `batch`; runs when its turn comes. */
  readonly apply: (batch: Batch) => MetaTxnResult;
  readonly settled: PromiseWithResolvers<MetaTxnResult>;
}

/** One commit in the making: its changes lie over what is in the file. */
interface Batch {
  revision: bigint;
  readonly changes: Map<string, Change>;
  readonly revisions: Map<string, bigint>;
  /** Lease of a key that this batch wrote; undefined = none. */
  readonly leases: Map<string, string | undefined>;
  readonly events: MetaEvent[];
}

/**
 * Orders txns and commits them in groups: while one commit is on its way to the disk, callers gather for the next.
 * Compares are evaluated in that order, on the file and the changes before them in the same commit.
 */
export class TxnQueue {
  readonly #file: LmdbFile;
  readonly #hasLease: (leaseId: string) => boolean;
  readonly #publish: (events: readonly MetaEvent[]) => void;
  readonly #leaseOfKey = new Map<string, string>();
  #pending: Pending[] = [];
  #running: Promise<void> | undefined;

  constructor(
    file: LmdbFile,
    hasLease: (leaseId: string) => boolean,
    publish: (events: readonly MetaEvent[]) => void,
  ) {
    this.#file = file;
    this.#hasLease = hasLease;
    this.#publish = publish;
  }

  /** `operations` are copied before this returns. */
  submit(
    compares: readonly MetaCompare[],
    operations: readonly MetaOperation[],
    bytes: number,
  ): Promise<MetaTxnResult> {
    const wanted = [...compares];
    const copies = operations.map((operation) =>
      operation.op === 'put' ? { ...operation, value: new Uint8Array(operation.value) } : operation,
    );
    return this.#enqueue(bytes, (batch) => {
      const holds = wanted.every(({ key, revision }) => this.#revisionOf(batch, key) === revision);
      if (holds) this.#change(batch, copies);
      return { succeeded: holds, revision: batch.revision };
    });
  }

  /** Deletes the keys of a lease that hasLease no longer knows. */
  async endLease(leaseId: string): Promise<void> {
    await this.#enqueue(0, (batch) => {
      const keys = new Set<string>();
      for (const [key, owner] of this.#leaseOfKey) if (owner === leaseId) keys.add(key);
      for (const [key, owner] of batch.leases) {
        if (owner === leaseId) keys.add(key);
        else keys.delete(key);
      }
      this.#change(batch, deletesOf(keys));
      return { succeeded: true, revision: batch.revision };
    });
  }

  async deleteKeys(keys: Iterable<string>): Promise<void> {
    await this.#enqueue(0, (batch) => {
      this.#change(batch, deletesOf(keys));
      return { succeeded: true, revision: batch.revision };
    });
  }

  /** Resolves when nothing waits and no commit is on its way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #enqueue(bytes: number, apply: (batch: Batch) => MetaTxnResult): Promise<MetaTxnResult> {
    const settled = Promise.withResolvers<MetaTxnResult>();
    this.#pending.push({ bytes, apply, settled });
    this.#running ??= this.#run();
    return settled.promise;
  }

  async #run(): Promise<void> {
    // Callers of one turn share a commit.
    await Promise.resolve();
    while (this.#pending.length > 0) await this.#commit(this.#take());
    this.#running = undefined;
  }

  #take(): Pending[] {
    let bytes = 0;
    let count = 0;
    for (const pending of this.#pending) {
      bytes += pending.bytes;
      if (count > 0 && (bytes > COMMIT_BYTES_MAX || count === COMMIT_TXNS_MAX)) break;
      count++;
    }
    return this.#pending.splice(0, count);
  }

  /** Nobody gets an answer before the commit: a failed compare too may rest on a change that is not yet durable. */
  async #commit(group: readonly Pending[]): Promise<void> {
    const answers: (() => void)[] = [];
    try {
      const before = this.#file.revision();
      const batch: Batch = {
        revision: before,
        changes: new Map(),
        revisions: new Map(),
        leases: new Map(),
        events: [],
      };
      for (const pending of group) answers.push(decide(pending, batch));
      if (batch.revision !== before) await this.#file.commit(batch.revision, batch.changes);
      this.#keepLeases(batch);
      for (const answer of answers) answer();
      this.#publish(batch.events);
    } catch (caught) {
      for (const { settled } of group) settled.reject(ElanusError.from(caught));
    }
  }

  #keepLeases(batch: Batch): void {
    for (const [key, leaseId] of batch.leases) {
      if (leaseId === undefined) this.#leaseOfKey.delete(key);
      else this.#leaseOfKey.set(key, leaseId);
    }
  }

  #revisionOf(batch: Batch, key: string): bigint {
    return batch.revisions.get(key) ?? this.#file.revisionOf(key);
  }

  /** Changes nothing when it throws. A txn that only deletes what is absent is no change. */
  #change(batch: Batch, operations: readonly MetaOperation[]): void {
    for (const operation of operations) this.#checkLease(operation);
    const changes = operations.filter(({ op, key }) => op === 'put' || this.#revisionOf(batch, key) !== 0n);
    if (changes.length === 0) return;
    const revision = ++batch.revision;
    for (const change of changes) {
      const { key } = change;
      if (change.op === 'put') {
        const { value, leaseId } = change;
        batch.changes.set(key, { record: encodeEntry(revision, value), leased: leaseId !== undefined });
        batch.revisions.set(key, revision);
        batch.leases.set(key, leaseId);
        batch.events.push({ type: 'put', key, value, revision });
      } else {
        batch.changes.set(key, { record: undefined, leased: false });
        batch.revisions.set(key, 0n);
        batch.leases.set(key, undefined);
        batch.events.push({ type: 'delete', key, revision });
      }
    }
  }

  #checkLease(operation: MetaOperation): void {
    if (operation.op !== 'put' || operation.leaseId === undefined || this.#hasLease(operation.leaseId))
      return;
    throw new ElanusError('NotFound', 'lease has ended', { context: { leaseId: operation.leaseId } });
  }
}

/** The answer of one txn, to be given when the commit is durable. */
function decide(pending: Pending, batch: Batch): () => void {
  try {
    const result = pending.apply(batch);
    return () => pending.settled.resolve(result);
  } catch (caught) {
    return () => pending.settled.reject(ElanusError.from(caught));
  }
}

function deletesOf(keys: Iterable<string>): MetaOperation[] {
  return Array.from(keys, (key) => ({ op: 'delete', key }));
}
