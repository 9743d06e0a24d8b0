import type { Container, ServiceIdentifier } from 'inversify';
import type { PluginDeps, StoragePorts } from '../../core/ports/plugin.ts';
import { countedWal } from '../metrics/countedWal.ts';
import type { MetricsRegistry } from '../metrics/metricsRegistry.ts';
import type { Lifecycle } from './lifecycle.ts';
import { type ChosenStorage, chooseStorage, type StoragePlugins } from './pluginRegistry.ts';
import { TOKENS } from './tokens.ts';

/** The three stores of the configuration, opened by their plugins. */
export function bindStorage(container: Container): void {
  container
    .bind(TOKENS.StoragePlugins)
    .toResolvedValue(
      (config, directory) => chooseStorage(config, directory.path),
      [TOKENS.Config, TOKENS.DataDirectory],
    );
  bindStore(container, 'meta', TOKENS.MetaStore, (store) => store);
  bindStore(container, 'wal', TOKENS.Wal, countedWal);
  bindStore(container, 'objectStore', TOKENS.ObjectStore, (store) => store);
}

function bindStore<Port extends keyof StoragePorts>(
  container: Container,
  port: Port,
  token: ServiceIdentifier<StoragePorts[Port]>,
  counted: (store: StoragePorts[Port], metrics: MetricsRegistry) => StoragePorts[Port],
): void {
  container.bind(token).toResolvedValue(
    async (plugins: StoragePlugins, deps: PluginDeps, metrics: MetricsRegistry, lifecycle: Lifecycle) => {
      const chosen: ChosenStorage<Port> = plugins[port];
      return lifecycle.open<StoragePorts[Port]>(
        port,
        async () => counted(await chosen.open(deps), metrics),
        (store) => store.close(),
      );
    },
    [TOKENS.StoragePlugins, TOKENS.PluginDeps, TOKENS.Metrics, TOKENS.Lifecycle],
  );
}
