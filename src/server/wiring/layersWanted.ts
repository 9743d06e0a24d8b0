import type { StoragePorts } from '../../core/ports/plugin.ts';
import type { Config } from '../config/schema.ts';
import { BUILT_IN_PLUGINS } from './builtInPlugins.ts';

/** What goes around the calls of a store; 0 and false leave a layer out. */
export interface StorageLayers {
  readonly metrics: boolean;
  readonly timeoutMs: number;
  readonly retriesMax: number;
  readonly inFlightMax: number;
}

/** The layers of a port, or undefined when there are none. */
export function layersWanted(config: Config, port: keyof StoragePorts): StorageLayers | undefined {
  const { plugin, layers } = config[port];
  const builtIn = BUILT_IN_PLUGINS[port];
  const isLocal = Object.hasOwn(builtIn, plugin) && builtIn[plugin]!.isLocal === true;
  const wanted = {
    retriesMax: 0,
    inFlightMax: 0,
    ...layers,
    metrics: layers.metrics === 'on' || (layers.metrics === 'auto' && !isLocal),
  };
  const { metrics, timeoutMs, retriesMax, inFlightMax } = wanted;
  return metrics || timeoutMs > 0 || retriesMax > 0 || inFlightMax > 0 ? wanted : undefined;
}

/** Whether elanus.yaml asks for a cache of objects. */
export function cacheWanted({ objectStore: { cache } }: Config): boolean {
  return cache.memoryBytesMax > 0 || cache.diskBytesMax > 0;
}
