import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { ObjectInfo } from '../../core/ports/objectStore.ts';
import type { Calls } from './calls.ts';
import { TRAILER_BYTES } from './content.ts';
import { versionOf, wallMs } from './objectInfo.ts';

const PAGE_KEYS_MAX = 1_000;
/** From the first segment `.` or `..` on. MinIO refuses such places, though keys may begin like them. */
const FROM_DOTS = /(^|\/)\.{1,2}(\/.*)?$/s;
const OWN_KEY = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

export interface ListRequest {
  /** What the names of all objects of the store begin with. */
  readonly root: string;
  readonly prefix: string;
  readonly afterKey: string | undefined;
  readonly limit: number;
}

/** Objects of the store in byte order, a page of the server after the other. Names that are no keys are left out. */
export async function listObjects(calls: Calls, bucket: string, request: ListRequest): Promise<ObjectInfo[]> {
  const { root, prefix, afterKey = '', limit } = request;
  const isInside = afterKey.startsWith(prefix) && afterKey !== '';
  if (!isInside && afterKey > prefix) return [];
  const found: ObjectInfo[] = [];
  let token: string | undefined;
  do {
    const input = {
      Bucket: bucket,
      Prefix: root + prefix.replace(FROM_DOTS, '$1'),
      MaxKeys: Math.min(PAGE_KEYS_MAX, limit - found.length),
      ...(token !== undefined && { ContinuationToken: token }),
      ...(token === undefined && isInside && { StartAfter: root + afterKey.replace(FROM_DOTS, '$1') }),
    };
    const page = await calls.retried((client, options) =>
      client.send(new ListObjectsV2Command(input), options),
    );
    for (const { Key = '', Size = 0, ETag, LastModified } of page.Contents ?? []) {
      const key = Key.slice(root.length);
      if (Size < TRAILER_BYTES || !OWN_KEY.test(key)) continue;
      if (!key.startsWith(prefix) || key <= afterKey) continue;
      found.push({
        key,
        bytes: Size - TRAILER_BYTES,
        version: versionOf(ETag),
        modifiedMs: wallMs(LastModified),
      });
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined && found.length < limit);
  return found;
}
