import { ElanusError } from '../../core/domain/errors.ts';
import type { ObjectInfo } from '../../core/ports/objectStore.ts';
import type { ChannelObjects } from './channelObjects.ts';
import { type Cut, placeBehind, readCut } from './cut.ts';
import { corrupt, isKind } from './errors.ts';
import { HEADER_BYTES, KIND_FENCE, KIND_SKIP, type ObjectHeader } from './header.ts';
import {
  comparePlaces,
  compareSpots,
  hex16,
  objectKey,
  type Place,
  parseObjectKey,
  type Spot,
} from './names.ts';

/** Blocks without a gap: those of `term` from `seq` on, with the bytes of each. */
export interface Run extends Spot {
  readonly blockBytes: readonly number[];
}

/** The log from `start` to its end at the time it was listed. */
export interface Chain {
  readonly start: Place;
  readonly runs: readonly Run[];
  /** Where the next object of the log will be; its term is the highest that opened the channel. */
  readonly end: Spot;
  /** The put id of the last fence that was followed. */
  readonly lastFence: string | undefined;
  /** As it was read last, not above `start`. */
  readonly cut: Cut | undefined;
}

const LIST_LIMIT = 1_000;
const MARKS_AHEAD = 16;
const TRIES_MAX = 64;

/**
 * Lists the log from where `choose` says, which is asked again when truncation overtakes the listing.
 *
 * What the listing says is certain, though it is no snapshot: blocks without a gap stay, and a fence behind them too; only
 * truncation takes objects away, after it moved the cut. So a missing object counts as the end, and a fence as real, only if
 * the cut, read afterwards, has not come by.
 */
export async function walk(
  objects: ChannelObjects,
  choose: (cut: Cut | undefined) => Place | Promise<Place> = placeBehind,
): Promise<Chain> {
  let cut = await readCut(objects);
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const start = await choose(cut);
    const walked = await follow(objects, start);
    cut = await readCut(objects);
    // @mutation cut-check
    if (comparePlaces(placeBehind(cut), start) <= 0) return { start, ...walked, cut };
  }
  throw new ElanusError(
    'Unavailable',
    `channel ${objects.name} was truncated during each of ${TRIES_MAX} tries to list it`,
  );
}

/** Runs `action` again when an object it looked for was truncated away meanwhile. */
export async function retryVanished<T>(objects: ChannelObjects, action: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await action();
    } catch (caught) {
      if (!isKind(caught, 'NotFound')) throw caught;
      if (tries === TRIES_MAX) {
        throw new ElanusError(
          'Unavailable',
          `objects of channel ${objects.name} vanished in each of ${tries} tries`,
          {
            cause: caught,
          },
        );
      }
    }
  }
}

/**
 * Corrupt when what lies behind the end of a chain proves that there was an object at it: then that object was lost, and a
 * fence in its place would hide what is left. Proofs are objects of higher terms, and blocks made when the end was durable.
 */
export async function requireEnd(objects: ChannelObjects, end: Spot): Promise<void> {
  const key = objectKey(objects.folder, end);
  for (const behind of await objects.list(`${objects.folder}/`, key, LIST_LIMIT)) {
    const spot = parseObjectKey(objects.folder, behind.key);
    if (spot === undefined) continue;
    if (
      spot.term === end.term &&
      (behind.bytes <= HEADER_BYTES || (await objects.readHeader(spot)).value <= end.seq)
    )
      continue;
    // It may have come, or have been truncated away, since it was looked for.
    if (await objects.exists(end)) return;
    if (comparePlaces(placeBehind(await readCut(objects)), { ...end, index: 0 }) > 0) return;
    throw corrupt(key, 0, 'the object is missing');
  }
}

type Followed = Pick<Chain, 'runs' | 'end' | 'lastFence'>;

/** Keys are in log order, so that one listing shows all terms: what is not next lies behind the end of its term. */
async function follow(objects: ChannelObjects, start: Spot): Promise<Followed> {
  const { folder } = objects;
  const runs: { term: number; seq: number; blockBytes: number[] }[] = [];
  let lastFence: string | undefined;
  let at: Spot = { term: start.term, seq: start.seq };
  for (let afterKey = keyBefore(folder, at); ; ) {
    const page = await objects.list(`${folder}/`, afterKey, LIST_LIMIT);
    const marks = new MarkReader(objects, page);
    for (const { key, bytes } of page) {
      const spot = parseObjectKey(folder, key);
      if (spot === undefined || compareSpots(spot, at) < 0) continue;
      if (compareSpots(spot, at) > 0) return { runs, end: at, lastFence };
      if (bytes > HEADER_BYTES) {
        const run = runs.at(-1);
        if (run?.term === at.term && run.seq + run.blockBytes.length === at.seq) run.blockBytes.push(bytes);
        else runs.push({ ...at, blockBytes: [bytes] });
        at = { term: at.term, seq: at.seq + 1 };
      } else {
        const mark = await marks.read(spot);
        if (mark.kind === KIND_FENCE) lastFence = mark.putId;
        at = nextSpot(objects, mark);
      }
    }
    if (page.length < LIST_LIMIT) return { runs, end: at, lastFence };
    afterKey = page.at(-1)!.key;
  }
}

/** A key below which nothing from `spot` on lies; it need not exist. */
function keyBefore(folder: string, { term, seq }: Spot): string {
  return seq === 0 ? `${folder}/${hex16(term)}` : objectKey(folder, { term, seq: seq - 1 });
}

/** Reads the marks of a listing in order, ahead of who follows them: a channel without records is a chain of fences. */
class MarkReader {
  readonly #objects: ChannelObjects;
  readonly #spots: readonly Spot[];
  readonly #reads: Promise<ObjectHeader>[] = [];

  constructor(objects: ChannelObjects, page: readonly ObjectInfo[]) {
    this.#objects = objects;
    this.#spots = page
      .filter(({ bytes }) => bytes <= HEADER_BYTES)
      .flatMap(({ key }) => parseObjectKey(objects.folder, key) ?? []);
  }

  read(spot: Spot): Promise<ObjectHeader> {
    const index = this.#spots.findIndex((other) => compareSpots(other, spot) === 0);
    for (let i = index; i < Math.min(index + MARKS_AHEAD, this.#spots.length); i++) {
      if (this.#reads[i] !== undefined) continue;
      const read = this.#objects.readHeader(this.#spots[i]!);
      // One that nobody comes to may fail unseen.
      read.catch(() => undefined);
      this.#reads[i] = read;
    }
    return this.#reads[index]!;
  }
}

/** Fences lead to higher terms and skips to higher numbers, so every walk ends. */
function nextSpot(objects: ChannelObjects, mark: ObjectHeader): Spot {
  const { kind, term, seq, value } = mark;
  if (kind === KIND_FENCE && value > term) return { term: value, seq: 0 };
  if (kind === KIND_SKIP && value > seq) return { term, seq: value };
  throw corrupt(objectKey(objects.folder, mark), 52, 'it leads nowhere');
}
