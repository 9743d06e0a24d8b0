import type { ChannelWriter } from './channelWriter.ts';
import { pinnedFrom } from './flusher.ts';
import type { Shard } from './shard.ts';

export interface SealLimits {
  /** A growing segment is sealed when it has this many bytes. */
  readonly segmentBytesMax: number;
  /** Shards are sealed so that a log never has to keep more bytes. */
  readonly walRetainedBytesMax: number;
}

interface ChannelMark {
  readonly bytes: number;
  readonly position: string | undefined;
}

/** Says when shards are sealed without being asked: they have become large, or they hold the log back. */
export class SealPolicy {
  readonly #limits: SealLimits;
  readonly #sealedBytes = new WeakMap<Shard, number>();
  readonly #marks = new WeakMap<ChannelWriter, ChannelMark>();

  constructor(limits: SealLimits) {
    this.#limits = limits;
  }

  /** From here on bytes of the channel count. */
  know(channel: ChannelWriter): void {
    if (!this.#marks.has(channel)) this.#mark(channel);
  }

  /** Shards to seal after a write to `shard`; `shards` are all those of the channel. */
  due(shard: Shard, channel: ChannelWriter, shards: Iterable<Shard>): ReadonlySet<Shard> {
    const due = new Set<Shard>();
    if (shard.appliedBytes - (this.#sealedBytes.get(shard) ?? 0) >= this.#limits.segmentBytesMax)
      due.add(shard);
    const mark = this.#marks.get(channel);
    // Twice on the way to the limit, so that a shard that began just after one look is seen by the next.
    if (mark !== undefined && channel.appendedBytes - mark.bytes >= this.#limits.walRetainedBytesMax / 2) {
      for (const other of shards) if (holdsBack(other, mark.position)) due.add(other);
      this.#mark(channel);
    }
    for (const sealed of due) this.#sealedBytes.set(sealed, sealed.appliedBytes);
    return due;
  }

  #mark(channel: ChannelWriter): void {
    this.#marks.set(channel, { bytes: channel.appendedBytes, position: channel.lastPosition });
  }
}

/** The shard needs the log from before `position`. */
function holdsBack(shard: Shard, position: string | undefined): boolean {
  const pin = pinnedFrom(shard);
  if (pin === 'nothing') return false;
  return pin.from === undefined || (position !== undefined && pin.from <= position);
}
