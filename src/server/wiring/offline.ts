import 'reflect-metadata';
import { Container } from 'inversify';
import type { Logger } from '../../core/ports/logger.ts';
import type { StoragePorts } from '../../core/ports/plugin.ts';
import type { Config } from '../config/schema.ts';
import type { DataDirectoryLock } from '../system/dataDirectoryLock.ts';
import { bindComputing } from './computing.ts';
import { Lifecycle } from './lifecycle.ts';
import { bindPlatform } from './platform.ts';
import { bindRoles, type Roles } from './roles.ts';
import { bindStorage } from './storage.ts';
import { TOKENS } from './tokens.ts';

/** The parts of a server that nobody connects to; each is opened when it is asked for. */
export interface OfflineServer {
  stores(): Promise<Readonly<StoragePorts>>;
  /** Takes catalogue and logs over and replays, as a server does. */
  roles(): Promise<Roles>;
  /** Resolves with the parts that failed to close. */
  close(): Promise<readonly string[]>;
}

/** `lock` is that of the data directory; whoever calls this releases it. */
export async function offlineServer(
  config: Config,
  logger: Logger,
  lock: DataDirectoryLock,
): Promise<OfflineServer> {
  const lifecycle = new Lifecycle(logger.child('lifecycle'));
  const container = new Container({ defaultScope: 'Singleton' });
  container.bind(TOKENS.Config).toConstantValue(config);
  container.bind(TOKENS.Logger).toConstantValue(logger);
  container.bind(TOKENS.Lifecycle).toConstantValue(lifecycle);
  bindPlatform(container);
  await container.unbind(TOKENS.DataDirectory);
  container.bind(TOKENS.DataDirectory).toConstantValue(lock);
  bindStorage(container);
  bindComputing(container);
  bindRoles(container);
  return {
    stores: async () => ({
      objectStore: await container.getAsync(TOKENS.ObjectStore),
      meta: await container.getAsync(TOKENS.MetaStore),
      wal: await container.getAsync(TOKENS.Wal),
    }),
    roles: () => container.getAsync(TOKENS.Roles),
    close: () => lifecycle.close(),
  };
}
