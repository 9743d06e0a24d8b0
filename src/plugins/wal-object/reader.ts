import type { WalEntry, WalPosition } from '../../core/ports/wal.ts';
import { type Block, recordsOf } from './block.ts';
import { type Chain, retryVanished, walk } from './chain.ts';
import type { ChannelObjects } from './channelObjects.ts';
import { placeBehind, readCut } from './cut.ts';
import { corrupt, isKind, throwIfAborted } from './errors.ts';
import {
  comparePlaces,
  decodePosition,
  encodePosition,
  objectKey,
  type Place,
  type Spot,
  truncatedError,
  unknownPosition,
} from './names.ts';

const READS_MAX = 32;

/** The log behind `from` (or at it), or from the first readable record on. Errors: Truncated, Invalid, Corrupt. */
export async function chainFrom(
  objects: ChannelObjects,
  from: WalPosition | undefined,
  inclusive: boolean,
): Promise<Chain> {
  if (from === undefined) return walk(objects);
  const place = decodePosition(from);
  return retryVanished(objects, async () => {
    const chain = await walk(objects, async (cut) => {
      const order = cut === undefined ? 1 : comparePlaces(place, cut);
      if (order < 0 || (order === 0 && inclusive)) throw await truncated(objects, place);
      return order === 0 ? placeBehind(cut) : place;
    });
    if (chain.cut !== undefined && comparePlaces(place, chain.cut) === 0) return chain;
    const records = await recordsAt(objects, chain, place);
    return inclusive ? chain : { ...chain, start: placeBehind({ ...place, records }) };
  });
}

/** The log from a place on that an earlier chain ended at. */
export function chainAt(objects: ChannelObjects, place: Place): Promise<Chain> {
  return walk(objects, async (cut) => {
    if (comparePlaces(placeBehind(cut), place) > 0) throw await truncated(objects, place);
    return place;
  });
}

/** How many records the block has that `place` is in. Errors: Invalid when there is no such record; NotFound. */
export async function recordsAt(objects: ChannelObjects, chain: Chain, place: Place): Promise<number> {
  const isListed = chain.runs.some(
    ({ term, seq, blockBytes }) =>
      term === place.term && seq <= place.seq && place.seq < seq + blockBytes.length,
  );
  if (!isListed) throw unknownPosition(objects.name, place);
  const { records } = await objects.readHeader(place);
  if (place.index >= records) throw unknownPosition(objects.name, place);
  return records;
}

/** The first record of a chain; undefined when it has none. Every block has at least one. */
export function firstPlace({ runs, start }: Chain): Place | undefined {
  const first = runs[0];
  return first && { term: first.term, seq: first.seq, index: first.seq === start.seq ? start.index : 0 };
}

/** Reads ahead up to `aheadBytes`. Errors: Truncated when truncation came by, Corrupt, Closed when `signal` fired. */
export async function* recordsOfChain(
  objects: ChannelObjects,
  chain: Chain,
  aheadBytes: number,
  signal: AbortSignal,
): AsyncGenerator<WalEntry, void, undefined> {
  const what = `reading channel ${objects.name}`;
  throwIfAborted(signal, what);
  for await (const block of blocksOfChain(objects, chain, aheadBytes)) {
    const { term, seq } = block;
    const fromIndex = term === chain.start.term && seq === chain.start.seq ? chain.start.index : 0;
    throwIfAborted(signal, what);
    for (const entry of entriesOf(objects, block, fromIndex)) {
      yield entry;
      throwIfAborted(signal, what);
    }
  }
}

export function* entriesOf(objects: ChannelObjects, block: Block, fromIndex: number): Generator<WalEntry> {
  const { term, seq } = block;
  for (const { index, record } of recordsOf(block, fromIndex, objectKey(objects.folder, block))) {
    yield { position: encodePosition({ term, seq, index }), record, term };
  }
}

interface Read {
  readonly bytes: number;
  readonly block: Promise<Block>;
}

async function* blocksOfChain(
  objects: ChannelObjects,
  chain: Chain,
  aheadBytes: number,
): AsyncGenerator<Block, void, undefined> {
  const reads: Read[] = [];
  let readBytes = 0;
  for (const { spot, bytes } of spotsOf(chain)) {
    while (reads.length > 0 && (reads.length === READS_MAX || readBytes + bytes > aheadBytes)) {
      const read = reads.shift()!;
      yield await read.block;
      readBytes -= read.bytes;
    }
    const block = readListed(objects, spot);
    // Whoever leaves early, or at an error before this one, does not wait for it.
    block.catch(() => undefined);
    reads.push({ bytes, block });
    readBytes += bytes;
  }
  for (const { block } of reads) yield await block;
}

function* spotsOf({ runs, start }: Chain): Generator<{ spot: Spot; bytes: number }> {
  for (const { term, seq, blockBytes } of runs) {
    for (let i = 0; i < blockBytes.length; i++) {
      if (term === start.term && seq + i < start.seq) continue;
      yield { spot: { term, seq: seq + i }, bytes: blockBytes[i]! };
    }
  }
}

async function readListed(objects: ChannelObjects, spot: Spot): Promise<Block> {
  try {
    return await objects.readBlock(spot);
  } catch (caught) {
    if (!isKind(caught, 'NotFound')) throw caught;
    const place = { ...spot, index: 0 };
    if (comparePlaces(placeBehind(await readCut(objects)), place) > 0) throw await truncated(objects, place);
    throw corrupt(objectKey(objects.folder, spot), 0, 'the object is missing');
  }
}

async function truncated(objects: ChannelObjects, place: Place): Promise<Error> {
  const first = firstPlace(await walk(objects));
  return truncatedError(objects.name, place, first && encodePosition(first));
}
