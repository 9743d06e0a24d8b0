import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { storeError } from './errors.ts';

/** Makes `path` with its parents, durably: LMDB syncs its file and not the folders above it. */
export async function makeFolder(path: string): Promise<void> {
  try {
    const firstMade = await mkdir(path, { recursive: true });
    if (firstMade === undefined) return;
    for (let at = path; at.length >= firstMade.length; at = dirname(at)) await syncFolder(dirname(at));
  } catch (caught) {
    throw storeError(caught, path);
  }
}

/** Makes the names of the files in `path` durable. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (caught) {
    throw storeError(caught, path);
  } finally {
    await handle.close();
  }
}
