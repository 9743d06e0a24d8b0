import type { WalInfo } from '../../core/ports/wal.ts';
import type { Channel } from './channel.ts';
import type { IndexView } from './channelIndex.ts';
import { findEnds, type TopicEnd } from './ends.ts';
import { entryAt } from './entries.ts';
import { decodeMessage } from './messages.ts';
import { comparePlaces, compareTopics, encodePosition, type Place } from './names.ts';
import { firstPlace, readTopic, withIndex } from './reader.ts';

export function channelInfo(channel: Channel, signal: AbortSignal): Promise<WalInfo> {
  return withIndex(channel, signal, (view) => infoOf(channel, view, signal));
}

async function infoOf(channel: Channel, view: IndexView, signal: AbortSignal): Promise<WalInfo> {
  const first = await firstPlace(channel, signal);
  if (first === undefined) return { first, last: undefined, term: view.term, retainedBytes: 0 };
  const topics = view.topics.filter((topic) => compareTopics(topic, first) >= 0);
  const ends = await findEnds(channel, topics, channel.patience(signal));
  const last = await lastPlace(channel, view, ends, signal);
  return {
    first: encodePosition(first),
    last: last && encodePosition(last),
    term: view.term,
    retainedBytes: retainedBytes(ends, first),
  };
}

async function lastPlace(
  channel: Channel,
  { cut }: IndexView,
  ends: readonly TopicEnd[],
  signal: AbortSignal,
): Promise<Place | undefined> {
  for (const end of ends.toReversed()) {
    const place = await lastOf(channel, end, signal);
    if (place !== undefined) return cut === undefined || comparePlaces(place, cut) > 0 ? place : undefined;
  }
  return undefined;
}

/** From the last message alone when it shows that nothing before was sent twice or never came; else by reading the topic. */
async function lastOf(channel: Channel, end: TopicEnd, signal: AbortSignal): Promise<Place | undefined> {
  const { topic, extent } = end;
  if (extent.count === 0) return undefined;
  const ordinal = extent.count - 1;
  const { admin } = channel.parts;
  const data = await admin.readEntry(topic.name, entryAt(extent, ordinal), channel.patience(signal));
  const message = decodeMessage(data, topic.name, ordinal);
  const { term, index } = topic;
  if (
    message?.writer === topic.writer &&
    message.number === ordinal &&
    message.piece + 1 === message.pieces
  ) {
    return { term, index, message: ordinal - message.piece, record: message.records.length - 1 };
  }
  let last: Place | undefined;
  for await (const { place } of readTopic(channel, end, 0, signal)) last = place;
  return last;
}

/** Bytes of the messages from the first readable record on; of its own topic in proportion. */
function retainedBytes(ends: readonly TopicEnd[], first: Place): number {
  let bytes = 0;
  for (const { topic, extent } of ends) {
    const isFirst = compareTopics(topic, first) === 0;
    bytes += isFirst ? (extent.bytes * (extent.count - first.message)) / extent.count : extent.bytes;
  }
  return Math.ceil(bytes);
}
