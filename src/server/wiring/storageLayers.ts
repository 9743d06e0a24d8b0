import { join } from 'node:path';
import type { CallLayer } from '../../core/layers/callLayer.ts';
import { stacked } from '../../core/layers/callLayer.ts';
import { inFlightLimit } from '../../core/layers/inFlightLimit.ts';
import { layeredMetaStore } from '../../core/layers/layeredMetaStore.ts';
import { layeredObjectStore } from '../../core/layers/layeredObjectStore.ts';
import { layeredWal } from '../../core/layers/layeredWal.ts';
import { measured } from '../../core/layers/measured.ts';
import { cachedReads } from '../../core/layers/readCache.ts';
import { retry } from '../../core/layers/retry.ts';
import { timeLimit } from '../../core/layers/timeLimit.ts';
import type { ObjectStore } from '../../core/ports/objectStore.ts';
import type { PluginDeps, StoragePorts } from '../../core/ports/plugin.ts';
import { SEGMENTS_PREFIX } from '../../core/segment/segmentFiles.ts';
import { openRangeFiles } from '../cache/rangeFiles.ts';
import type { Config } from '../config/schema.ts';
import type { StorageLayers } from './layersWanted.ts';

type Port = keyof StoragePorts;

const LAYERED: { readonly [P in Port]: (store: StoragePorts[P], layer: CallLayer) => StoragePorts[P] } = {
  meta: layeredMetaStore,
  wal: layeredWal,
  objectStore: layeredObjectStore,
};

/** `store` with the layers of its port: metrics outermost, then retries, each attempt within the limits. */
export function withLayers<P extends Port>(
  port: P,
  store: StoragePorts[P],
  { metrics, retriesMax, inFlightMax, timeoutMs }: StorageLayers,
  deps: PluginDeps,
): StoragePorts[P] {
  const layers = [
    ...(metrics ? [measured(port, deps)] : []),
    ...(retriesMax > 0 ? [retry({ retriesMax }, deps)] : []),
    ...(inFlightMax > 0 ? [inFlightLimit({ inFlightMax })] : []),
    ...(timeoutMs > 0
      ? [timeLimit({ timeoutMs }, { ...deps, logger: deps.logger.child(`${port}-layers`) })]
      : []),
  ];
  return LAYERED[port](store, stacked(layers));
}

/** `store` behind the cache of elanus.yaml. Error: Unavailable, when its folder cannot be used. */
export function withCache(
  store: ObjectStore,
  { memoryBytesMax, diskBytesMax, path }: Config['objectStore']['cache'],
  dataDir: string,
  { logger, metrics }: PluginDeps,
): ObjectStore {
  const folder = path === '' ? join(dataDir, 'cache') : path;
  const files =
    diskBytesMax === 0
      ? undefined
      : openRangeFiles({ folder, bytesMax: diskBytesMax }, logger.child('cache'));
  // Files of segments are written once.
  const isImmutable = (key: string): boolean => key.startsWith(SEGMENTS_PREFIX);
  return cachedReads(store, { memoryBytesMax, files, isImmutable, metrics });
}
