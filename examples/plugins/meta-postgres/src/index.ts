import { definePlugin } from 'elanus/plugin';
import { configSchema } from './config.ts';

/** The catalogue in a PostgreSQL schema, which any number of processes may share. */
export default definePlugin({
  port: 'meta',
  portVersion: 1,
  name: 'postgres',
  configSchema,
  capabilities: { durable: true, sharedByProcesses: true },
  create: async (config, deps) =>
    (await import('./postgresMetaStore.ts')).openPostgresMetaStore(config, deps),
});
