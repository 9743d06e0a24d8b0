import { definePlugin } from '../../core/ports/plugin.ts';
import { objectFsConfigSchema } from './config.ts';

/** Objects as files of one folder. */
export const objectFsPlugin = definePlugin({
  port: 'objectStore',
  portVersion: 1,
  name: 'fs',
  configSchema: objectFsConfigSchema,
  capabilities: { durable: true, sharedByProcesses: true },
  create: async (config, deps) => (await import('./fsObjectStore.ts')).openFsObjectStore(config, deps),
});

export default objectFsPlugin;
