import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pssBytes } from '../peers/processTree.ts';
import { Running } from '../peers/system.ts';
import type { Control } from '../wire/control.ts';
import { insert, search } from '../wire/requests.ts';
import { EF, type Figure, TOP_K } from './figure.ts';
import { connect } from './start.ts';

const COLLECTIONS = 1_000;
const ROWS = 100;
const DIM = 64;
const SETTLE_MS = 10_000;
const AT_ONCE = 8;

/** 1,000 collections of 100 rows × 64 with an index, loaded: what they take, and when all answer after a restart. */
export const smallCollections: Figure = {
  name: 'small-collections',
  withPeers: false,
  run: async (bench) => {
    const folder = join(bench.scratch, 'small-collections');
    const { data, system } = bench;
    // The first rows of the set, cut to fewer dimensions.
    const vectors = new Float32Array(ROWS * DIM);
    for (let row = 0; row < ROWS; row++)
      vectors.set(data.vectors.subarray(row * data.dim, row * data.dim + DIM), row * DIM);
    const numbers = Array.from({ length: ROWS }, (_, i) => i);
    const rows = { ids: numbers, ranks: numbers, vectors, dim: DIM };
    const searchIn = (name: string) => search(name, vectors.subarray(0, DIM), { limit: TOP_K, ef: EF });

    const first = await Running.start(system, folder);
    const control = await connect(first);
    await delay(SETTLE_MS);
    const emptyBytes = pssBytes(first.pids());
    await forEachName(async (name) => {
      await control.createCollection(name, DIM);
      await control.call(insert(name, rows));
      await control.createIndex(name, system.indexType);
      await control.load(name);
      await checkSearch(control, name, searchIn(name));
    });
    await delay(SETTLE_MS);
    const extraBytes = pssBytes(first.pids()) - emptyBytes;
    control.close();
    await first.stop();

    const second = await Running.start(system, folder);
    const again = await connect(second);
    await forEachName((name) => checkSearch(again, name, searchIn(name)));
    const readyMs = performance.now() - second.startedMs;
    again.close();
    await second.stop();
    return [
      { key: 'smallMemory', value: extraBytes / 1e6 },
      { key: 'smallRestart', value: readyMs / 1000, detail: 'one search in each included' },
    ];
  },
};

async function checkSearch(control: Control, name: string, call: ReturnType<typeof search>): Promise<void> {
  const ids = await control.search(call);
  if (ids.length !== TOP_K || ids[0] !== 0)
    throw new Error(`collection ${name} answers ${ids.join(', ')} to a search for its row 0`);
}

async function forEachName(act: (name: string) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < COLLECTIONS) await act(`small_${next++}`);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
