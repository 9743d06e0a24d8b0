import { expect, test } from 'vitest';
import type { MetaStore } from '../../../../src/core/ports/metaStore.ts';
import { SeededRandom } from '../../../../src/plugins/memory/seededRandom.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';
import { CasHistory } from './casHistory.ts';
import { SimulatedNet, type SimulatedProcess } from './simulatedNet.ts';
import { openOver } from './subject.ts';

const SEEDS = Number(process.env.ELANUS_SEEDS ?? 40);
const PROCESSES = 3;
const ROUNDS = 20;
const KEYS = ['x', 'y'];
const MINUTE_MS = 60_000;

for (let seed = 1; seed <= SEEDS; seed++) {
  test(`simulation: processes that stall, are cut off and start again, over a bucket that loses answers, seed ${seed}`, async () => {
    const net = new SimulatedNet(seed);
    await net.clock.run(new Simulation(net, seed).run());
  });
}

class Simulation {
  readonly #net: SimulatedNet;
  readonly #random: SeededRandom;
  readonly #history = new CasHistory();

  constructor(net: SimulatedNet, seed: number) {
    this.#net = net;
    this.#random = new SeededRandom(seed);
  }

  async run(): Promise<void> {
    const net = this.#net;
    net.troubles = { lost: 0.03, refused: 0.03, still: 0.01, stillMs: 25 * MINUTE_MS };
    const stores = await Promise.all(Array.from({ length: PROCESSES }, () => this.#live()));
    net.troubles = { lost: 0, refused: 0, still: 0, stillMs: 0 };
    await net.clock.sleep(30 * MINUTE_MS);
    stores.push((await this.#open()).store);
    const contents = await Promise.all(stores.map((store) => store.range('')));
    for (const content of contents) expect(content).toEqual(contents[0]);
    this.#history.check();
    expect(net.names.some((name) => name.startsWith('meta/snapshots/'))).toBe(true);
  }

  /** Works, rests and breaks down. Resolves with the store of its last life. */
  async #live(): Promise<MetaStore> {
    const net = this.#net;
    let { process, store } = await this.#open();
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all([this.#work(store), this.#work(store)]);
      await net.delay(net.chance(0.1) ? 20 * MINUTE_MS : 3 * MINUTE_MS);
      if (!net.chance(0.05)) continue;
      process.cutOff();
      ({ process, store } = await this.#open());
    }
    return store;
  }

  async #work(store: MetaStore): Promise<void> {
    for (let time = 0; time < 3; time++) {
      await this.#net.delay();
      await this.#history.work(store, [KEYS[Math.floor(this.#net.random() * KEYS.length)]!], 1);
    }
  }

  async #open(): Promise<{ process: SimulatedProcess; store: MetaStore }> {
    for (;;) {
      const process = this.#net.process();
      const deps = { ...pluginDeps, clock: process.clock, random: this.#random };
      const opening = openOver(process.objects, { snapshotEntries: 3 }, deps);
      const store = await opening.catch(() => undefined);
      if (store !== undefined) return { process, store };
    }
  }
}
