import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectInfo } from '../../core/ports/objectStore.ts';
import { codeOf } from './errors.ts';
import { versionOf } from './fileVersion.ts';

/** Names of the store's own that no key can have. */
export const OWN_NAME_PREFIX = '+';

export interface ListRequest {
  readonly prefix: string;
  readonly afterKey: string | undefined;
  readonly limit: number;
}

/**
 * Objects in byte order of their keys. A folder sorts as its name with a `/`, so that walking folders in that order gives
 * the order of whole keys; folders that cannot hold an answer are not read.
 */
export async function listObjects(root: string, request: ListRequest): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  const start = request.prefix.slice(0, request.prefix.lastIndexOf('/') + 1);
  await walk(root, start, request, found);
  return found;
}

/** Each is a trip to another thread, of which Node has four. */
const STATS_AT_ONCE = 16;

/** `folderKey` is empty or ends with `/`. */
async function walk(
  root: string,
  folderKey: string,
  request: ListRequest,
  found: ObjectInfo[],
): Promise<void> {
  const files: string[] = [];
  const addFiles = async () => {
    const infos = await Promise.all(files.splice(0).map((key) => infoOf(root, key)));
    for (const info of infos) if (info !== undefined) found.push(info);
  };
  for (const key of await childKeys(root, folderKey)) {
    if (files.length === STATS_AT_ONCE || found.length + files.length >= request.limit) await addFiles();
    if (found.length >= request.limit) return;
    if (!key.startsWith(request.prefix) && !(key.endsWith('/') && request.prefix.startsWith(key))) continue;
    if (request.afterKey !== undefined && isBefore(key, request.afterKey)) continue;
    if (!key.endsWith('/')) files.push(key);
    else {
      await addFiles();
      await walk(root, key, request, found);
    }
  }
  await addFiles();
}

/** Whether nothing at or below `key` comes after `afterKey`. */
function isBefore(key: string, afterKey: string): boolean {
  return key <= afterKey && !(key.endsWith('/') && afterKey.startsWith(key));
}

async function childKeys(root: string, folderKey: string): Promise<string[]> {
  const keys: string[] = [];
  for (const entry of await readFolder(join(root, folderKey))) {
    if (entry.name.startsWith(OWN_NAME_PREFIX)) continue;
    if (entry.isDirectory()) keys.push(`${folderKey}${entry.name}/`);
    else if (entry.isFile()) keys.push(folderKey + entry.name);
  }
  return keys.sort();
}

async function readFolder(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (caught) {
    // Gone, or never there, or an object: nothing is below it.
    if (codeOf(caught) === 'ENOENT' || codeOf(caught) === 'ENOTDIR') return [];
    throw caught;
  }
}

async function infoOf(root: string, key: string): Promise<ObjectInfo | undefined> {
  try {
    const stats = await stat(join(root, key), { bigint: true });
    return stats.isFile() ? { key, ...versionOf(stats) } : undefined;
  } catch (caught) {
    // Deleted since the folder was read.
    if (codeOf(caught) !== 'ENOENT') throw caught;
    return undefined;
  }
}
