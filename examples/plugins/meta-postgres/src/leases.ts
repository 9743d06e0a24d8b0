import { type Clock, ElanusError, type Logger, type MetaLease, type Random } from 'elanus/plugin';
import type { Database } from './database.ts';

const BEAT_MS_MAX = 1_000;
/** A lease is renewed so often within its time. */
const BEATS_PER_TTL = 4;

interface OwnLease {
  readonly ttlMs: number;
  readonly lost: AbortController;
  /** On the monotonic clock: when the server may have ended it, for want of a renewal. */
  endsMs: number;
}

export interface LeaseDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The leases of one store: renews its own, and ends those of others whose time has passed. */
export class Leases {
  readonly #database: Database;
  readonly #deps: LeaseDeps;
  readonly #onBeat: () => void;
  readonly #own = new Map<string, OwnLease>();
  readonly #stop = new AbortController();
  #wakeUp = new AbortController();
  readonly #beating: Promise<void>;

  /** Calls `onBeat` at every beat. */
  constructor(database: Database, deps: LeaseDeps, onBeat: () => void) {
    this.#database = database;
    this.#deps = deps;
    this.#onBeat = onBeat;
    this.#beating = this.#beat();
  }

  async take(ttlMs: number): Promise<MetaLease> {
    const leaseId = this.#deps.random.uuid();
    const lost = new AbortController();
    const endsMs = this.#deps.clock.monotonicMs() + ttlMs;
    await this.#database.change(
      'lease',
      "INSERT INTO leases VALUES ($1, clock_timestamp() + $2 * interval '1 millisecond')",
      [leaseId, ttlMs],
    );
    this.#own.set(leaseId, { ttlMs, lost, endsMs });
    // The beat may have to become faster.
    this.#wakeUp.abort();
    return { leaseId, lost: lost.signal, release: () => this.#release(leaseId) };
  }

  /** Ends all of them; their holders are told. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wakeUp.abort();
    await this.#beating;
    const own = [...this.#own];
    this.#own.clear();
    for (const [, { lost }] of own) lost.abort();
    if (own.length > 0) await this.#end(own.map(([leaseId]) => leaseId));
  }

  async #release(leaseId: string): Promise<void> {
    this.#database.checkOpen();
    if (this.#own.delete(leaseId)) await this.#end([leaseId]);
  }

  async #end(leaseIds: readonly string[]): Promise<void> {
    await this.#database.change('release', 'SELECT end_leases($1)', [leaseIds]);
  }

  async #beat(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#pause();
      if (this.#stop.signal.aborted) return;
      try {
        await this.#renew();
        const [expired] = await this.#database.read(
          'leases',
          'SELECT FROM leases WHERE ends <= clock_timestamp() LIMIT 1',
        );
        if (expired !== undefined) await this.#database.change('leases', 'SELECT end_leases(NULL)');
      } catch (caught) {
        this.#deps.logger.warn('leases cannot be renewed', { reason: ElanusError.from(caught).text });
      }
      this.#giveUpLate();
      this.#onBeat();
    }
  }

  async #renew(): Promise<void> {
    for (const [leaseId, lease] of [...this.#own]) {
      const sentMs = this.#deps.clock.monotonicMs();
      const renewed = await this.#database.change(
        'renew',
        "UPDATE leases SET ends = clock_timestamp() + $2 * interval '1 millisecond' WHERE lease = $1 AND ends > clock_timestamp() RETURNING 1",
        [leaseId, lease.ttlMs],
      );
      if (renewed.length > 0) lease.endsMs = sentMs + lease.ttlMs;
      else this.#lose(leaseId);
    }
  }

  #giveUpLate(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const [leaseId, { endsMs }] of [...this.#own]) if (endsMs <= nowMs) this.#lose(leaseId);
  }

  #lose(leaseId: string): void {
    this.#own.get(leaseId)?.lost.abort();
    this.#own.delete(leaseId);
  }

  async #pause(): Promise<void> {
    this.#wakeUp = new AbortController();
    const shortestMs = Math.min(...[...this.#own.values()].map(({ ttlMs }) => ttlMs / BEATS_PER_TTL));
    try {
      await this.#deps.clock.sleep(Math.min(BEAT_MS_MAX, shortestMs), this.#wakeUp.signal);
    } catch (caught) {
      if (ElanusError.from(caught).kind !== 'Closed') throw caught;
    }
  }
}
