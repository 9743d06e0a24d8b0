import type { ShardAssignment } from '../coordinator/service.ts';
import type { ElanusError } from '../domain/errors.ts';
import type { WalWriter } from '../ports/wal.ts';
import { inBackground } from '../segment/background.ts';
import { mayRevive, type RevivalDeps, reviveChannel } from './channelRevival.ts';
import { ChannelWriter } from './channelWriter.ts';
import { refuseForeignLog } from './ownership.ts';
import type { Shard } from './shard.ts';

/** What the channels are there for. */
export interface ChannelUse {
  shardsOn(channel: ChannelWriter): readonly Shard[];
  /** The channel takes writes again. */
  revived(channel: ChannelWriter): void;
}

/** The log channels that this node has taken over: opens each once, and again after its writer died. */
export class OwnChannels {
  readonly #deps: RevivalDeps;
  readonly #use: ChannelUse;
  readonly #channels = new Map<string, Promise<ChannelWriter>>();
  readonly #stopping = new AbortController();
  readonly #revivals = new Set<Promise<void>>();
  /** Of the cluster whose records the channels bear; set before the first is opened. */
  clusterId = '';

  constructor(deps: RevivalDeps, use: ChannelUse) {
    this.#deps = deps;
    this.#use = use;
  }

  /** `shards` are those that the catalogue has on it. Errors: those of refuseForeignLog and of Wal.open. */
  open(pchannel: string, term: number, shards?: readonly ShardAssignment[]): Promise<ChannelWriter> {
    let channel = this.#channels.get(pchannel);
    if (channel === undefined) {
      channel = this.#open(pchannel, term, shards);
      this.#channels.set(pchannel, channel);
      channel.catch(() => this.#channels.delete(pchannel));
    }
    return channel;
  }

  /** A channel that answers every write with `error`. */
  refusing(pchannel: string, term: number, error: ElanusError): ChannelWriter {
    const append = () => Promise.reject(error);
    return this.#over({ channel: pchannel, term, append, close: () => Promise.resolve() });
  }

  /** Waits for what is under way; channels that are dead stay so. */
  async drain(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#revivals);
    for (const channel of this.#channels.values()) await (await channel).drain();
  }

  async close(): Promise<void> {
    for (const channel of this.#channels.values()) await (await channel).close();
  }

  async #open(
    pchannel: string,
    term: number,
    shards: readonly ShardAssignment[] | undefined,
  ): Promise<ChannelWriter> {
    const { wal, coordinator } = this.#deps;
    await refuseForeignLog(wal, { pchannel, term }, this.clusterId, shards);
    const channel = this.#over(await wal.open(pchannel, term));
    channel.clock.observe(await coordinator.allocTimestamps(1));
    return channel;
  }

  #over(writer: WalWriter): ChannelWriter {
    const { wal, clock } = this.#deps;
    const pchannel = writer.channel;
    const nowMs = () => clock.nowMs();
    const onDeath = (error: ElanusError) => this.#mourn(channel, error);
    const options = { pchannel, clusterId: this.clusterId, wal, writer, nowMs, onDeath };
    const channel: ChannelWriter = new ChannelWriter(options);
    return channel;
  }

  /** Without a restart only what may pass is mended. */
  #mourn(channel: ChannelWriter, error: ElanusError): void {
    const { logger } = this.#deps;
    logger.error('a log channel takes no writes', { pchannel: channel.pchannel, error: error.text });
    const { signal } = this.#stopping;
    if (!mayRevive(error) || signal.aborted) return;
    const shards = () => this.#use.shardsOn(channel);
    const revival = reviveChannel(this.#deps, channel, shards, signal).then(() => this.#use.revived(channel));
    this.#revivals.add(revival);
    inBackground(
      logger,
      'open a log channel again',
      revival.finally(() => this.#revivals.delete(revival)),
    );
  }
}
