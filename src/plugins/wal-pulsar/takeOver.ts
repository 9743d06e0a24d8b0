import type { ChainTopic } from './chain.ts';
import type { Channel } from './channel.ts';
import type { IndexView } from './channelIndex.ts';
import { corrupt, fenced, isKind } from './errors.ts';
import { compareTopics, type TopicKey, topicName } from './names.ts';
import type { Patience } from './retry.ts';
import { sealTopic } from './seal.ts';
import type { Publisher } from './transport.ts';

/** So many empty topics are deleted together. */
const EMPTIES_MIN = 16;

/** What a failed claim may be tried again after. */
const MAY_BE_TRIED_AGAIN = ['Unknown', 'Unavailable'] as const;

/** A topic that its writer has begun, and nobody above. */
export interface OwnedTopic {
  readonly topic: ChainTopic;
  readonly publisher: Publisher;
}

/**
 * Opens a channel for a term: makes a topic, claims the term in the index, seals the topics below.
 * Errors: Fenced, Unavailable, Corrupt, Closed.
 */
export async function takeOver(channel: Channel, term: number, signal: AbortSignal): Promise<OwnedTopic> {
  const patience = channel.patience(signal);
  const { index, parts } = channel;
  const before = await index.refresh(patience);
  if (before.term >= term) throw fenced(channel.name, term, before.term);
  const writer = parts.random.uuid().replaceAll('-', '').slice(0, 16);
  await index.ensure(patience);
  return begin(channel, { term, index: 0, writer }, patience);
}

/** The next topic of a writer whose topic is full. Errors: as takeOver. */
export function beginNextTopic(channel: Channel, full: ChainTopic, signal: AbortSignal): Promise<OwnedTopic> {
  const key = { term: full.term, index: full.index + 1, writer: full.writer };
  return begin(channel, key, channel.patience(signal));
}

async function begin(channel: Channel, key: TopicKey, patience: Patience): Promise<OwnedTopic> {
  const { admin, transport } = channel.parts;
  const topic = { ...key, name: topicName(channel.stem, key) };
  // Before the claim: whoever takes over from us finds it there to seal, and nobody makes it again once it was deleted.
  await admin.createTopic(topic.name, patience);
  const view = await claim(channel, topic, patience);
  if (!view.topics.some(({ name }) => name === topic.name)) {
    await discard(channel, topic.name, patience);
    throw fenced(channel.name, topic.term, view.term);
  }
  await sealBelow(channel, topic, patience);
  try {
    return { topic, publisher: await transport.publish(topic.name) };
  } catch (caught) {
    const { term } = await channel.index.refresh(patience);
    throw term > topic.term ? fenced(channel.name, topic.term, term) : caught;
  }
}

/** Removes a topic that nobody knows of. */
async function discard({ parts, name }: Channel, topic: string, patience: Patience): Promise<void> {
  try {
    await parts.admin.deleteTopic(topic, patience);
  } catch (error) {
    parts.logger.warn('could not delete a topic of the log', { channel: name, topic, error });
  }
}

/** Writes the claim, again when its outcome is unknown: a second copy says nothing. Returns what the index says then. */
async function claim(channel: Channel, topic: ChainTopic, patience: Patience): Promise<IndexView> {
  const { term, index, writer } = topic;
  for (;;) {
    let failure: unknown;
    try {
      await channel.index.publish({ kind: 'begin', key: { term, index, writer } });
    } catch (caught) {
      failure = caught;
    }
    const view = await channel.index.refresh(patience);
    const isDecided = view.term > term || view.topics.some(({ name }) => name === topic.name);
    if (failure === undefined || isDecided) return view;
    if (patience.isOver || !MAY_BE_TRIED_AGAIN.some((kind) => isKind(failure, kind))) throw failure;
    await patience.wait();
  }
}

/**
 * Seals the topics below `topic`, from the last to the first that has records: its writer sealed those below that. Topics that
 * stayed empty are struck off the index when there are many.
 */
async function sealBelow(channel: Channel, topic: ChainTopic, patience: Patience): Promise<void> {
  const view = await channel.index.refresh(patience);
  const below = view.topics.filter((other) => compareTopics(other, topic) < 0 && !isCut(view, other));
  const empties: string[] = [];
  for (const other of below.reverse()) {
    const count = await sealOne(channel, other, patience);
    if (count > 0) break;
    empties.push(other.name);
  }
  if (empties.length >= EMPTIES_MIN) await strikeOff(channel, empties, patience);
}

/** Returns how many messages the topic has. */
async function sealOne(channel: Channel, topic: ChainTopic, patience: Patience): Promise<number> {
  const { admin } = channel.parts;
  const known = channel.sealedExtent(topic);
  if (known !== undefined) return known.count;
  try {
    await sealTopic(admin, topic.name, patience);
    const state = await admin.state(topic.name, patience);
    if (state !== undefined) {
      channel.rememberSealed(topic, state);
      return state.count;
    }
  } catch (caught) {
    if (!isKind(caught, 'NotFound')) throw caught;
  }
  // Struck off or given up meanwhile; or deleted by somebody else than us.
  const now = await channel.index.refresh(patience);
  if (isCut(now, topic) || !now.topics.some(({ name }) => name === topic.name)) return 0;
  throw corrupt(topic.name, 0, 'the topic was deleted');
}

async function strikeOff(channel: Channel, names: readonly string[], patience: Patience): Promise<void> {
  const { admin, logger } = channel.parts;
  try {
    await channel.index.publish({ kind: 'empty', names });
    for (const name of names) {
      await admin.deleteTopic(name, patience);
      channel.forget(name);
    }
  } catch (error) {
    logger.warn('could not delete empty topics of the log', { channel: channel.name, error });
  }
}

function isCut({ cut }: IndexView, topic: ChainTopic): boolean {
  return cut !== undefined && compareTopics(topic, cut) < 0;
}
