import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { percentile } from '../load/plan.ts';
import { poll } from '../wire/control.ts';
import { bareObjects } from './bareDisk.ts';
import { batchCalls } from './collections.ts';
import { type Bench, type Figure, type Measured, median, type Served, spread } from './figure.ts';

const ROWS = 10_000;
const BATCH_ROWS = 1_000;

interface Round {
  readonly replyMs: number;
  readonly objectsMs: number;
  readonly bareMs: number;
}

/** 10,000 rows, then Flush until its state is true; objects until every row is in a stored one. */
export const flush: Figure = {
  name: 'flush',
  withPeers: true,
  run: (bench) =>
    bench.withFresh(async (served) => {
      const rounds: Round[] = [];
      const count = bench.system.isElanus && !bench.quick ? bench.rounds * 4 : bench.rounds;
      for (let round = 0; round < count; round++)
        rounds.push(await flushOnce(bench, served, `flush${round}`));
      const replies = rounds.map(({ replyMs }) => replyMs);
      const measured: Measured[] = [
        {
          key: 'flush',
          value: percentile(replies, 0.99),
          detail: `${spread(replies)}, p50 ${median(replies).toFixed(1)}`,
        },
      ];
      if (!bench.system.isElanus) return measured;
      const objects = rounds.map(({ objectsMs }) => objectsMs);
      const bare = rounds.map(({ bareMs }) => bareMs);
      measured.push({ key: 'bareObjects', value: median(bare), detail: spread(bare) });
      measured.push({ key: 'objects', value: median(objects), detail: spread(objects) });
      return measured;
    }),
};

async function flushOnce(bench: Bench, { server, control }: Served, name: string): Promise<Round> {
  const { data, system, scratch } = bench;
  const rows = Math.min(ROWS, data.rows);
  await control.createCollection(name, data.dim);
  for (const call of batchCalls(data, name, rows, BATCH_ROWS)) await control.call(call);
  const before = system.isElanus ? objectSizes(server.dataDir) : new Map<string, number>();
  const beganMs = performance.now();
  await control.flush(name);
  const replyMs = performance.now() - beganMs;
  if (!system.isElanus) return { replyMs, objectsMs: Number.NaN, bareMs: Number.NaN };
  await poll(async () => (await control.flushedRows(name)) === rows, 1);
  const objectsMs = performance.now() - beganMs;
  const sizes = [...objectSizes(server.dataDir)]
    .filter(([path]) => !before.has(path))
    .map(([, bytes]) => bytes);
  if (sizes.length === 0) throw new Error('the flush wrote no object');
  return { replyMs, objectsMs, bareMs: bareObjects(scratch, sizes) };
}

/** Sizes of the objects in a data folder of Elanus, by path. */
function objectSizes(dataDir: string): Map<string, number> {
  const folder = join(dataDir, 'data/objects');
  const sizes = new Map<string, number>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    sizes.set(path, statSync(path).size);
  }
  return sizes;
}
