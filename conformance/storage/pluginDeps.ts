import type { Logger } from '../../src/core/ports/logger.ts';
import type { Metrics } from '../../src/core/ports/metrics.ts';
import type { PluginDeps } from '../../src/core/ports/plugin.ts';
import { NodeCrypto } from '../../src/server/system/nodeCrypto.ts';
import { SystemClock } from '../../src/server/system/systemClock.ts';
import { SystemRandom } from '../../src/server/system/systemRandom.ts';

const silent: Logger = {
  child: () => silent,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const unmeasured: Metrics = {
  counter: () => ({ add: () => undefined }),
  gauge: () => ({ set: () => undefined }),
  histogram: () => ({ observe: () => undefined }),
};

/** Real time, randomness and hashes; no log, no metrics. */
export const pluginDeps: PluginDeps = {
  logger: silent,
  metrics: unmeasured,
  clock: new SystemClock(),
  random: new SystemRandom(),
  crypto: new NodeCrypto(),
};
