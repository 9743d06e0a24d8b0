import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import type { SeededRandom } from '../../src/plugins/memory/seededRandom.ts';
import { COLLECTIONS } from './collections.ts';
import { readWriter } from './readBack.ts';
import { isOk, statusOf } from './replies.ts';
import { keyOf, rowOf, SLOTS } from './rows.ts';
import { type Change, differences, WriterModel } from './writerModel.ts';

const ROWS_MAX = 120;

/** What a writer may meet. */
export interface Course {
  /** True from the moment on when calls may break. */
  isDying(): boolean;
  /** From there on the server may also refuse calls, which leaves open whether they happened. */
  readonly mayRefuse: boolean;
  /** True when no further call is wanted. */
  isOver(): boolean;
}

/** Inserts, upserts and deletes its own keys, one request at a time, until the server dies; and reads them back now and then. */
export class Writer {
  readonly number: number;
  /** One a collection. */
  readonly models: readonly WriterModel[];
  acknowledged = 0;
  unknown = 0;
  readonly #random: SeededRandom;
  #version = 0;

  constructor(number: number, random: SeededRandom) {
    this.number = number;
    this.#random = random;
    this.models = COLLECTIONS.map(({ shards }) => new WriterModel(number, shards));
  }

  /** Goes on until a call breaks, is refused or finds something wrong, or until `isOver`. Returns what was wrong before. */
  async run(client: MilvusClient, { isDying, mayRefuse, isOver }: Course): Promise<string[]> {
    const wrong: string[] = [];
    while (wrong.length === 0 && !isOver()) {
      const which = this.#random.integer(COLLECTIONS.length);
      try {
        if (this.#random.next() < 0.04) wrong.push(...(await this.#readBack(client, which)));
        else {
          const refused = await this.#write(client, which);
          if (refused.length > 0 && mayRefuse && isDying()) break;
          wrong.push(...refused);
        }
      } catch (error) {
        if (isDying()) break;
        wrong.push(`writer ${this.number}: a call failed before the kill: ${String(error)}`);
      }
    }
    this.unknown += this.models.filter((model) => model.hasUnknown).length;
    return wrong;
  }

  async #readBack(client: MilvusClient, which: number): Promise<string[]> {
    const { versions, problems } = await readWriter(client, COLLECTIONS[which]!.name, this.number);
    return [...problems, ...differences(this.models[which]!.versions, versions)].map(
      (line) => `writer ${this.number}, read while running: ${line}`,
    );
  }

  async #write(client: MilvusClient, which: number): Promise<string[]> {
    const model = this.models[which]!;
    const { change, send } = this.#nextChange(client, COLLECTIONS[which]!.name, model);
    model.send(change);
    const reply = await send();
    if (isOk(reply)) {
      model.acknowledge();
      this.acknowledged++;
      return [];
    }
    return [`writer ${this.number}: ${change.name} was refused: ${statusOf(reply).reason}`];
  }

  #nextChange(client: MilvusClient, collection: string, model: WriterModel) {
    const dice = this.#random.next();
    if (dice < 0.4) return this.#setRows(client, collection, 'insert');
    if (dice < 0.7) return this.#setRows(client, collection, 'upsert');
    if (dice < 0.9) return this.#deleteKeys(client, collection);
    return this.#deleteRange(client, collection, model);
  }

  #setRows(client: MilvusClient, collection: string, kind: 'insert' | 'upsert') {
    const sets = new Map(this.#slots().map((slot) => [slot, ++this.#version]));
    const rows = [...sets].map(([slot, version]) => {
      const { extra, vector, ...scalars } = rowOf(this.number, slot, version);
      return { ...scalars, extra, vector: [...vector] };
    });
    const change: Change = { name: kind, sets, deletes: new Set() };
    return { change, send: () => client[kind]({ collection_name: collection, data: rows }) };
  }

  #deleteKeys(client: MilvusClient, collection: string) {
    const slots = this.#slots();
    const ids = slots.map((slot) => keyOf(this.number, slot));
    const change: Change = { name: 'delete by ids', sets: new Map(), deletes: new Set(slots) };
    return { change, send: () => client.delete({ collection_name: collection, ids }) };
  }

  #deleteRange(client: MilvusClient, collection: string, model: WriterModel) {
    const from = this.#random.integer(SLOTS);
    const to = from + 1 + this.#random.integer(SLOTS / 4);
    const filter = `writer == ${this.number} && ${from} <= slot < ${to}`;
    const slots = [...model.versions.keys()].filter((slot) => from <= slot && slot < to);
    const change: Change = { name: 'delete by filter', sets: new Map(), deletes: new Set(slots) };
    return { change, send: () => client.delete({ collection_name: collection, filter }) };
  }

  /** Distinct slots: one row as often as a batch. */
  #slots(): number[] {
    const count = this.#random.next() < 0.3 ? 1 : 1 + this.#random.integer(ROWS_MAX);
    return [...new Set(Array.from({ length: count }, () => this.#random.integer(SLOTS)))];
  }
}
