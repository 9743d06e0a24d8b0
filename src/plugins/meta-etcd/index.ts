import { definePlugin } from '../../core/ports/plugin.ts';
import { metaEtcdConfigSchema } from './config.ts';

/** The catalogue in etcd, shared by all processes of a cluster. */
export const metaEtcdPlugin = definePlugin({
  port: 'meta',
  portVersion: 1,
  name: 'etcd',
  configSchema: metaEtcdConfigSchema,
  capabilities: { durable: true, sharedByProcesses: true },
  create: async (config, deps) => (await import('./etcdMetaStore.ts')).openEtcdMetaStore(config, deps),
});

export default metaEtcdPlugin;
