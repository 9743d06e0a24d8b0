import { constants, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
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
      expect(openFlags(path) & constants.O_DSYNC).toBe(constants.O_DSYNC);
      await file.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The flags with which this process has the file open, as the kernel tells them. */
function openFlags(path: string): number {
  const descriptor = readdirSync('/proc/self/fd').find((fd) => linkOf(fd) === path);
  const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
  return Number.parseInt(/^flags:\s+(\d+)/m.exec(info)![1]!, 8);
}

/** undefined for the descriptor of the listing itself, which is closed by now. */
function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
