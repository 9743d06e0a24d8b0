import { ElanusError } from '../../core/domain/errors.ts';
import type { ObjectInfo, ObjectVersion } from '../../core/ports/objectStore.ts';

/** The ETag without its quotes, which lists leave out. */
export function versionOf(etag: string | undefined): ObjectVersion {
  if (etag === undefined) throw new ElanusError('Unknown', 'object store: the service sent no ETag');
  return etag.replaceAll('"', '');
}

interface BlobProperties {
  readonly contentLength?: number | undefined;
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
}

export function infoOf(key: string, { contentLength = 0, etag, lastModified }: BlobProperties): ObjectInfo {
  return { key, bytes: contentLength, version: versionOf(etag), modifiedMs: lastModified?.getTime() ?? 0 };
}
