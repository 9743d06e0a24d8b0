import { invalid } from '../../core/domain/errors.ts';
import type { Channel } from './channel.ts';
import type { IndexView } from './channelIndex.ts';
import { findEnds } from './ends.ts';
import { comparePlaces, compareTopics, type Place, parseTopicName, placeText } from './names.ts';
import { withIndex } from './reader.ts';
import type { Patience } from './retry.ts';

/** Errors: Invalid when `upTo` lies in no topic of the channel. */
export async function truncateChannel(channel: Channel, upTo: Place, signal: AbortSignal): Promise<void> {
  const patience = channel.patience(signal);
  const isNew = await withIndex(channel, signal, async ({ cut, topics }) => {
    if (cut !== undefined && comparePlaces(upTo, cut) <= 0) return false;
    const topic = topics.find((other) => compareTopics(other, upTo) === 0);
    const [end] = topic === undefined ? [] : await findEnds(channel, [topic], patience);
    if (end !== undefined && upTo.message < end.extent.count) return true;
    const text = `the position ${placeText(upTo)} to truncate up to names no record of channel ${channel.name}`;
    throw invalid(text);
  });
  if (!isNew) return;
  await channel.index.setCut(upTo, patience);
  await deleteDead(channel, await channel.index.refresh(patience), patience);
}

/** What no reader needs: topics below the truncation point, and those of writers that lost the claim they made them for. */
async function deleteDead(channel: Channel, view: IndexView, patience: Patience): Promise<void> {
  const { admin, logger } = channel.parts;
  const live = new Set(view.topics.map(({ name }) => name));
  const last = view.topics.at(-1);
  try {
    for (const name of await admin.listTopics(patience)) {
      const key = parseTopicName(channel.stem, name);
      if (key === undefined) continue;
      const isCut = view.cut !== undefined && compareTopics(key, view.cut) < 0;
      // The newest writer may just be making its next topic.
      const isLost = !live.has(name) && key.term <= view.term && key.writer !== last?.writer;
      if (!isCut && !isLost) continue;
      await admin.deleteTopic(name, patience);
      channel.forget(name);
    }
  } catch (error) {
    logger.warn('could not delete dead topics of the log', { channel: channel.name, error });
  }
}
