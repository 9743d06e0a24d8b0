import type { Logger } from '../../core/ports/logger.ts';
import type { WalPosition } from '../../core/ports/wal.ts';
import { retryVanished, walk } from './chain.ts';
import type { ChannelObjects } from './channelObjects.ts';
import { advanceCut, type Cut, placeBehind, readCut } from './cut.ts';
import { HEADER_BYTES } from './header.ts';
import { comparePlaces, compareSpots, decodePosition, type Place, parseObjectKey } from './names.ts';
import { recordsAt } from './reader.ts';

const LIST_LIMIT = 1_000;
const DELETES_MAX = 16;

/** Moves the cut durably, then frees what lies below it; the next truncation frees what this one could not. */
export async function truncateChannel(
  objects: ChannelObjects,
  upTo: WalPosition,
  logger: Logger,
): Promise<void> {
  const cut = await moveCut(objects, decodePosition(upTo));
  try {
    await sweep(objects, cut);
  } catch (caught) {
    logger.warn('could not free truncated objects', { channel: objects.name, error: caught });
  }
}

function moveCut(objects: ChannelObjects, place: Place): Promise<Cut> {
  return retryVanished(objects, async () => {
    const cut = await readCut(objects);
    if (cut !== undefined && comparePlaces(cut, place) >= 0) return cut;
    // A cut above the last record would swallow records to come.
    const chain = await walk(objects);
    if (chain.cut !== undefined && comparePlaces(chain.cut, place) >= 0) return chain.cut;
    return advanceCut(objects, { ...place, records: await recordsAt(objects, chain, place) });
  });
}

/**
 * Deletes the blocks below the cut, those too that landed behind the end of their term. Fences and skips stay for good: a
 * writer that slept through it all would find the place of a deleted fence free, and acknowledge what nobody reads. A block
 * that a late repetition brings back lies below the cut and goes with the next sweep.
 */
async function sweep(objects: ChannelObjects, cut: Cut): Promise<void> {
  const { folder } = objects;
  const behind = placeBehind(cut);
  for (let afterKey: string | undefined; ; ) {
    const page = await objects.list(`${folder}/`, afterKey, LIST_LIMIT);
    const dead: string[] = [];
    let isBehind = false;
    for (const { key, bytes } of page) {
      const spot = parseObjectKey(folder, key);
      if (spot === undefined) continue;
      isBehind = compareSpots(spot, behind) >= 0;
      if (isBehind) break;
      // @mutation fence-retention
      if (bytes <= HEADER_BYTES) continue;
      dead.push(key);
    }
    for (let i = 0; i < dead.length; i += DELETES_MAX) {
      await Promise.all(dead.slice(i, i + DELETES_MAX).map((key) => objects.delete(key)));
    }
    if (isBehind || page.length < LIST_LIMIT) return;
    afterKey = page.at(-1)!.key;
  }
}
