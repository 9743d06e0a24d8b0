import { ElanusError } from '../../core/domain/errors.ts';
import type { ObjectVersion } from '../../core/ports/objectStore.ts';

/** The ETag without its quotes. */
export function versionOf(etag: string | undefined): ObjectVersion {
  if (etag === undefined) throw new ElanusError('Unknown', 'object store: the server sent no ETag');
  return etag.replaceAll('"', '');
}

/** Whole seconds: replies to GET and HEAD have no more, those to lists may. */
export function wallMs(date: Date | undefined): number {
  return Math.floor((date?.getTime() ?? 0) / 1_000) * 1_000;
}
