import { setTimeout as delay } from 'node:timers/promises';
import { pssBytes } from '../peers/processTree.ts';
import { type Figure, PACKAGES } from './figure.ts';
import { IN_FLIGHT, searchRun } from './search.ts';

const SETTLE_MS = 10_000;

/** After the set was loaded and searched, so that every thread runs. */
export const memory: Figure = {
  name: 'memory',
  withPeers: true,
  run: async (bench) => {
    const { server, control } = await bench.loaded();
    await searchRun(bench, IN_FLIGHT);
    const count = await control.count(PACKAGES);
    await delay(SETTLE_MS);
    return [{ key: 'loadedMemory', value: pssBytes(server.pids()) / 1e6, detail: `${count} rows` }];
  },
};
