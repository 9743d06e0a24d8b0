import { ElanusError } from '../../core/domain/errors.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { MetaEvent } from '../../core/ports/metaStore.ts';
import { corrupt, unknownOutcome } from './errors.ts';
import type { LogEntry } from './format.ts';
import type { ObjectLog } from './objectLog.ts';
import { State } from './state.ts';

/**
 * Names of entries are deleted when a snapshot that holds them is older than this (see cleaner.ts). Whoever knew the end of
 * the log less than TRUST_MS ago may take an absent name for one that was never used.
 */
export const SNAPSHOT_AGE_MS_MIN = 600_000;
const TRUST_MS = 60_000;
const READS_AT_ONCE_MAX = 16;

interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

const NEVER: Moment = { monotonicMs: Number.NEGATIVE_INFINITY, wallMs: 0 };

/** This process's copy of the catalogue, and its place in the log. One call at a time. */
export class Replica {
  readonly #log: ObjectLog;
  readonly #clock: Clock;
  readonly #onEvents: (events: readonly MetaEvent[]) => void;
  readonly #onSnapshots: (seqs: readonly number[]) => void;
  #state = new State();
  #position = 0;
  /** A moment at which no snapshot was ahead of the position. */
  #checked = NEVER;

  constructor(
    log: ObjectLog,
    clock: Clock,
    listeners: {
      readonly onEvents: (events: readonly MetaEvent[]) => void;
      /** Snapshots that exist. */
      readonly onSnapshots: (seqs: readonly number[]) => void;
    },
  ) {
    this.#log = log;
    this.#clock = clock;
    this.#onEvents = listeners.onEvents;
    this.#onSnapshots = listeners.onSnapshots;
  }

  get state(): State {
    return this.#state;
  }

  /** Number of the last entry in the state. */
  get position(): number {
    return this.#position;
  }

  /** Resolves when the state is the latest of some moment after the call. Errors: Corrupt, Unavailable, Timeout. */
  async catchUp(endMs: number): Promise<void> {
    for (let width = 1; ; width = Math.min(READS_AT_ONCE_MAX, 2 * width)) {
      if (!this.#isTrusted()) await this.#relocate(endMs);
      const asked = this.#now();
      const next = this.#position + 1;
      const entries = await Promise.all(
        Array.from({ length: width }, (_, i) => this.#log.read(next + i, endMs)),
      );
      if (!this.#isTrusted()) continue;
      for (const entry of entries) {
        if (entry === undefined) {
          this.#checked = asked;
          return;
        }
        this.#apply(entry);
      }
    }
  }

  /**
   * Writes what was applied to the state since the last entry as the next one. Otherwise the state is again that of the last
   * entry; false = it is behind the log, so catch up first.
   * Errors: Unknown, Unavailable, Timeout, Exhausted.
   */
  async append(entry: Omit<LogEntry, 'seq'>, endMs: number): Promise<boolean> {
    const seq = this.#position + 1;
    try {
      const asked = this.#now();
      if (!this.#isTrusted() || !(await this.#log.append({ ...entry, seq }, endMs))) {
        this.#state.rollBack();
        return false;
      }
      if (!this.#isTrusted()) await this.#checkNeverUsed(seq, endMs);
      this.#checked = asked;
    } catch (caught) {
      this.#state.rollBack();
      throw caught;
    }
    this.#state.keep();
    this.#position = seq;
    return true;
  }

  #apply(entry: LogEntry): void {
    const seq = this.#position + 1;
    if (entry.seq !== seq || entry.baseRevision !== this.#state.revision) {
      throw corrupt(this.#log.names.entry(seq), 'an entry of the log does not follow the one before');
    }
    const events = entry.changes.flatMap((change) => this.#state.apply(change));
    this.#state.keep();
    this.#position = seq;
    this.#onEvents(events);
  }

  /** Goes on from the newest snapshot if that is ahead, because entries before it may be gone. */
  async #relocate(endMs: number): Promise<void> {
    for (;;) {
      const asked = this.#now();
      const seqs = await this.#log.snapshots(endMs);
      this.#onSnapshots(seqs);
      const newest = seqs.at(-1) ?? 0;
      if (newest > this.#position && !(await this.#load(newest, endMs))) continue;
      const first = (await this.#log.firstEntry(endMs)) ?? 0;
      this.#checked = asked;
      if (!this.#isTrusted()) continue;
      if (first <= this.#position + 1) return;
      throw corrupt(this.#log.names.entry(this.#position + 1), 'entries of the log are missing');
    }
  }

  /** Whether the snapshot was there: a newer one may have taken its place. */
  async #load(seq: number, endMs: number): Promise<boolean> {
    const snapshot = await this.#log.readSnapshot(seq, endMs);
    if (snapshot === undefined) return false;
    this.#state = new State(snapshot);
    this.#position = seq;
    this.#onEvents([{ type: 'resync', revision: snapshot.revision }]);
    return true;
  }

  /** After a put that took so long that the name may have been used and deleted meanwhile. */
  async #checkNeverUsed(seq: number, endMs: number): Promise<void> {
    try {
      const newest = (await this.#log.snapshots(endMs)).at(-1) ?? 0;
      if (newest >= seq) throw new ElanusError('Unknown', 'this process stood still while it wrote');
    } catch (caught) {
      throw unknownOutcome(ElanusError.from(caught));
    }
  }

  #isTrusted(): boolean {
    const { monotonicMs, wallMs } = this.#now();
    // The monotonic clock may stand still while the machine sleeps.
    const ageMs = Math.max(monotonicMs - this.#checked.monotonicMs, wallMs - this.#checked.wallMs);
    return ageMs < TRUST_MS;
  }

  #now(): Moment {
    return { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.nowMs() };
  }
}
