import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Logger } from '../src/core/ports/logger.ts';
import type { WalWriter } from '../src/core/ports/wal.ts';
import { walFileConfigSchema } from '../src/plugins/wal-file/config.ts';
import { openFileWal } from '../src/plugins/wal-file/fileWal.ts';

/** Prints what the file log costs next to the system calls it cannot do without. Usage: node bench/walFile.ts [directory] */
const RUN_MS = 2_000;
const SMALL_BYTES = 300;
const LARGE_BYTES = 1_500_000;

const silent: Logger = {
  child: () => silent,
  debug: () => undefined,
  info: () => undefined,
  warn: (message, fields) => console.warn(message, fields),
  error: (message, fields) => console.error(message, fields),
};

function percentile(samplesMs: number[], share: number): string {
  samplesMs.sort((a, b) => a - b);
  return (samplesMs[Math.floor(samplesMs.length * share)] ?? 0).toFixed(3);
}

async function timed(
  step: () => Promise<unknown>,
  runMs = RUN_MS,
): Promise<{ samplesMs: number[]; tookMs: number }> {
  const samplesMs: number[] = [];
  const begun = performance.now();
  let now = begun;
  while (now - begun < runMs) {
    await step();
    const after = performance.now();
    samplesMs.push(after - now);
    now = after;
  }
  return { samplesMs, tookMs: now - begun };
}

/** What one durable append costs when nothing but write and fdatasync is done. */
async function bareLoop(directory: string): Promise<number[]> {
  const file = await fs.promises.open(path.join(directory, 'bare'), 'w');
  const bytes = Buffer.alloc(SMALL_BYTES + 32, 1);
  let offset = 0;
  const { samplesMs } = await timed(async () => {
    await file.write(bytes, 0, bytes.length, offset);
    await file.datasync();
    offset += bytes.length;
  });
  await file.close();
  return samplesMs;
}

async function inFlight(writer: WalWriter, record: Uint8Array, count: number): Promise<number> {
  let appends = 0;
  const begun = performance.now();
  const until = begun + RUN_MS;
  const one = async (): Promise<void> => {
    while (performance.now() < until) {
      await writer.append(record);
      appends++;
    }
  };
  await Promise.all(Array.from({ length: count }, one));
  return (appends * 1000) / (performance.now() - begun);
}

async function main(): Promise<void> {
  const root = fs.mkdtempSync(path.join(process.argv[2] ?? os.tmpdir(), 'elanus-wal-bench-'));
  const wal = openFileWal(walFileConfigSchema.parse({ path: path.join(root, 'wal') }), silent);
  try {
    const small = new Uint8Array(SMALL_BYTES).fill(7);
    const writer = await wal.open('small', 1);
    for (let round = 1; round <= 2; round++) {
      const bare = await bareLoop(root);
      const { samplesMs } = await timed(() => writer.append(small));
      console.log(`round ${round}, 1 row of ${SMALL_BYTES} bytes, one at a time`);
      console.log(`  write + fdatasync   p50 ${percentile(bare, 0.5)} ms   p99 ${percentile(bare, 0.99)} ms`);
      console.log(
        `  append              p50 ${percentile(samplesMs, 0.5)} ms   p99 ${percentile(samplesMs, 0.99)} ms`,
      );
    }
    for (const count of [4, 16, 64]) {
      console.log(`${count} in flight: ${Math.round(await inFlight(writer, small, count))} appends/s`);
    }
    const large = Buffer.alloc(LARGE_BYTES, 'vector');
    const largeWriter = await wal.open('large', 1);
    for (const count of [1, 4, 16]) {
      const rate = await inFlight(largeWriter, large, count);
      console.log(`${LARGE_BYTES} bytes, ${count} in flight: ${Math.round((rate * LARGE_BYTES) / 1e6)} MB/s`);
    }
    const begun = performance.now();
    let readBytes = 0;
    for await (const entry of wal.read('large', undefined)) readBytes += entry.record.length;
    console.log(`read back: ${Math.round(readBytes / 1e3 / (performance.now() - begun))} MB/s`);
  } finally {
    await wal.close();
    fs.rmSync(root, { recursive: true, force: true });
  }
}

await main();
