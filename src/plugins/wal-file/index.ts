import { definePlugin } from '../../core/ports/plugin.ts';
import { walFileConfigSchema } from './config.ts';

export type { WalFileConfig } from './config.ts';
export type { RepairedGap, RepairOptions } from './repair.ts';

/** The log on local disk. Several processes on one host are safe on one directory; a cluster needs a shared log. */
export const walFilePlugin = definePlugin({
  port: 'wal',
  portVersion: 1,
  name: 'file',
  configSchema: walFileConfigSchema,
  capabilities: { durable: true, sharedByProcesses: false },
  create: async (config, deps) => (await import('./fileWal.ts')).openFileWal(config, deps.logger),
});

export default walFilePlugin;
