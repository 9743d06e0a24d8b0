import type { LoadResult } from '../load/plan.ts';
import { percentile } from '../load/plan.ts';
import { runLoad } from '../load/runLoad.ts';
import { cpuMs } from '../peers/processTree.ts';
import { foundIds } from '../wire/replies.ts';
import { searchCalls } from './collections.ts';
import { type Bench, type Figure, median, PACKAGES, spread, TOP_K } from './figure.ts';

const RUN_MS = 3_000;
const WARM_UP = 2_000;
export const IN_FLIGHT = 16;
const CONNECTIONS = 4;
const JUDGED_QUERIES = 200;

/** The recall is checked before a speed is measured. */
export const search: Figure = {
  name: 'search',
  withPeers: true,
  run: async (bench) => {
    const recall = await recallOf(bench);
    const p50: number[] = [];
    const p99: number[] = [];
    const qps: number[] = [];
    const serverMicros: number[] = [];
    let client = 0;
    for (let round = 0; round < bench.rounds; round++) {
      const one = await searchRun(bench, 1);
      p50.push(percentile(one.latenciesMs, 0.5));
      p99.push(percentile(one.latenciesMs, 0.99));
      const many = await searchRun(bench, IN_FLIGHT);
      qps.push(many.qps);
      serverMicros.push(many.serverMicros);
      client = Math.max(client, many.clientCpuMs / many.tookMs);
    }
    return [
      { key: 'searchRecall', value: recall },
      { key: 'searchP50', value: median(p50), detail: spread(p50, 2) },
      { key: 'searchP99', value: median(p99), detail: spread(p99, 2) },
      {
        key: 'searchQps',
        value: median(qps),
        detail: `${spread(qps, 0)}, client ${(client * 100).toFixed(0)} % of a core, server ${median(serverMicros).toFixed(0)} µs of processor a search`,
      },
    ];
  },
};

export interface SearchRun extends LoadResult {
  readonly qps: number;
  /** Processor time of the server a search, which other load on the machine moves less than the rate. */
  readonly serverMicros: number;
}

/** Searches for some seconds with all queries in turn. */
export async function searchRun(bench: Bench, inFlight: number, filter?: string): Promise<SearchRun> {
  const { server } = await bench.loaded();
  const cpuBefore = cpuMs(server.pids());
  const result = await runLoad({
    address: server.address,
    calls: searchCalls(bench.data, PACKAGES, filter),
    connections: Math.min(CONNECTIONS, inFlight),
    inFlight,
    durationMs: RUN_MS,
    warmUp: WARM_UP,
  });
  return {
    ...result,
    qps: (result.done * 1000) / result.tookMs,
    serverMicros: ((cpuMs(server.pids()) - cpuBefore) * 1000) / (result.done + result.warmedUp),
  };
}

/** Share of the exact answers that are found. Throws when a reply has fewer hits than there are, or a wrong row. */
export async function recallOf(bench: Bench, filter?: string, rankBelow = bench.data.rows): Promise<number> {
  const { server } = await bench.loaded();
  const calls = searchCalls(bench.data, PACKAGES, filter).slice(0, JUDGED_QUERIES);
  const { replies } = await runLoad({
    address: server.address,
    calls,
    connections: 1,
    inFlight: 1,
    count: calls.length,
    keepReplies: true,
  });
  let right = 0;
  let expected = 0;
  let short = 0;
  replies.forEach((reply, query) => {
    const ids = foundIds(reply!);
    const judged = bench.judge.judge(query, ids, TOP_K, rankBelow);
    right += judged.right;
    expected += judged.expected;
    if (ids.length < judged.expected) short++;
  });
  if (short > 0 && bench.system.isElanus)
    throw new Error(`${short} of ${calls.length} replies have fewer hits than exist, filter: ${filter}`);
  return right / expected;
}
