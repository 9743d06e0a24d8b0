import { ElanusError } from '../domain/errors.ts';
import type { MetaCompare, MetaEntry, MetaOperation, MetaStore } from '../ports/metaStore.ts';
import { decodeJson, encodeJson } from './documentPages.ts';
import { TERM_KEY } from './keys.ts';

/** One key of a guarded write. `expected` undefined = not compared; `value` undefined = deleted; 'keep' = compared only. */
export interface GuardedChange {
  readonly key: string;
  readonly expected: bigint | undefined;
  readonly value: Uint8Array | undefined | 'keep';
}

const TAKE_OVER_TRIES = 10;
const RANGE_LIMIT = 1_000;

/**
 * The meta store as one coordinator sees it. Every write compares the coordinator's term too, so that of two active
 * coordinators only the one that started last can change anything.
 */
export class CatalogStore {
  readonly #meta: MetaStore;
  #termRevision = 0n;
  #fenced = false;
  #uncertain = false;
  #writesDone = 0;

  constructor(meta: MetaStore) {
    this.#meta = meta;
  }

  /** Writes that ended since the start: a reader of many keys sees whether one came between. */
  get writesDone(): number {
    return this.#writesDone;
  }

  /** A write may have happened although its caller got an error: memory has to be read again. */
  get uncertain(): boolean {
    return this.#uncertain;
  }

  settled(): void {
    this.#uncertain = false;
  }

  doubt(): void {
    this.#uncertain = true;
  }

  /** Raises the coordinator's term and so fences every other one. Returns the term. */
  async takeOver(): Promise<number> {
    for (let attempt = 0; attempt < TAKE_OVER_TRIES; attempt++) {
      const entry = await this.#meta.get(TERM_KEY);
      const term = (entry === undefined ? 0 : (decodeJson(TERM_KEY, entry.value) as number)) + 1;
      const result = await this.#meta.txn(
        [{ key: TERM_KEY, revision: entry?.revision ?? 0n }],
        [{ op: 'put', key: TERM_KEY, value: encodeJson(term) }],
      );
      if (result.succeeded) {
        this.#termRevision = result.revision;
        return term;
      }
    }
    throw new ElanusError('Unavailable', 'other coordinators keep taking the catalogue over', {
      context: { tries: TAKE_OVER_TRIES },
    });
  }

  async read(key: string): Promise<MetaEntry | undefined> {
    return this.#meta.get(key);
  }

  /** All entries with `prefix`, in key order. */
  async readAll(prefix: string): Promise<MetaEntry[]> {
    const entries: MetaEntry[] = [];
    for (;;) {
      const last = entries.at(-1);
      const page = await this.#meta.range(prefix, {
        limit: RANGE_LIMIT,
        ...(last === undefined ? {} : { afterKey: last.key }),
      });
      for (const entry of page) entries.push(entry);
      if (page.length < RANGE_LIMIT) return entries;
    }
  }

  /**
   * One txn; returns the revision that the put keys now have.
   * Errors: Fenced (another coordinator is active), Unavailable (nothing happened), Unknown, those of the meta store.
   */
  async write(changes: readonly GuardedChange[]): Promise<bigint> {
    if (this.#fenced) throw fencedError();
    const compares: MetaCompare[] = [{ key: TERM_KEY, revision: this.#termRevision }];
    const operations: MetaOperation[] = [];
    for (const { key, expected, value } of changes) {
      if (expected !== undefined) compares.push({ key, revision: expected });
      if (value === 'keep') continue;
      operations.push(value === undefined ? { op: 'delete', key } : { op: 'put', key, value });
    }
    try {
      const result = await this.#meta.txn(compares, operations);
      if (result.succeeded) return result.revision;
    } catch (caught) {
      const error = ElanusError.from(caught);
      if (error.kind !== 'Unknown') throw error;
      this.#uncertain = true;
      return this.#revisionIfWritten(changes, error);
    } finally {
      this.#writesDone++;
    }
    throw await this.#lostCompare();
  }

  /** After an unknown outcome: the revision of our write if it is there, else `error`. */
  async #revisionIfWritten(changes: readonly GuardedChange[], error: ElanusError): Promise<bigint> {
    for (const { key, value } of changes) {
      if (value === undefined || value === 'keep') continue;
      const entry = await this.#meta.get(key);
      if (entry !== undefined && sameBytes(entry.value, value)) return entry.revision;
      break;
    }
    throw error;
  }

  async #lostCompare(): Promise<ElanusError> {
    const entry = await this.#meta.get(TERM_KEY);
    if (entry?.revision !== this.#termRevision) {
      this.#fenced = true;
      return fencedError();
    }
    // Only an own write that seemed lost can have changed the key.
    this.#uncertain = true;
    return new ElanusError('Unavailable', 'the catalogue entry changed underneath; try again');
  }
}

function fencedError(): ElanusError {
  return new ElanusError('Fenced', 'another coordinator has taken the catalogue over');
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
