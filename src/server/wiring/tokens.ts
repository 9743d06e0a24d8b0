import type { ServiceIdentifier } from 'inversify';
import type { Clock } from '../../core/ports/clock.ts';
import type { Compute } from '../../core/ports/compute.ts';
import type { Crypto } from '../../core/ports/crypto.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { MetaStore } from '../../core/ports/metaStore.ts';
import type { ObjectStore } from '../../core/ports/objectStore.ts';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import type { Random } from '../../core/ports/random.ts';
import type { Wal } from '../../core/ports/wal.ts';
import type { SharedArena } from '../compute/sharedArena.ts';
import type { Config } from '../config/schema.ts';
import type { MetricsRegistry } from '../metrics/metricsRegistry.ts';
import type { DataDirectoryLock } from '../system/dataDirectoryLock.ts';
import type { AdminServer } from '../transports/admin/adminServer.ts';
import type { GrpcServer, GrpcService } from '../transports/grpc/server.ts';
import type { SharedPort } from '../transports/sharedPort.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ChosenIndex, StoragePlugins } from './pluginRegistry.ts';
import type { Roles } from './roles.ts';
import type { ServerState } from './serverState.ts';

function token<Service>(name: string): ServiceIdentifier<Service> {
  return Symbol(name) as ServiceIdentifier<Service>;
}

/** What the container holds, by what it is. */
export const TOKENS = {
  Config: token<Config>('Config'),
  Lifecycle: token<Lifecycle>('Lifecycle'),
  Logger: token<Logger>('Logger'),
  Metrics: token<MetricsRegistry>('Metrics'),
  Clock: token<Clock>('Clock'),
  Random: token<Random>('Random'),
  Crypto: token<Crypto>('Crypto'),
  PluginDeps: token<PluginDeps>('PluginDeps'),
  DataDirectory: token<DataDirectoryLock>('DataDirectory'),
  StoragePlugins: token<StoragePlugins>('StoragePlugins'),
  MetaStore: token<MetaStore>('MetaStore'),
  Wal: token<Wal>('Wal'),
  ObjectStore: token<ObjectStore>('ObjectStore'),
  ServerState: token<ServerState>('ServerState'),
  Arena: token<SharedArena>('Arena'),
  IndexPlugins: token<readonly ChosenIndex[]>('IndexPlugins'),
  Compute: token<Compute>('Compute'),
  Roles: token<Roles>('Roles'),
  GrpcServices: token<readonly GrpcService[]>('GrpcServices'),
  GrpcServer: token<GrpcServer>('GrpcServer'),
  AdminServer: token<AdminServer>('AdminServer'),
  SharedPort: token<SharedPort>('SharedPort'),
} as const;
