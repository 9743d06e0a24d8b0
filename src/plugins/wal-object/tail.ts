import type { Clock } from '../../core/ports/clock.ts';
import type { WalEntry, WalPosition } from '../../core/ports/wal.ts';
import type { Block } from './block.ts';
import type { ChannelObjects } from './channelObjects.ts';
import type { WalObjectConfig } from './config.ts';
import type { Feed } from './feed.ts';
import { compareSpots, type Spot } from './names.ts';
import { chainAt, chainFrom, entriesOf, recordsOfChain } from './reader.ts';

export interface TailParts {
  readonly objects: ChannelObjects;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly config: WalObjectConfig;
  /** Ends the tail. */
  readonly signal: AbortSignal;
  /** Of the log. */
  readonly closed: AbortSignal;
}

/** So often a poll looks at the cut too, which may have come by. */
const POLLS_PER_LISTING = 20;

/**
 * Reads the store to its end, then takes what the writer of this process makes durable as long as that follows on without
 * a gap; polls for the next object otherwise, and goes back to the store when it is there.
 */
export async function* tailRecords(
  parts: TailParts,
  from: WalPosition | undefined,
): AsyncGenerator<WalEntry, void> {
  const { objects, config, closed } = parts;
  const ended = AbortSignal.any([parts.signal, closed]);
  let chain = await chainFrom(objects, from, false);
  while (!ended.aborted) {
    for await (const entry of recordsOfChain(objects, chain, config.readAheadBytes, closed)) {
      yield entry;
      if (parts.signal.aborted) return;
    }
    let next = chain.end;
    for (
      let block = await nextFed(parts, next, ended);
      block !== undefined;
      block = await nextFed(parts, next, ended)
    ) {
      for (const entry of entriesOf(objects, block, 0)) {
        yield entry;
        if (ended.aborted) return;
      }
      next = { term: next.term, seq: next.seq + 1 };
    }
    if (!ended.aborted) chain = await chainAt(objects, { ...next, index: 0 });
  }
}

/** The block `next` from the feed; undefined when the store must be looked at, or at the end. */
async function nextFed(parts: TailParts, next: Spot, ended: AbortSignal): Promise<Block | undefined> {
  const { objects, feed, clock, config } = parts;
  for (let polls = 1; !ended.aborted; ) {
    const block = feed.take();
    if (block === undefined) {
      await feed.wait(clock, config.pollIntervalMs, ended);
      if (ended.aborted || !feed.isEmpty) continue;
      if (polls++ % POLLS_PER_LISTING === 0 || (await objects.exists(next))) return undefined;
      continue;
    }
    const order = compareSpots(block, next);
    if (order === 0) return block;
    if (order > 0) return undefined;
  }
  return undefined;
}
