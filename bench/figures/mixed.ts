import { runLoad } from '../load/runLoad.ts';
import { rowsCall } from './collections.ts';
import { type Figure, median, PACKAGES, spread } from './figure.ts';
import { IN_FLIGHT, searchRun } from './search.ts';

const BATCH_ROWS = 10;
const BATCHES_PER_SECOND = 100;
const INSERT_MS = 4_500;
const FIRST_ID = 20_000_000;

/** Quiet and busy runs in turns; 1,000 rows a second come in 100 calls. */
export const mixed: Figure = {
  name: 'mixed',
  withPeers: true,
  run: async (bench) => {
    const { data } = bench;
    const { server } = await bench.loaded();
    const shares: number[] = [];
    const insertRates: number[] = [];
    for (let round = 0; round < bench.rounds; round++) {
      const quiet = await searchRun(bench, IN_FLIGHT);
      const firstId = FIRST_ID + round * 100_000;
      const inserting = runLoad({
        address: server.address,
        calls: Array.from({ length: 500 }, (_, i) => {
          const from = (i * BATCH_ROWS) % (data.rows - BATCH_ROWS);
          return rowsCall(data, PACKAGES, from, from + BATCH_ROWS, firstId + i * BATCH_ROWS - from);
        }),
        connections: 1,
        inFlight: 4,
        durationMs: INSERT_MS,
        perSecondMax: BATCHES_PER_SECOND,
      });
      const busy = await searchRun(bench, IN_FLIGHT);
      const inserted = await inserting;
      shares.push((busy.qps * 100) / quiet.qps);
      insertRates.push((inserted.done * BATCH_ROWS * 1000) / inserted.tookMs);
    }
    const detail = `${spread(shares, 0)}, inserted ${Math.round(median(insertRates))} rows/s`;
    return [{ key: 'mixed', value: median(shares), detail }];
  },
};
