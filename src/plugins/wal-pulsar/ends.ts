import { ElanusError } from '../../core/domain/errors.ts';
import type { ChainTopic } from './chain.ts';
import type { Channel } from './channel.ts';
import type { Extent } from './entries.ts';
import type { Patience } from './retry.ts';

const EMPTY: Extent = { ledgers: [], count: 0, bytes: 0 };

/** A topic with what was durable in it when it was looked at. */
export interface TopicEnd {
  readonly topic: ChainTopic;
  readonly extent: Extent;
}

/**
 * The ends of `topics` (ascending, up to the last of the chain) at one moment. A writer seals all topics below its own before
 * its first record, so they are looked at from the last to the first: what lies below one with records is final, and a reader
 * who follows these ends meets no gap. Errors: NotFound when a topic is gone.
 */
export async function findEnds(
  channel: Channel,
  topics: readonly ChainTopic[],
  patience: Patience,
): Promise<TopicEnd[]> {
  const ends: TopicEnd[] = [];
  let isFinal = false;
  for (const topic of [...topics].reverse()) {
    const extent = channel.sealedExtent(topic) ?? (await extentOf(channel, topic, patience));
    if (isFinal) channel.rememberSealed(topic, extent);
    isFinal ||= extent.count > 0;
    ends.push({ topic, extent });
  }
  return ends.reverse();
}

async function extentOf(channel: Channel, topic: ChainTopic, patience: Patience): Promise<Extent> {
  const state = await channel.parts.admin.state(topic.name, patience);
  if (state === undefined) throw new ElanusError('NotFound', `topic ${topic.name} does not exist`);
  const { ledgers, count, bytes } = state;
  return count === 0 ? EMPTY : { ledgers, count, bytes };
}
