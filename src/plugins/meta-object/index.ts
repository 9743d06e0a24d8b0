import { definePlugin } from '../../core/ports/plugin.ts';
import { metaObjectConfigSchema } from './config.ts';

/** The catalogue as a log and snapshots in the object store: a cluster needs no other server for it. */
export const metaObjectPlugin = definePlugin({
  port: 'meta',
  portVersion: 1,
  name: 'object',
  configSchema: metaObjectConfigSchema,
  capabilities: { durable: true, sharedByProcesses: true },
  needsObjectStore: true,
  create: async (config, deps) => (await import('./objectMetaStore.ts')).openObjectMetaStore(config, deps),
});

export default metaObjectPlugin;
