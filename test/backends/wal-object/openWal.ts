import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import type { Wal } from '../../../src/core/ports/wal.ts';
import { openObjectWal } from '../../../src/plugins/wal-object/objectWal.ts';
import { pluginDeps } from '../../kits/pluginDeps.ts';
import { SMALL } from '../../unit/plugins/wal-object/objectWalSubject.ts';
import { openWith as openAzure } from '../object-azure/subject.ts';
import { openWith as openS3 } from '../object-s3/subject.ts';

/** Which object store, with the options of its plugin. */
export interface Location {
  readonly kind: 's3' | 'azure';
  readonly options: Readonly<Record<string, unknown>>;
}

export function openObjects({ kind, options }: Location): Promise<ObjectStore> {
  return kind === 's3' ? openS3(options) : openAzure(options);
}

/** For the processes that the kit kills; `location` is a Location as JSON. */
export async function openStore(location: string): Promise<Wal> {
  const objectStore = await openObjects(JSON.parse(location) as Location);
  return openObjectWal(SMALL, { ...pluginDeps, objectStore });
}
