import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs, pssBytes } from '../peers/processTree.ts';
import type { Figure } from './figure.ts';
import { median, spread } from './figure.ts';

const SETTLE_MS = 10_000;
const WATCH_MS = 10_000;

/** 10 s after the start on an empty folder. */
export const idle: Figure = {
  name: 'idle',
  withPeers: true,
  run: async (bench) => {
    const megabytes: number[] = [];
    const percents: number[] = [];
    const rounds = bench.system.isElanus ? bench.rounds : 1;
    for (let round = 0; round < rounds; round++) {
      await bench.withFresh(async ({ server }) => {
        await delay(SETTLE_MS);
        const before = cpuMs(server.pids());
        await delay(WATCH_MS);
        const pids = server.pids();
        percents.push(((cpuMs(pids) - before) / WATCH_MS) * 100);
        megabytes.push(pssBytes(pids) / 1e6);
      });
    }
    return [
      { key: 'idleMemory', value: median(megabytes), detail: spread(megabytes) },
      { key: 'idleCpu', value: median(percents), detail: spread(percents, 2) },
    ];
  },
};
