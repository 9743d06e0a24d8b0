import type { Container } from 'inversify';
import type { PluginDeps } from '../../core/ports/plugin.ts';
import { MetricsRegistry } from '../metrics/metricsRegistry.ts';
import { lockDataDirectory } from '../system/dataDirectoryLock.ts';
import { NodeCrypto } from '../system/nodeCrypto.ts';
import { SystemClock } from '../system/systemClock.ts';
import { SystemRandom } from '../system/systemRandom.ts';
import { ServerState } from './serverState.ts';
import { TOKENS } from './tokens.ts';

/** Time, chance, checksums, metrics, and the data folder that this process owns. */
export function bindPlatform(container: Container): void {
  container.bind(TOKENS.Metrics).toResolvedValue(() => new MetricsRegistry());
  container.bind(TOKENS.Clock).toResolvedValue(() => new SystemClock());
  container.bind(TOKENS.Random).toResolvedValue(() => new SystemRandom());
  container.bind(TOKENS.Crypto).toResolvedValue(() => new NodeCrypto());
  container.bind(TOKENS.ServerState).toResolvedValue(() => new ServerState());
  container
    .bind(TOKENS.PluginDeps)
    .toResolvedValue(
      (logger, clock, random, crypto, metrics): PluginDeps => ({ logger, clock, random, crypto, metrics }),
      [TOKENS.Logger, TOKENS.Clock, TOKENS.Random, TOKENS.Crypto, TOKENS.Metrics],
    );
  container.bind(TOKENS.DataDirectory).toResolvedValue(
    (config, lifecycle) =>
      lifecycle.open(
        'data directory',
        () => lockDataDirectory(config.dataDir, `${config.server.host}:${config.server.port}`),
        (lock) => lock.release(),
      ),
    [TOKENS.Config, TOKENS.Lifecycle],
  );
}
