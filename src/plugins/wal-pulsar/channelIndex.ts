import type { Admin, TopicState } from './admin.ts';
import {
  type Chain,
  decodeIndexRecord,
  encodeIndexRecord,
  extendChain,
  type IndexRecord,
  NO_CHAIN,
} from './chain.ts';
import { corrupt } from './errors.ts';
import { comparePlaces, indexName, type Place, parsePlaceText, placeText, topicName } from './names.ts';
import { fetchEntries } from './pages.ts';
import type { Patience } from './retry.ts';
import type { Transport } from './transport.ts';

const CUT_PREFIX = 'cut-';
const PAGE_ENTRIES = 1_000;

/** What an index topic says at one moment. */
export interface IndexView extends Chain {
  /** Records up to and including this one were given up. */
  readonly cut: Place | undefined;
}

/**
 * The index topic of a channel: one order of all take-overs, by whichever process. The truncation point stands in the topic's
 * properties, as `cut-<position>`: the highest counts, so that racing truncations need no order.
 */
export class ChannelIndex {
  readonly #admin: Admin;
  readonly #transport: Transport;
  readonly #stem: string;
  readonly #topic: string;
  #chain = NO_CHAIN;
  #cut: Place | undefined;
  /** Messages of the topic that are in the chain. */
  #applied = 0;

  /** `stem`: what the names of the channel's topics begin with. */
  constructor(admin: Admin, transport: Transport, stem: string) {
    this.#admin = admin;
    this.#transport = transport;
    this.#stem = stem;
    this.#topic = indexName(stem);
  }

  /** Everything that was written before the call is in what it returns. */
  async refresh(patience: Patience): Promise<IndexView> {
    const state = await this.#admin.state(this.#topic, patience);
    if (state !== undefined) {
      while (this.#applied < state.count) await this.#applyPage(state, patience);
      for (const cut of cutsOf(state)) {
        if (this.#cut === undefined || comparePlaces(cut, this.#cut) > 0) this.#cut = cut;
      }
    }
    return { ...this.#chain, cut: this.#cut };
  }

  /** Makes the topic if need be. */
  ensure(patience: Patience): Promise<void> {
    return this.#admin.createTopic(this.#topic, patience);
  }

  /** One attempt. Errors: those of a publisher. */
  async publish(record: IndexRecord): Promise<void> {
    const publisher = await this.#transport.publish(this.#topic);
    try {
      await publisher.send(encodeIndexRecord(record));
    } finally {
      await publisher.close();
    }
  }

  async setCut(cut: Place, patience: Patience): Promise<void> {
    await this.#admin.setProperty(this.#topic, CUT_PREFIX + placeText(cut), patience);
    const state = await this.#admin.state(this.#topic, patience);
    for (const lower of state === undefined ? [] : cutsOf(state)) {
      if (comparePlaces(lower, cut) >= 0) continue;
      await this.#admin.removeProperty(this.#topic, CUT_PREFIX + placeText(lower), patience);
    }
  }

  async #applyPage(state: TopicState, patience: Patience): Promise<void> {
    const from = this.#applied;
    const to = Math.min(state.count, from + PAGE_ENTRIES);
    const source = { admin: this.#admin, transport: this.#transport, topic: this.#topic };
    const entries = await fetchEntries(source, state, from, to, patience);
    for (const [i, data] of entries.entries()) {
      // Another refresh may have been here meanwhile.
      if (from + i !== this.#applied) continue;
      const record = decodeIndexRecord(data);
      if (record === undefined) throw corrupt(this.#topic, this.#applied, 'it is no record of an index');
      this.#chain = extendChain(this.#chain, record, (key) => topicName(this.#stem, key));
      this.#applied++;
    }
  }
}

function cutsOf({ properties }: TopicState): Place[] {
  return Object.keys(properties)
    .filter((name) => name.startsWith(CUT_PREFIX))
    .map((name) => parsePlaceText(name.slice(CUT_PREFIX.length)))
    .filter((cut) => cut !== undefined);
}
