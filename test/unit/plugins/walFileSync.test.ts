import {
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeFileSystem } from '../../../src/plugins/wal-file/nodeFileSystem.ts';

describe('files of the log', () => {
  test('a new one is opened for synced writes', async () => {
    if (process.platform !== 'linux') {
      console.log('not run: only Linux tells with which flags a file is open');
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'elanus-'));
    try {
      const path = join(folder, '1.log');
      const file = await nodeFileSystem.create(path);
      expect(openFlags(path).some((flags) => (flags & constants.O_DSYNC) === constants.O_DSYNC)).toBe(true);
      await file.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('one that another instance removes as soon as it is there is still written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'elanus-'));
    try {
      const path = join(folder, '1.cut');
      const created = nodeFileSystem.create(path);
      // This turn ends only when the file is gone again, so nothing that `create` does next finds it.
      while (!existsSync(path));
      unlinkSync(path);
      const file = await created;
      expect(await file.writev([Buffer.alloc(300_000, 1)], 0)).toBe(300_000);
      await file.datasync();
      expect(await file.size()).toBe(300_000);
      await file.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The flags of each descriptor that this process has of the file, as the kernel tells them. */
function openFlags(path: string): number[] {
  const descriptors = readdirSync('/proc/self/fd').filter((fd) => linkOf(fd) === path);
  return descriptors.map((descriptor) => {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
    return Number.parseInt(/^flags:\s+(\d+)/m.exec(info)![1]!, 8);
  });
}

/** undefined for the descriptor of the listing itself, which is closed by now. */
function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
