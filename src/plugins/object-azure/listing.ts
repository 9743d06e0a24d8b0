import type { ObjectInfo } from '../../core/ports/objectStore.ts';
import type { Calls } from './calls.ts';
import { infoOf } from './objectInfo.ts';

const PAGE_KEYS_MAX = 5_000;
const OWN_KEY = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

export interface ListRequest {
  /** What the names of all blobs of the store begin with. */
  readonly root: string;
  readonly prefix: string;
  readonly afterKey: string | undefined;
  readonly limit: number;
}

/**
 * Objects of the store in byte order, a page of the service after the other. Names that are no keys are left out. The service begins at
 * `afterKey`, or, when it is too old to know how, at the first key, so that what is not after `afterKey` is left out here.
 */
export async function listObjects(calls: Calls, request: ListRequest): Promise<ObjectInfo[]> {
  const { root, prefix, afterKey = '', limit } = request;
  const isInside = afterKey.startsWith(prefix) && afterKey !== '';
  if (!isInside && afterKey > prefix) return [];
  const found: ObjectInfo[] = [];
  let continuationToken: string | undefined;
  do {
    const settings = {
      // One more than asked for: `startFrom` itself may be among them.
      maxPageSize: Math.min(PAGE_KEYS_MAX, limit - found.length + 1),
      ...(continuationToken !== undefined && { continuationToken }),
    };
    const page = await calls.retried(async (container, { abortSignal }) => {
      const startFrom = isInside ? { startFrom: root + afterKey } : {};
      const blobs = container.listBlobsFlat({ prefix: root + prefix, ...startFrom, abortSignal });
      return (await blobs.byPage(settings).next()).value;
    });
    for (const { name, properties } of page?.segment.blobItems ?? []) {
      const key = name.slice(root.length);
      if (key > afterKey && OWN_KEY.test(key) && found.length < limit) found.push(infoOf(key, properties));
    }
    continuationToken = page?.continuationToken || undefined;
  } while (continuationToken !== undefined && found.length < limit);
  return found;
}
