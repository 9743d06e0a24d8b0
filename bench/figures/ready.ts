import { runLoad } from '../load/runLoad.ts';
import { batchCalls } from './collections.ts';
import { type Bench, type Figure, median, PACKAGES, type Served, spread } from './figure.ts';

const BATCH_ROWS = 1_000;
const CONNECTIONS = 4;

/** From the first insert of an empty collection until all rows are flushed, in the graph and loaded. */
export const ready: Figure = {
  name: 'ready',
  withPeers: true,
  run: async (bench) => {
    const seconds: number[] = [];
    const rounds = bench.system.isElanus ? bench.rounds : 1;
    for (let round = 0; round < rounds; round++) {
      await bench.withFresh(async (served) => {
        seconds.push((await makeReady(bench, served)) / 1000);
      });
    }
    return [{ key: 'ready', value: median(seconds), detail: spread(seconds) }];
  },
};

/** Fills PACKAGES and resolves with the ms it took; the count is checked. */
export async function makeReady({ data, system }: Bench, { server, control }: Served): Promise<number> {
  const calls = batchCalls(data, PACKAGES, data.rows, BATCH_ROWS);
  await control.createCollection(PACKAGES, data.dim);
  const beganMs = performance.now();
  await runLoad({
    address: server.address,
    calls,
    connections: CONNECTIONS,
    inFlight: CONNECTIONS,
    count: calls.length,
  });
  await control.flush(PACKAGES);
  await control.createIndex(PACKAGES, system.indexType);
  if (system.indexType === 'HNSW') await control.waitForIndex(PACKAGES, data.rows);
  await control.load(PACKAGES);
  const tookMs = performance.now() - beganMs;
  const count = await control.count(PACKAGES);
  if (count !== data.rows) throw new Error(`${count} rows of ${data.rows} are there`);
  return tookMs;
}
