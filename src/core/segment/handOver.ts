import type { SegmentInfo } from '../domain/catalog.ts';
import type { LocalSegment } from './localSegment.ts';

/**
 * Rows on their way between two roles of one process: the streaming role offers a flushed segment while it asks the query role to
 * load it, which then takes the rows as they lie in memory and reads no objects. Roles of two processes have none in common.
 */
export class HandOver {
  readonly #offers = new Map<number, LocalSegment>();

  /** Runs `load` while `local` is on offer. */
  async during<Result>(local: LocalSegment, load: () => Promise<Result>): Promise<Result> {
    this.#offers.set(local.segmentId, local);
    try {
      return await load();
    } finally {
      this.#offers.delete(local.segmentId);
    }
  }

  /** The rows that `info` describes, owned by `owner` too from now on; undefined when they are not on offer. */
  take(info: SegmentInfo, owner: string): LocalSegment | undefined {
    const local = this.#offers.get(info.segmentId);
    if (local === undefined || local.isDisposed || local.store.rows !== info.rows) return undefined;
    local.own(owner);
    return local;
  }
}
