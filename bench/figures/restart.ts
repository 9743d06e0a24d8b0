import { search } from '../wire/requests.ts';
import { queryVector } from './collections.ts';
import { EF, type Figure, median, PACKAGES, spread, TOP_K } from './figure.ts';
import { firstAnswer } from './firstAnswer.ts';

const QUERY = 0;
/** Of ten hits so many must be among the exact ones for an answer to be right; a search of half the rows finds about five. */
const RIGHT_MIN = 9;

/** kill -9 of the server that holds the set, start on the same folder, first right answer. */
export const restart: Figure = {
  name: 'restart',
  withPeers: true,
  run: async (bench) => {
    const { data, judge } = bench;
    const query = search(PACKAGES, queryVector(data, QUERY), { limit: TOP_K, ef: EF, strong: true });
    const isRight = (ids: readonly number[]): boolean =>
      ids.length === TOP_K && judge.judge(QUERY, ids, TOP_K, Number.POSITIVE_INFINITY).right >= RIGHT_MIN;
    const seconds: number[] = [];
    await bench.loaded();
    const rounds = bench.system.isElanus ? bench.rounds : 1;
    for (let round = 0; round < rounds; round++) {
      const server = await bench.restartLoaded();
      const { atMs, control } = await firstAnswer(server, PACKAGES, query, isRight);
      seconds.push((atMs - server.startedMs) / 1000);
      const count = await control.count(PACKAGES);
      if (count !== data.rows) throw new Error(`${count} rows of ${data.rows} are there after the restart`);
      bench.reconnected(control);
    }
    return [{ key: 'restart', value: median(seconds), detail: spread(seconds, 2) }];
  },
};
