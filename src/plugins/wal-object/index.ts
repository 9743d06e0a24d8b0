import { definePlugin } from '../../core/ports/plugin.ts';
import { walObjectConfigSchema } from './config.ts';

export type { WalObjectConfig } from './config.ts';

/** The log in the object store of the configuration: it needs no disk, and any process may take a channel over. */
export const walObjectPlugin = definePlugin({
  port: 'wal',
  portVersion: 1,
  name: 'object',
  configSchema: walObjectConfigSchema,
  capabilities: { durable: true, sharedByProcesses: true },
  needsObjectStore: true,
  create: async (config, deps) => (await import('./objectWal.ts')).openObjectWal(config, deps),
});

export default walObjectPlugin;
