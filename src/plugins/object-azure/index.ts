import { definePlugin } from '../../core/ports/plugin.ts';
import { objectAzureConfigSchema } from './config.ts';

/** Objects in a container of Azure Blob Storage. */
export const objectAzurePlugin = definePlugin({
  port: 'objectStore',
  portVersion: 1,
  name: 'azure',
  configSchema: objectAzureConfigSchema,
  capabilities: { durable: true, sharedByProcesses: true },
  create: async (config, deps) => (await import('./azureObjectStore.ts')).openAzureObjectStore(config, deps),
});

export default objectAzurePlugin;
