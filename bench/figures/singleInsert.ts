import { percentile } from '../load/plan.ts';
import { runLoad } from '../load/runLoad.ts';
import { bareWrites } from './bareDisk.ts';
import { rowsCall } from './collections.ts';
import { type Figure, median, spread } from './figure.ts';

const COLLECTION = 'single';
const COUNT = 1_000;
const IN_FLIGHT = 16;
const MANY = 5_000;

/** One row a call, beside what the disk itself takes, in turns. */
export const singleInsert: Figure = {
  name: 'single-insert',
  withPeers: true,
  run: (bench) =>
    bench.withFresh(async ({ server, control }) => {
      const { data } = bench;
      await control.createCollection(COLLECTION, data.dim);
      const calls = Array.from({ length: Math.min(MANY, data.rows) }, (_, row) =>
        rowsCall(data, COLLECTION, row, row + 1),
      );
      const { address } = server;
      const samples = { bareP50: [], bareP99: [], singleP50: [], singleP99: [], singleRate: [] } as {
        [Key in 'bareP50' | 'bareP99' | 'singleP50' | 'singleP99' | 'singleRate']: number[];
      };
      for (let round = 0; round < bench.rounds; round++) {
        const bare = bareWrites(bench.scratch, calls[0]!.message.length, COUNT);
        const one = await runLoad({ address, calls, connections: 1, inFlight: 1, count: COUNT, warmUp: 200 });
        const many = await runLoad({
          address,
          calls,
          connections: 4,
          inFlight: IN_FLIGHT,
          count: MANY,
          warmUp: 200,
        });
        samples.bareP50.push(percentile(bare, 0.5));
        samples.bareP99.push(percentile(bare, 0.99));
        samples.singleP50.push(percentile(one.latenciesMs, 0.5));
        samples.singleP99.push(percentile(one.latenciesMs, 0.99));
        samples.singleRate.push((many.done * 1000) / many.tookMs);
      }
      return (Object.keys(samples) as (keyof typeof samples)[]).map((key) => ({
        key,
        value: median(samples[key]),
        detail: spread(samples[key], 2),
      }));
    }),
};
