import { ElanusError, type ErrorKind } from '../domain/errors.ts';
import { inBackground } from '../segment/background.ts';
import type { ChannelWriter } from './channelWriter.ts';
import { type RecoveryDeps, replay } from './recovery.ts';
import type { Shard } from './shard.ts';
import type { StreamingDeps } from './streamingNode.ts';

export type RevivalDeps = RecoveryDeps & Pick<StreamingDeps, 'coordinator' | 'clock' | 'nodeId'>;

const DELAY_MS_MIN = 100;
const DELAY_MS_MAX = 5_000;
/** What passes when a server comes back. */
const PASSING: readonly ErrorKind[] = ['Unavailable', 'Timeout', 'Unknown', 'Exhausted'];

/** Whether a channel whose writer died of `error` may be opened again by the same process. */
export function mayRevive(error: ElanusError): boolean {
  return PASSING.includes(error.kind);
}

/**
 * Opens the channel again after its writer died: in a new term, which seals the log, so that it is certain which of the
 * writes without an outcome are in it; those are applied, as a replay after a restart would. Tries until it succeeds or
 * `signal` fires. Errors: Fenced (another server took the channel over), Corrupt, Closed, and others that do not pass.
 */
export async function reviveChannel(
  deps: RevivalDeps,
  channel: ChannelWriter,
  shards: () => readonly Shard[],
  signal: AbortSignal,
): Promise<void> {
  await channel.drain();
  for (let delayMs = DELAY_MS_MIN; ; delayMs = Math.min(2 * delayMs, DELAY_MS_MAX)) {
    try {
      return await openAgain(deps, channel, shards, signal);
    } catch (caught) {
      const error = ElanusError.from(caught);
      if (!mayRevive(error)) throw error;
      deps.logger.warn('a log channel cannot be opened again yet', {
        pchannel: channel.pchannel,
        error: error.text,
      });
    }
    await deps.clock.sleep(delayMs, signal);
  }
}

async function openAgain(
  deps: RevivalDeps,
  channel: ChannelWriter,
  shards: () => readonly Shard[],
  signal: AbortSignal,
): Promise<void> {
  const { coordinator, logger, nodeId, wal } = deps;
  const { pchannel } = channel;
  const term = await coordinator.claimChannel(nodeId, pchannel);
  const writer = await wal.open(pchannel, term, signal);
  try {
    await replay(deps, pchannel, shards(), channel);
  } catch (caught) {
    await writer.close();
    throw caught;
  }
  inBackground(logger, 'close a dead log writer', channel.resume(writer).close());
  logger.info('a log channel is open again', { pchannel, term });
}
