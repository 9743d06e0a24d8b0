import { ElanusError, type ErrorKind } from '../../core/domain/errors.ts';
import type { ObjectInfo, ObjectStore } from '../../core/ports/objectStore.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import { isKind, isPassing, unknownOutcome } from './errors.ts';
import {
  decodeEntry,
  decodeSnapshot,
  encodeEntry,
  encodeSnapshot,
  type LogEntry,
  type Snapshot,
} from './format.ts';
import { Names, seqOf } from './names.ts';

type LogDeps = Pick<PluginDeps, 'clock' | 'crypto' | 'random'>;

const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 1_000;
const PAGE_KEYS = 1_000;

/** Entries and snapshots as objects. `endMs`, on the monotonic clock, is when to stop asking a store that does not answer. */
export class ObjectLog {
  readonly names: Names;
  readonly #store: ObjectStore;
  readonly #deps: LogDeps;

  constructor(store: ObjectStore, prefix: string, deps: LogDeps) {
    this.names = new Names(prefix);
    this.#store = store;
    this.#deps = deps;
  }

  /** The entry `seq`, or undefined. Errors: Corrupt, Unavailable, Timeout. */
  async read(seq: number, endMs: number): Promise<LogEntry | undefined> {
    const key = this.names.entry(seq);
    const content = await this.#content(key, endMs);
    return content && decodeEntry(content, key, this.#deps.crypto);
  }

  /**
   * Makes `entry` the one with its number, if there is none. Whether it is. When an answer was lost, the object tells by its
   * put id; and asking again does no harm, because only one put of that name can succeed.
   * Errors: Unknown (it may become the entry yet), Unavailable, Timeout, Exhausted (it will not).
   */
  async append(entry: LogEntry, endMs: number): Promise<boolean> {
    const key = this.names.entry(entry.seq);
    const bytes = encodeEntry(entry, this.#deps.crypto);
    let isOnItsWay = false;
    const attempt = async (): Promise<boolean> => {
      try {
        await this.#inTime(endMs, 'Unknown', () => this.#store.putIfAbsent(key, bytes));
        return true;
      } catch (caught) {
        const isUnknown = isKind(caught, 'Unknown');
        if (!isUnknown && !isKind(caught, 'AlreadyExists')) throw caught;
        // An adapter that asks again by itself may meet its own object.
        isOnItsWay = true;
        const found = await this.read(entry.seq, endMs);
        if (found === undefined && isUnknown) throw caught;
        return found?.putId === entry.putId;
      }
    };
    try {
      return await this.#retry(endMs, attempt);
    } catch (caught) {
      const error = ElanusError.from(caught);
      throw isOnItsWay ? unknownOutcome(error) : error;
    }
  }

  /** Numbers of the snapshots, ascending. */
  async snapshots(endMs: number): Promise<number[]> {
    const infos = await this.list(this.names.snapshots, endMs);
    return infos.map(({ key }) => seqOf(key));
  }

  async readSnapshot(seq: number, endMs: number): Promise<Snapshot | undefined> {
    const key = this.names.snapshot(seq);
    const content = await this.#content(key, endMs);
    return content && decodeSnapshot(content, key, this.#deps.crypto);
  }

  /** Errors: those of ObjectStore.put. */
  async writeSnapshot(snapshot: Snapshot): Promise<void> {
    const bytes = await encodeSnapshot(snapshot, this.#deps.crypto);
    await this.#store.put(this.names.snapshot(snapshot.seq), bytes);
  }

  /** Number of the oldest entry that is still there. */
  async firstEntry(endMs: number): Promise<number | undefined> {
    const [first] = await this.#ask(endMs, () => this.#store.list(this.names.log, { limit: 1 }));
    return first && seqOf(first.key);
  }

  /** All objects whose keys begin with `prefix`. */
  async list(prefix: string, endMs: number): Promise<ObjectInfo[]> {
    const infos: ObjectInfo[] = [];
    for (let last: ObjectInfo | undefined; ; last = infos.at(-1)) {
      const after = last === undefined ? {} : { afterKey: last.key };
      const page = await this.#ask(endMs, () => this.#store.list(prefix, { ...after, limit: PAGE_KEYS }));
      infos.push(...page);
      if (page.length < PAGE_KEYS) return infos;
    }
  }

  async #content(key: string, endMs: number): Promise<Uint8Array | undefined> {
    try {
      return (await this.#ask(endMs, () => this.#store.get(key))).content;
    } catch (caught) {
      if (isKind(caught, 'NotFound')) return undefined;
      throw caught;
    }
  }

  #ask<Result>(endMs: number, read: () => Promise<Result>): Promise<Result> {
    return this.#retry(endMs, () => this.#inTime(endMs, 'Timeout', read));
  }

  /** Waits no longer than until `endMs` for a call, which may take as long as the object store lets it. */
  async #inTime<Result>(endMs: number, late: ErrorKind, call: () => Promise<Result>): Promise<Result> {
    const { clock } = this.#deps;
    const answered = new AbortController();
    const leftMs = Math.max(0, endMs - clock.monotonicMs());
    const timer = clock.sleep(leftMs, answered.signal).then(() => {
      throw new ElanusError(late, 'the object store did not answer in time');
    });
    try {
      return await Promise.race([call(), timer]);
    } finally {
      answered.abort();
    }
  }

  async #retry<Result>(endMs: number, call: () => Promise<Result>): Promise<Result> {
    const { clock, random } = this.#deps;
    for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(PAUSE_MS_MAX, 2 * pauseMs)) {
      try {
        return await call();
      } catch (caught) {
        const error = ElanusError.from(caught);
        const waitMs = pauseMs * (0.5 + random.next() / 2);
        if (!isPassing(error) || clock.monotonicMs() + waitMs > endMs) throw error;
        await clock.sleep(waitMs);
      }
    }
  }
}
