import { invalid } from '../../core/domain/errors.ts';
import { Assembler } from './assembler.ts';
import type { Channel } from './channel.ts';
import type { IndexView } from './channelIndex.ts';
import { findEnds, type TopicEnd } from './ends.ts';
import { corrupt, isKind } from './errors.ts';
import { decodeMessage } from './messages.ts';
import { comparePlaces, compareTopics, type Place, placeText, truncatedError } from './names.ts';
import { fetchEntries } from './pages.ts';

const PAGE_ENTRIES_MAX = 1_024;
/** Pages grow by this factor: whoever wants one record waits for no more. */
const PAGE_GROWTH = 8;

export interface LogRecord {
  readonly place: Place;
  readonly record: Uint8Array;
}

export interface ReadRange {
  readonly from: Place | undefined;
  readonly inclusive: boolean;
  readonly signal: AbortSignal;
}

/** Records of the range up to the end at the time of the call. Errors: Truncated, Invalid, Corrupt, Unavailable, Closed. */
export async function* readRecords(
  channel: Channel,
  range: ReadRange,
): AsyncGenerator<LogRecord, void, undefined> {
  let { from, inclusive } = range;
  for (;;) {
    const view = await channel.index.refresh(channel.patience(range.signal));
    await requireReadable(channel, view, from, inclusive, range.signal);
    const start = from ?? view.cut;
    try {
      for await (const found of readFrom(
        channel,
        view,
        start,
        from !== undefined && inclusive,
        range.signal,
      )) {
        yield found;
        from = found.place;
        inclusive = false;
      }
      return;
    } catch (caught) {
      if (!isKind(caught, 'NotFound')) throw caught;
      await requireChanged(channel, view, caught, range.signal);
    }
  }
}

/** The first record that was not given up. */
export async function firstPlace(channel: Channel, signal: AbortSignal): Promise<Place | undefined> {
  for await (const { place } of readRecords(channel, { from: undefined, inclusive: false, signal }))
    return place;
  return undefined;
}

async function requireReadable(
  channel: Channel,
  { cut, topics }: IndexView,
  from: Place | undefined,
  inclusive: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (from === undefined) return;
  const order = cut === undefined ? 1 : comparePlaces(from, cut);
  if (order < 0 || (order === 0 && inclusive))
    throw truncatedError(channel.name, from, await firstPlace(channel, signal));
  if (order > 0 && !topics.some((topic) => compareTopics(topic, from) === 0))
    throw invalid(`the position ${placeText(from)} names no record of channel ${channel.name}`);
}

/**
 * What `attempt` makes of the index as it is. Errors: those of `attempt`; Corrupt when a topic is missing.
 */
export async function withIndex<Result>(
  channel: Channel,
  signal: AbortSignal,
  attempt: (view: IndexView) => Promise<Result>,
): Promise<Result> {
  for (;;) {
    const view = await channel.index.refresh(channel.patience(signal));
    try {
      return await attempt(view);
    } catch (caught) {
      if (!isKind(caught, 'NotFound')) throw caught;
      await requireChanged(channel, view, caught, signal);
    }
  }
}

/** A topic may vanish under a reader when it was empty, or was given up; otherwise somebody deleted it. */
async function requireChanged(
  channel: Channel,
  before: IndexView,
  caught: unknown,
  signal: AbortSignal,
): Promise<void> {
  const now = await channel.index.refresh(channel.patience(signal));
  const isSame = now.topics.length === before.topics.length && now.cut === before.cut;
  if (isSame) throw corrupt(channel.stem, 0, caught instanceof Error ? caught.message : 'a topic is gone');
}

async function* readFrom(
  channel: Channel,
  view: IndexView,
  start: Place | undefined,
  inclusive: boolean,
  signal: AbortSignal,
): AsyncGenerator<LogRecord, void, undefined> {
  const topics = view.topics.filter((topic) => start === undefined || compareTopics(topic, start) >= 0);
  for (const end of await findEnds(channel, topics, channel.patience(signal))) {
    const isStart = start !== undefined && compareTopics(end.topic, start) === 0;
    for await (const found of readTopic(channel, end, isStart ? start.message : 0, signal)) {
      const order = isStart ? comparePlaces(found.place, start) : 1;
      if (order > 0 || (order === 0 && inclusive)) yield found;
    }
  }
}

/**
 * Records of one topic from message `first` on, which begins a record. Of the messages up to it every one is in the topic at
 * least once, so it is at no lower ordinal than its number.
 */
export async function* readTopic(
  channel: Channel,
  { topic, extent }: TopicEnd,
  first: number,
  signal: AbortSignal,
): AsyncGenerator<LogRecord, void, undefined> {
  const { config, admin, transport } = channel.parts;
  const source = { admin, transport, topic: topic.name };
  const assembler = new Assembler(topic.writer, first);
  const wholePage = pageEntries(extent.bytes / extent.count, config.readBytes);
  let size = 1;
  const fetchPage = (from: number): Promise<Buffer[]> => {
    const to = Math.min(extent.count, from + size);
    return fetchEntries(source, extent, from, to, channel.patience(signal));
  };
  for (let ordinal = first; ordinal < extent.count; ) {
    const page = await fetchPage(ordinal);
    for (const data of page) {
      const message = decodeMessage(data, topic.name, ordinal++);
      for (const { bytes, ...at } of message === undefined ? [] : assembler.add(message)) {
        yield { place: { term: topic.term, index: topic.index, ...at }, record: bytes };
      }
    }
    size = Math.min(wholePage, size * PAGE_GROWTH);
  }
}

function pageEntries(entryBytes: number, readBytes: number): number {
  return Math.max(1, Math.min(PAGE_ENTRIES_MAX, Math.floor(readBytes / entryBytes)));
}
