import { ElanusError } from '../../core/domain/errors.ts';
import type { HeldLeases, LeaseParts } from './leases.ts';
import type { ObjectLog } from './objectLog.ts';

/** Looks in the shortest ttl. */
const LOOKS = 4;
const PERIOD_MS_MIN = 50;
const PERIOD_MS_MAX = 5_000;
/** Two monotonic clocks may differ by so much. */
const DRIFT = 1.01;
/** Objects of no lease, which a renewal that came late has left, go after this; a grant takes less. */
const LEFT_MS_MIN = 600_000;
const ABSENT = '';

type ForeignLease = readonly [leaseId: string, ttlMs: number];

interface Sighting {
  readonly version: string;
  readonly sinceMs: number;
}

/**
 * Ends the leases of other processes whose objects have not changed for their ttl, measured from when this process first saw
 * their last version: so never before their holder knows, and clocks are not compared. Rests while there are none.
 */
export class LeaseMonitor {
  readonly #parts: LeaseParts;
  readonly #log: ObjectLog;
  readonly #held: HeldLeases;
  readonly #stopped = new AbortController();
  readonly #sightings = new Map<string, Sighting>();
  #isRunning = false;

  constructor(parts: LeaseParts, log: ObjectLog, held: HeldLeases) {
    this.#parts = parts;
    this.#log = log;
    this.#held = held;
  }

  /** Says that there are such leases, or were. */
  wake(leases: ReadonlyMap<string, number>): void {
    if (this.#isRunning || this.#stopped.signal.aborted || this.#foreign(leases).length === 0) return;
    this.#isRunning = true;
    void this.#run();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #run(): Promise<void> {
    const { sequencer, deps, endMs } = this.#parts;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      let periodMs = PERIOD_MS_MAX;
      try {
        const foreign = await sequencer.read(endMs(), ({ leases }) => this.#foreign(leases));
        if (foreign.length === 0) break;
        periodMs = Math.min(PERIOD_MS_MAX, ...foreign.map(([, ttlMs]) => ttlMs / LOOKS));
        await this.#look(foreign);
      } catch (caught) {
        deps.logger.warn('leases could not be looked at', { reason: ElanusError.from(caught).text });
      }
      await deps.clock.sleep(Math.max(PERIOD_MS_MIN, periodMs), signal).catch(() => undefined);
    }
    this.#sightings.clear();
    this.#isRunning = false;
  }
  async #look(foreign: readonly ForeignLease[]): Promise<void> {
    const { sequencer, deps, names, store, endMs } = this.#parts;
    const askedMs = deps.clock.monotonicMs();
    const infos = await this.#log.list(names.leases, endMs());
    const found = infos.map(({ key, version }) => [key.slice(names.leases.length), version] as const);
    this.#sight(new Map([...foreign.map(([leaseId]) => [leaseId, ABSENT] as const), ...found]));
    const ended = foreign.filter(([id, ttlMs]) => this.#unchangedMs(id, askedMs) >= ttlMs * DRIFT);
    if (ended.length > 0) {
      await sequencer.write(endMs(), 0, ({ leases }, apply) => {
        for (const [leaseId] of ended) if (leases.has(leaseId)) apply({ type: 'end', leaseId });
      });
    }
    const known = new Set(foreign.map(([leaseId]) => leaseId));
    const left = found.filter(
      ([id]) => !known.has(id) && !this.#held.has(id) && this.#unchangedMs(id, askedMs) >= LEFT_MS_MIN,
    );
    for (const [leaseId] of [...ended, ...left]) await store.delete(names.lease(leaseId));
  }

  #sight(versions: ReadonlyMap<string, string>): void {
    const nowMs = this.#parts.deps.clock.monotonicMs();
    for (const leaseId of this.#sightings.keys()) if (!versions.has(leaseId)) this.#sightings.delete(leaseId);
    for (const [leaseId, version] of versions) {
      if (this.#sightings.get(leaseId)?.version === version) continue;
      this.#sightings.set(leaseId, { version, sinceMs: nowMs });
    }
  }

  /** How long the object had been the same when it was asked for. */
  #unchangedMs(leaseId: string, askedMs: number): number {
    return askedMs - this.#sightings.get(leaseId)!.sinceMs;
  }

  #foreign(leases: ReadonlyMap<string, number>): ForeignLease[] {
    return [...leases].filter(([leaseId]) => !this.#held.has(leaseId));
  }
}
