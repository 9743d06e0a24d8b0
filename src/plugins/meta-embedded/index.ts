import { definePlugin } from '../../core/ports/plugin.ts';
import { metaEmbeddedConfigSchema } from './config.ts';

/** The catalogue in an LMDB file beside the server. */
export const metaEmbeddedPlugin = definePlugin({
  port: 'meta',
  portVersion: 1,
  name: 'embedded',
  configSchema: metaEmbeddedConfigSchema,
  capabilities: { durable: true, sharedByProcesses: false },
  // Loading the native module takes 25 ms: only the chosen plugin pays.
  create: async (config, deps) =>
    (await import('./embeddedMetaStore.ts')).openEmbeddedMetaStore(config, deps),
});

export default metaEmbeddedPlugin;
