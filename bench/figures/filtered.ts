import { FIELD } from '../wire/requests.ts';
import { type Figure, type Measured, median, spread } from './figure.ts';
import { isSelective, SHARES } from './goals.ts';
import { IN_FLIGHT, recallOf, searchRun } from './search.ts';

/**
 * A range of an Int64 field that passes a known share of the rows. Where the rate is compared with that without a filter, both are
 * measured in turns: minutes apart the machine is another one.
 */
export const filtered: Figure = {
  name: 'filtered',
  withPeers: true,
  run: async (bench) => {
    const measured: Measured[] = [];
    for (const share of SHARES) {
      const rankBelow = Math.round(bench.data.rows * share);
      const filter = `${FIELD.rank} < ${rankBelow}`;
      measured.push({
        key: `filtered${share}Recall`,
        value: await recallOf(bench, filter, rankBelow),
      });
      const qps: number[] = [];
      const serverMicros: number[] = [];
      const shares: number[] = [];
      for (let round = 0; round < bench.rounds; round++) {
        const run = await searchRun(bench, IN_FLIGHT, filter);
        qps.push(run.qps);
        serverMicros.push(run.serverMicros);
        if (!bench.system.isElanus || !isSelective(share)) continue;
        shares.push((run.qps / (await searchRun(bench, IN_FLIGHT)).qps) * 100);
      }
      measured.push({
        key: `filtered${share}Qps`,
        value: median(qps),
        detail: `${spread(qps, 0)}, server ${median(serverMicros).toFixed(0)} µs of processor a search`,
      });
      if (shares.length > 0)
        measured.push({ key: `filtered${share}Share`, value: median(shares), detail: spread(shares, 0) });
    }
    return measured;
  },
};
