import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Running } from '../peers/system.ts';
import { Control } from '../wire/control.ts';
import { search } from '../wire/requests.ts';
import { batchCalls, queryVector } from './collections.ts';
import { type Bench, EF, type Figure, median, spread, TOP_K } from './figure.ts';
import { firstAnswer } from './firstAnswer.ts';

const COLLECTION = 'small';
const ROWS = 1_000;

/** A folder with 1,000 rows; the first start writes the compile cache and does not count. */
export const start: Figure = {
  name: 'start',
  withPeers: true,
  run: async (bench) => {
    const folder = join(bench.scratch, 'start');
    await fill(bench, folder);
    const query = search(COLLECTION, queryVector(bench.data, 0), { limit: TOP_K, ef: EF });
    const tookMs: number[] = [];
    for (let round = 0; round < bench.rounds; round++) {
      const server = await Running.start(bench.system, folder);
      const { ids, atMs } = await firstAnswer(server, COLLECTION, query, (found) => found.length === TOP_K);
      tookMs.push(atMs - server.startedMs);
      checkRows(ids);
      await server.stop();
    }
    return [{ key: 'start', value: median(tookMs), detail: spread(tookMs, 0) }];
  },
};

function checkRows(ids: readonly number[]): void {
  if (ids.some((id) => id < 0 || id >= ROWS))
    throw new Error(`the answer has unknown ids: ${ids.join(', ')}`);
}

async function fill({ system, data }: Bench, folder: string): Promise<void> {
  const server = await Running.start(system, folder);
  const control = await connect(server);
  await control.createCollection(COLLECTION, data.dim);
  for (const call of batchCalls(data, COLLECTION, ROWS, ROWS)) await control.call(call);
  await control.createIndex(COLLECTION, system.indexType);
  await control.flush(COLLECTION);
  await control.load(COLLECTION);
  control.close();
  await server.stop();
}

const CONNECT_EVERY_MS = 2;
const READY_TIMEOUT_MS = 120_000;

/** Waits until the server answers a call. */
export async function connect(server: Running): Promise<Control> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    server.checkAlive();
    const control = await tryConnect(server.address, performance.now() > deadlineMs);
    if (control !== undefined) return control;
    await delay(CONNECT_EVERY_MS);
  }
}

async function tryConnect(address: string, isLast: boolean): Promise<Control | undefined> {
  let control: Control | undefined;
  try {
    control = await Control.open(address);
    await control.listCollections();
    return control;
  } catch (error) {
    control?.close();
    if (isLast) throw error;
    return undefined;
  }
}
