import { requireEnd, retryVanished, walk } from './chain.ts';
import type { ChannelObjects } from './channelObjects.ts';
import { placeBehind } from './cut.ts';
import { fenced, throwIfAborted } from './errors.ts';
import { KIND_BLOCK, KIND_FENCE } from './header.ts';
import { comparePlaces, compareSpots, type Place, ROOT, type Spot } from './names.ts';

/** Further than any writer has uploads under way. */
const LEAD = 64;

/**
 * Puts `term` at the end of the chain of terms: a fence that names it, where the newest term would put its next object.
 * From then on that term can put nothing that is read: its writer finds the fence in its way, and what it put beyond is
 * behind a gap. The fences, of which each can exist once, are all there is to know about terms.
 *
 * A writer under load may fill the place again and again before us. Then a fence is put well ahead of it; it runs into
 * that, or leaves a gap before it that we win.
 */
export async function takeOver(objects: ChannelObjects, term: number, signal: AbortSignal): Promise<void> {
  const putId = objects.newPutId();
  const fenceAt = (spot: Spot) =>
    objects.placeHeader({ ...spot, kind: KIND_FENCE, putId, records: 0, value: term });
  let ahead: Spot = ROOT;
  let from: Place = ROOT;
  for (let lead = LEAD; ; ) {
    throwIfAborted(signal, `opening channel ${objects.name}`);
    const { end, lastFence } = await walk(objects, (cut) => later(from, placeBehind(cut)));
    if (end.term === term && lastFence === putId) return;
    // @mutation term-check
    if (end.term >= term) throw fenced(objects.name, term, end.term);
    await retryVanished(objects, () => requireEnd(objects, end));
    // @mutation fence
    const other = await fenceAt(end);
    from = { ...end, index: 0 };
    if (other?.kind !== KIND_BLOCK || compareSpots(ahead, end) > 0) continue;
    ahead = { term: end.term, seq: end.seq + lead };
    // @mutation fence-ahead
    await fenceAt(ahead);
    lead *= 4;
  }
}

function later(a: Place, b: Place): Place {
  return comparePlaces(a, b) > 0 ? a : b;
}
