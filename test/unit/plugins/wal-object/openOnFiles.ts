import type { Wal } from '../../../../src/core/ports/wal.ts';
import { openObjectWal } from '../../../../src/plugins/wal-object/objectWal.ts';
import { openStore as openFsStore } from '../../../kits/fsSubject.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';
import { SMALL } from './objectWalSubject.ts';

/** For the processes that the kit kills. */
export async function openStore(location: string): Promise<Wal> {
  return openObjectWal(SMALL, { ...pluginDeps, objectStore: await openFsStore(location) });
}
