import { ElanusError } from '../domain/errors.ts';
import type { CatalogStore, GuardedChange } from './catalogStore.ts';
import { decodeJson, encodeJson } from './documentPages.ts';
import type { KeyedLock } from './keyedLock.ts';
import { CHANNEL_PREFIX, channelKey } from './keys.ts';

interface Channel {
  readonly term: number;
  readonly metaRevision: bigint;
  /** Whoever claimed it since this coordinator started. */
  readonly nodeId: string | undefined;
}

interface StoredChannel {
  readonly term: number;
  readonly nodeId: string;
}

/** A txn takes 100 keys. */
const CLAIMS_A_TXN = 90;

/** Terms of the physical channels. A term rises durably with every claim and is never used again. */
export class ChannelClaims {
  readonly #store: CatalogStore;
  readonly #locks: KeyedLock;
  readonly #channels = new Map<string, Channel>();
  #nodeId: string | undefined;

  constructor(store: CatalogStore, locks: KeyedLock) {
    this.#store = store;
    this.#locks = locks;
  }

  /** Reads the terms; claims of this coordinator's life stay. */
  async recover(): Promise<void> {
    for (const { key, value, revision } of await this.#store.readAll(CHANNEL_PREFIX)) {
      const pchannel = key.slice(CHANNEL_PREFIX.length);
      const { term } = decodeJson(key, value) as StoredChannel;
      const known = this.#channels.get(pchannel);
      const nodeId = known?.term === term ? known.nodeId : undefined;
      this.#channels.set(pchannel, { term, metaRevision: revision, nodeId });
    }
  }

  get isClaimed(): boolean {
    return this.#nodeId !== undefined;
  }

  /** Takes `pchannels` over for `nodeId`, which also gets those that come into use later. */
  async claim(nodeId: string, pchannels: readonly string[]): Promise<void> {
    await this.#locks.run(['channels'], async () => {
      this.#nodeId = nodeId;
      await this.#raise(nodeId, pchannels);
    });
  }

  /** Raises the term of a channel for the node that holds it. Error: Fenced when that is another one. */
  async claimAgain(nodeId: string, pchannel: string): Promise<number> {
    return this.#locks.run(['channels'], async () => {
      if (this.#nodeId !== nodeId)
        throw new ElanusError('Fenced', 'another streaming node holds the channels', {
          context: { channel: pchannel, nodeId, holder: this.#nodeId },
        });
      await this.#raise(nodeId, [pchannel]);
      return this.term(pchannel);
    });
  }

  /** Claims those of `pchannels` that the streaming node does not hold yet. Error: Unavailable when there is no node. */
  async ensureClaimed(pchannels: readonly string[]): Promise<void> {
    if (pchannels.every((pchannel) => this.#isHeld(pchannel))) return;
    await this.#locks.run(['channels'], async () => {
      const nodeId = this.#nodeId;
      if (nodeId === undefined)
        throw new ElanusError('Unavailable', 'no streaming node has claimed channels');
      await this.#raise(
        nodeId,
        [...new Set(pchannels)].filter((pchannel) => !this.#isHeld(pchannel)),
      );
    });
  }

  /** Error: NotFound for a channel that was never claimed. */
  term(pchannel: string): number {
    return this.#known(pchannel).term;
  }

  /** What the next claim gives. */
  next(pchannel: string): { readonly pchannel: string; readonly term: number } {
    return { pchannel, term: (this.#channels.get(pchannel)?.term ?? 0) + 1 };
  }

  /** Compares the channel's term in a write. */
  guard(pchannel: string): GuardedChange {
    return { key: channelKey(pchannel), expected: this.#known(pchannel).metaRevision, value: 'keep' };
  }

  #known(pchannel: string): Channel {
    const channel = this.#channels.get(pchannel);
    if (channel !== undefined) return channel;
    throw new ElanusError('NotFound', 'channel not found', {
      subject: 'channel',
      context: { channel: pchannel },
    });
  }

  #isHeld(pchannel: string): boolean {
    return this.#nodeId !== undefined && this.#channels.get(pchannel)?.nodeId === this.#nodeId;
  }

  async #raise(nodeId: string, pchannels: readonly string[]): Promise<void> {
    for (let at = 0; at < pchannels.length; at += CLAIMS_A_TXN) {
      const some = pchannels.slice(at, at + CLAIMS_A_TXN);
      const terms = some.map((pchannel) => this.next(pchannel).term);
      const metaRevision = await this.#store.write(
        some.map((pchannel, i) => ({
          key: channelKey(pchannel),
          expected: this.#channels.get(pchannel)?.metaRevision ?? 0n,
          value: encodeJson({ term: terms[i]!, nodeId } satisfies StoredChannel),
        })),
      );
      some.forEach((pchannel, i) => {
        this.#channels.set(pchannel, { term: terms[i]!, metaRevision, nodeId });
      });
    }
  }
}
