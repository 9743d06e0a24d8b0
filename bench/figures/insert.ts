import { runLoad } from '../load/runLoad.ts';
import { batchCalls } from './collections.ts';
import { type Figure, median, spread } from './figure.ts';

const BATCH_ROWS = 1_000;
const CONNECTIONS = 4;

/** The whole set into an empty collection, each round into another one; the count is checked. */
export const insert: Figure = {
  name: 'insert',
  withPeers: true,
  run: (bench) =>
    bench.withFresh(async ({ server, control }) => {
      const { data } = bench;
      const rates: number[] = [];
      const clientShares: number[] = [];
      for (let round = 0; round <= bench.rounds; round++) {
        const name = `insert${round}`;
        await control.createCollection(name, data.dim);
        const calls = batchCalls(data, name, data.rows, BATCH_ROWS);
        const { tookMs, clientCpuMs } = await runLoad({
          address: server.address,
          calls,
          connections: CONNECTIONS,
          inFlight: CONNECTIONS,
          count: calls.length,
        });
        await control.createIndex(name, bench.system.indexType);
        await control.load(name);
        const count = await control.count(name);
        if (count !== data.rows) throw new Error(`${count} rows of ${data.rows} are there`);
        await control.release(name);
        await control.dropCollection(name);
        // The first round warms up.
        if (round === 0) continue;
        rates.push((data.rows * 1000) / tookMs);
        clientShares.push(clientCpuMs / tookMs);
      }
      const detail = `${spread(rates, 0)}, client ${(median(clientShares) * 100).toFixed(0)} % of a core`;
      return [{ key: 'insertRate', value: median(rates), detail }];
    }),
};
