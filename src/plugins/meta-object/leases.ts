import { ElanusError } from '../../core/domain/errors.ts';
import type { MetaLease } from '../../core/ports/metaStore.ts';
import type { ObjectStore } from '../../core/ports/objectStore.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import { nothingHappened } from './errors.ts';
import type { Names } from './names.ts';
import type { Sequencer } from './sequencer.ts';

export interface LeaseParts {
  readonly store: ObjectStore;
  readonly names: Names;
  readonly sequencer: Sequencer;
  readonly deps: Pick<PluginDeps, 'clock' | 'logger' | 'random'>;
  /** When a call that begins now must be answered. */
  readonly endMs: () => number;
  /** Errors: Closed. */
  readonly checkOpen: () => void;
}

/** Renewals in one ttl. */
const RENEWALS = 3;
const PAUSE_AFTER_FAILURE_MS = 200;

/**
 * The leases that this process holds. A lease begins and ends with an entry of the log; in between its holder overwrites an
 * object again and again. A process that sees no change of that object for the ttl ends the lease (leaseMonitor.ts).
 */
export class HeldLeases {
  readonly #parts: LeaseParts;
  readonly #held = new Map<string, HeldLease>();

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  has(leaseId: string): boolean {
    return this.#held.has(leaseId);
  }

  async grant(requestedMs: number): Promise<MetaLease> {
    const { deps, sequencer, endMs } = this.#parts;
    const ttlMs = Math.ceil(requestedMs);
    const leaseId = deps.random.uuid();
    const lease = new HeldLease(this.#parts, leaseId, ttlMs, () => this.#held.delete(leaseId));
    this.#held.set(leaseId, lease);
    try {
      await lease.touch();
      await sequencer.write(endMs(), 0, (_state, apply) => apply({ type: 'grant', leaseId, ttlMs }));
    } catch (caught) {
      // If it is in the log after all, it ends like that of a dead process.
      this.#held.delete(leaseId);
      throw nothingHappened(ElanusError.from(caught));
    }
    lease.begin();
    return lease;
  }

  /** Ends all of them. One that cannot be ended now is ended by another process after its ttl. */
  async close(endMs: number): Promise<void> {
    const close = async (lease: HeldLease): Promise<void> => {
      try {
        await lease.end(endMs);
      } catch (caught) {
        const { text } = ElanusError.from(caught);
        this.#parts.deps.logger.warn('a lease was not released and ends after its ttl', { reason: text });
      }
      lease.lose();
    };
    await Promise.all([...this.#held.values()].map(close));
  }
}

class HeldLease implements MetaLease {
  readonly leaseId: string;
  readonly #parts: LeaseParts;
  readonly #ttlMs: number;
  readonly #onEnd: () => void;
  readonly #lost = new AbortController();
  readonly #stopped = new AbortController();
  /** When the last renewal that succeeded was begun; others count from a later moment. */
  #renewedMs = Number.NEGATIVE_INFINITY;
  #renewals = 0;
  #hasEnded = false;

  constructor(parts: LeaseParts, leaseId: string, ttlMs: number, onEnd: () => void) {
    this.#parts = parts;
    this.leaseId = leaseId;
    this.#ttlMs = ttlMs;
    this.#onEnd = onEnd;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  begin(): void {
    void this.#renewForEver();
    void this.#loseInTime();
  }

  async release(): Promise<void> {
    this.#parts.checkOpen();
    await this.end(this.#parts.endMs());
  }

  /** When it rejects, the lease still ends after its ttl, and may be ended again. */
  async end(endMs: number): Promise<void> {
    const { leaseId } = this;
    const { sequencer, store, names, deps } = this.#parts;
    this.#stopped.abort();
    if (this.#hasEnded) return;
    await sequencer.write(endMs, 0, (state, apply) => {
      if (state.leases.has(leaseId)) apply({ type: 'end', leaseId });
    });
    this.#hasEnded = true;
    this.#onEnd();
    await store.delete(names.lease(leaseId)).catch((caught: unknown) => {
      deps.logger.info('the object of a lease was not deleted', { reason: ElanusError.from(caught).text });
    });
  }

  lose(): void {
    this.#stopped.abort();
    this.#onEnd();
    this.#lost.abort();
  }

  /** Overwrites the object with another content: stores may call equal contents one version. */
  async touch(): Promise<void> {
    const { store, names, deps } = this.#parts;
    const begunMs = deps.clock.monotonicMs();
    this.#renewals++;
    await store.put(names.lease(this.leaseId), Buffer.from(`${this.#ttlMs} ms, renewal ${this.#renewals}`));
    this.#renewedMs = begunMs;
  }

  async #renewForEver(): Promise<void> {
    const periodMs = this.#ttlMs / RENEWALS;
    for (let pauseMs = periodMs; await this.#sleep(pauseMs); ) {
      pauseMs = (await this.#renew(periodMs)) ? periodMs : Math.min(periodMs, PAUSE_AFTER_FAILURE_MS);
    }
  }

  /** Whether it succeeded. */
  async #renew(timeoutMs: number): Promise<boolean> {
    const { deps, sequencer } = this.#parts;
    try {
      await this.touch();
      const endMs = deps.clock.monotonicMs() + timeoutMs;
      if (!(await sequencer.read(endMs, ({ leases }) => leases.has(this.leaseId)))) this.lose();
      return true;
    } catch (caught) {
      deps.logger.warn('a lease could not be renewed', { reason: ElanusError.from(caught).text });
      return false;
    }
  }

  /** By this process's own clock, whatever hangs: nobody else may find out earlier that the lease has ended. */
  async #loseInTime(): Promise<void> {
    for (;;) {
      const leftMs = this.#renewedMs + this.#ttlMs - this.#parts.deps.clock.monotonicMs();
      if (leftMs <= 0) return this.lose();
      if (!(await this.#sleep(leftMs))) return;
    }
  }

  /** Whether the lease is still held after it. */
  #sleep(delayMs: number): Promise<boolean> {
    const { signal } = this.#stopped;
    return this.#parts.deps.clock.sleep(delayMs, signal).then(
      () => !signal.aborted,
      () => false,
    );
  }
}
