import { ElanusError } from '../../core/domain/errors.ts';
import type { ChannelObjects } from './channelObjects.ts';
import { corrupt, isKind } from './errors.ts';
import { headerObject, KIND_CUT, parseHeader } from './header.ts';
import { comparePlaces, type Place, ROOT } from './names.ts';

/** Records up to and including this one were given up. */
export interface Cut extends Place {
  /** Of the block it lies in, all of which may be given up. */
  readonly records: number;
}

const TRIES_MAX = 64;

/** Undefined when nothing was ever given up. */
export async function readCut(objects: ChannelObjects): Promise<Cut | undefined> {
  return (await findCut(objects))?.cut;
}

/** The first place that a reader may look at. */
export function placeBehind(cut: Cut | undefined): Place {
  if (cut === undefined) return ROOT;
  const { term, seq, index } = cut;
  return index + 1 < cut.records ? { term, seq, index: index + 1 } : { term, seq: seq + 1, index: 0 };
}

/** Moves the cut to `to` unless it lies there or further. Returns where it is. */
export async function advanceCut(objects: ChannelObjects, to: Cut): Promise<Cut> {
  const key = cutKey(objects);
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const found = await findCut(objects);
    // @mutation cut-monotone
    if (found !== undefined && comparePlaces(found.cut, to) >= 0) return found.cut;
    const { term, seq, index, records } = to;
    const header = { kind: KIND_CUT, term, seq, putId: objects.newPutId(), records, value: index };
    const bytes = headerObject(objects.hash, header);
    try {
      await objects.withStore((store) =>
        found === undefined ? store.putIfAbsent(key, bytes) : store.putIfMatch(key, bytes, found.version),
      );
      return to;
    } catch (caught) {
      // Somebody else, or a try of ours whose answer was lost: the next look tells.
      if (!isKind(caught, 'Conflict') && !isKind(caught, 'AlreadyExists')) throw caught;
    }
  }
  throw new ElanusError(
    'Unavailable',
    `the cut of channel ${objects.name} changed during each of ${TRIES_MAX} tries`,
  );
}

async function findCut(objects: ChannelObjects): Promise<{ cut: Cut; version: string } | undefined> {
  const key = cutKey(objects);
  try {
    const { content, version } = await objects.withStore((store) => store.get(key));
    const { kind, term, seq, value, records } = parseHeader(content, objects.hash, key);
    if (kind !== KIND_CUT) throw corrupt(key, 6, 'it is no cut');
    return { cut: { term, seq, index: value, records }, version };
  } catch (caught) {
    if (isKind(caught, 'NotFound')) return undefined;
    throw caught;
  }
}

function cutKey(objects: ChannelObjects): string {
  return `${objects.folder}/cut`;
}
