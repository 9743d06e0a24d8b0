import 'reflect-metadata';
import { Container } from 'inversify';
import type { Logger } from '../../core/ports/logger.ts';
import type { AnyPlugin } from '../../core/ports/plugin.ts';
import type { Config } from '../config/schema.ts';
import { measureContent } from '../metrics/contentMetrics.ts';
import { bindComputing } from './computing.ts';
import { Lifecycle } from './lifecycle.ts';
import { bindPlatform } from './platform.ts';
import { bindRoles } from './roles.ts';
import { bindStorage } from './storage.ts';
import { TOKENS } from './tokens.ts';
import { bindTransports } from './transports.ts';

export interface ServerAddresses {
  readonly host: string;
  /** As bound. */
  readonly port: number;
  readonly adminPort: number;
  /** Absolute path. */
  readonly dataDir: string;
}

export interface RunningServer {
  readonly addresses: ServerAddresses;
  /** Stops accepting, lets calls in flight end, closes everything. Resolves with the parts that failed to close. */
  stop(): Promise<readonly string[]>;
}

/**
 * Opens all parts in the order of their dependencies and listens. When one fails the others are closed again and the error
 * is thrown: Invalid (configuration), Unsupported (package absent), Unavailable (port, folder), AlreadyExists (folder in use).
 */
export async function startServer(
  config: Config,
  deps: { readonly logger: Logger; readonly plugins?: readonly AnyPlugin[] },
): Promise<RunningServer> {
  const lifecycle = new Lifecycle(deps.logger.child('lifecycle'));
  const container = new Container({ defaultScope: 'Singleton' });
  container.bind(TOKENS.Config).toConstantValue(config);
  container.bind(TOKENS.Logger).toConstantValue(deps.logger);
  container.bind(TOKENS.Lifecycle).toConstantValue(lifecycle);
  bindPlatform(container);
  bindStorage(container, deps.plugins);
  bindComputing(container, deps.plugins);
  bindRoles(container);
  bindTransports(container);
  try {
    return await open(container, lifecycle);
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

async function open(container: Container, lifecycle: Lifecycle): Promise<RunningServer> {
  const { path: dataDir } = await container.getAsync(TOKENS.DataDirectory);
  const { port: adminPort } = await container.getAsync(TOKENS.AdminServer);
  const { port } = await container.getAsync(TOKENS.SharedPort);
  const { host } = container.get(TOKENS.Config).server;
  const state = container.get(TOKENS.ServerState);
  state.address = `${host}:${port}`;
  state.unhealthyReason = undefined;
  const { coordinator, streaming } = await container.getAsync(TOKENS.Roles);
  const sources = { coordinator, streaming, arena: container.get(TOKENS.Arena) };
  state.measure = () => measureContent(container.get(TOKENS.Metrics), sources);
  return {
    addresses: { host, port, adminPort, dataDir },
    stop: () => {
      state.unhealthyReason = 'stopping';
      return lifecycle.close();
    },
  };
}
