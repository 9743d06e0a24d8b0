import type { Container, ServiceIdentifier } from 'inversify';
import type { AnyPlugin, PluginDeps, StoragePorts } from '../../core/ports/plugin.ts';
import type { Config } from '../config/schema.ts';
import { countedWal } from '../metrics/countedWal.ts';
import type { MetricsRegistry } from '../metrics/metricsRegistry.ts';
import { cacheWanted, layersWanted } from './layersWanted.ts';
import type { Lifecycle } from './lifecycle.ts';
import { type ChosenStorage, chooseStorage, type StoragePlugins } from './pluginRegistry.ts';
import { TOKENS } from './tokens.ts';

/** The three stores of the configuration, opened by their plugins; `given` ones need not be looked for. */
export function bindStorage(container: Container, given: readonly AnyPlugin[] = []): void {
  container
    .bind(TOKENS.StoragePlugins)
    .toResolvedValue(
      (config, directory) => chooseStorage(config, directory.path, given),
      [TOKENS.Config, TOKENS.DataDirectory],
    );
  bindStore(container, 'meta', TOKENS.MetaStore, async (store) => store);
  bindStore(container, 'wal', TOKENS.Wal, async (store, { metrics }) => countedWal(store, metrics));
  bindStore(container, 'objectStore', TOKENS.ObjectStore, cachedObjects);
}

/** What the layers of a store are made with. */
interface Surroundings {
  readonly config: Config;
  readonly dataDir: string;
  readonly deps: PluginDeps;
  readonly metrics: MetricsRegistry;
}

type Wrap<Store> = (store: Store, surroundings: Surroundings) => Promise<Store>;

function bindStore<Port extends keyof StoragePorts>(
  container: Container,
  port: Port,
  token: ServiceIdentifier<StoragePorts[Port]>,
  wrapped: Wrap<StoragePorts[Port]>,
): void {
  container.bind(token).toResolvedValue(
    async (
      plugins: StoragePlugins,
      deps: PluginDeps,
      metrics: MetricsRegistry,
      lifecycle: Lifecycle,
      config: Config,
      { path: dataDir }: { readonly path: string },
    ) => {
      const chosen: ChosenStorage<Port> = plugins[port];
      const surroundings = { config, dataDir, deps, metrics };
      return lifecycle.open<StoragePorts[Port]>(
        port,
        async () => {
          const store = await chosen.open(await withObjectStore(chosen, deps, container));
          return closedOnError(store, async () =>
            wrapped(await layered<Port>(port, store, surroundings), surroundings),
          );
        },
        (store) => store.close(),
      );
    },
    [
      TOKENS.StoragePlugins,
      TOKENS.PluginDeps,
      TOKENS.Metrics,
      TOKENS.Lifecycle,
      TOKENS.Config,
      TOKENS.DataDirectory,
    ],
  );
}

/** What is opened while a part opens is older than it, so the object store is closed after the part. */
async function withObjectStore(
  { plugin }: ChosenStorage<keyof StoragePorts>,
  deps: PluginDeps,
  container: Container,
): Promise<PluginDeps> {
  if (!plugin.needsObjectStore) return deps;
  return { ...deps, objectStore: await container.getAsync(TOKENS.ObjectStore) };
}

/** A store that nothing goes around stays itself, and the code of the layers is not read. */
async function layered<Port extends keyof StoragePorts>(
  port: Port,
  store: StoragePorts[Port],
  { config, deps }: Surroundings,
): Promise<StoragePorts[Port]> {
  const layers = layersWanted(config, port);
  if (layers === undefined) return store;
  const { withLayers } = await import('./storageLayers.ts');
  return withLayers<Port>(port, store, layers, deps);
}

const cachedObjects: Wrap<StoragePorts['objectStore']> = async (store, { config, dataDir, deps }) => {
  if (!cacheWanted(config)) return store;
  const { withCache } = await import('./storageLayers.ts');
  return withCache(store, config.objectStore.cache, dataDir, deps);
};

async function closedOnError<Store>(
  store: { close(): Promise<void> },
  wrap: () => Promise<Store>,
): Promise<Store> {
  try {
    return await wrap();
  } catch (caught) {
    await store.close();
    throw caught;
  }
}
