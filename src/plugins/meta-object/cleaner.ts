import { ElanusError } from '../../core/domain/errors.ts';
import type { ObjectStore } from '../../core/ports/objectStore.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import type { Snapshot } from './format.ts';
import { seqOf } from './names.ts';
import type { ObjectLog } from './objectLog.ts';
import { SNAPSHOT_AGE_MS_MIN } from './replica.ts';

const DELETES_AT_ONCE = 8;
const LIST_MS_MAX = 30_000;

/**
 * Writes snapshots and deletes what they replace, in the background. An entry goes when a snapshot that holds it has been
 * there for SNAPSHOT_AGE_MS_MIN, as seen by this process's monotonic clock; the clocks of others do not matter.
 */
export class Cleaner {
  readonly #store: ObjectStore;
  readonly #log: ObjectLog;
  readonly #deps: Pick<PluginDeps, 'clock' | 'logger'>;
  /** When this process first knew of each snapshot, on the monotonic clock. */
  readonly #seenMs = new Map<number, number>();
  #running: Promise<void> | undefined;
  #deletedUpTo = 0;
  #isStopped = false;

  constructor(store: ObjectStore, log: ObjectLog, deps: Pick<PluginDeps, 'clock' | 'logger'>) {
    this.#store = store;
    this.#log = log;
    this.#deps = deps;
  }

  /** Snapshots that exist. */
  saw(seqs: readonly number[]): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const seq of seqs) if (!this.#seenMs.has(seq)) this.#seenMs.set(seq, nowMs);
  }

  /** Begins, unless it is busy: writes `snapshot` if there is one, and deletes what is due. */
  run(snapshot: Snapshot | undefined): void {
    const upTo = this.#replacedUpTo();
    if (this.#running !== undefined || (snapshot === undefined && upTo === undefined)) return;
    this.#running = this.#work(snapshot, upTo).finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing runs; deletes no more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #work(snapshot: Snapshot | undefined, upTo: number | undefined): Promise<void> {
    try {
      if (snapshot !== undefined) {
        await this.#log.writeSnapshot(snapshot);
        this.saw([snapshot.seq]);
      }
      if (upTo !== undefined) await this.#deleteUpTo(upTo);
    } catch (caught) {
      const { text } = ElanusError.from(caught);
      this.#deps.logger.warn('the log of the catalogue was not shortened', { reason: text });
    }
  }

  /** The newest snapshot that is old enough, when that is news. */
  #replacedUpTo(): number | undefined {
    const nowMs = this.#deps.clock.monotonicMs();
    const old = [...this.#seenMs].filter(([, seenMs]) => nowMs - seenMs >= SNAPSHOT_AGE_MS_MIN);
    const upTo = Math.max(...old.map(([seq]) => seq));
    return upTo > this.#deletedUpTo ? upTo : undefined;
  }

  /** Deletes the entries up to `seq` and the snapshots before it. */
  async #deleteUpTo(seq: number): Promise<void> {
    const { log, snapshots } = this.#log.names;
    const endMs = this.#deps.clock.monotonicMs() + LIST_MS_MAX;
    const entries = await this.#log.list(log, endMs);
    const older = await this.#log.list(snapshots, endMs);
    const keys = [
      ...entries.filter(({ key }) => seqOf(key) <= seq),
      ...older.filter(({ key }) => seqOf(key) < seq),
    ].map(({ key }) => key);
    while (keys.length > 0 && !this.#isStopped)
      await Promise.all(keys.splice(0, DELETES_AT_ONCE).map((key) => this.#store.delete(key)));
    if (this.#isStopped) return;
    this.#deletedUpTo = seq;
    for (const seen of this.#seenMs.keys()) if (seen < seq) this.#seenMs.delete(seen);
  }
}
