import { ElanusError } from '../../core/domain/errors.ts';
import type { Admin } from './admin.ts';
import type { Patience } from './retry.ts';

/**
 * Ends a topic: every append to it that is acknowledged, ever, lies before its end, and the end survives the broker.
 * Errors: NotFound when the topic is gone.
 */
export async function sealTopic(admin: Admin, topic: string, patience: Patience): Promise<void> {
  for (;;) {
    const isDone = await admin.terminate(topic, patience);
    if (isDone && (await admin.isTerminated(topic, patience))) return;
    // Another change of the topic's metadata at the same time leaves the broker with a state that it refuses to work on.
    if (!isDone) await admin.unload(topic, patience);
    if (patience.isOver) throw new ElanusError('Unavailable', `topic ${topic} could not be sealed`);
    patience.throwIfAborted(`sealing topic ${topic}`);
    await patience.wait();
  }
}
