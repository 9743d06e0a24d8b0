import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What a durable write of `bytes` bytes costs when nothing else is done, ms of each. */
export function bareWrites(folder: string, bytes: number, count: number): Float64Array {
  const path = join(folder, 'bare-writes');
  const file = openSync(path, 'w');
  const data = Buffer.alloc(bytes, 7);
  const tookMs = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    writeSync(file, data, 0, bytes, i * bytes);
    fdatasyncSync(file);
    tookMs[i] = performance.now() - began;
  }
  closeSync(file);
  rmSync(path);
  return tookMs;
}

/** Files of these sizes, written and synced one after another: ms in all. */
export function bareObjects(folder: string, sizes: readonly number[]): number {
  const began = performance.now();
  const paths = sizes.map((bytes, i) => {
    const path = join(folder, `bare-object-${i}`);
    const file = openSync(path, 'w');
    writeSync(file, Buffer.alloc(bytes, i + 1));
    fsyncSync(file);
    closeSync(file);
    return path;
  });
  const tookMs = performance.now() - began;
  for (const path of paths) rmSync(path);
  return tookMs;
}
