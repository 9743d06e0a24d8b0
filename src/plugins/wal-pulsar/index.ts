import { definePlugin } from '../../core/ports/plugin.ts';
import { walPulsarConfigSchema } from './config.ts';

export type { WalPulsarConfig } from './config.ts';

/** The log on Apache Pulsar: a chain of topics a channel, each written by one writer and sealed by the next. */
export const walPulsarPlugin = definePlugin({
  port: 'wal',
  portVersion: 1,
  name: 'pulsar',
  configSchema: walPulsarConfigSchema,
  capabilities: { durable: true, sharedByProcesses: true },
  create: async (config, deps) => (await import('./pulsarWal.ts')).openPulsarWal(config, deps),
});

export default walPulsarPlugin;
