import { definePlugin } from 'elanus/plugin';
import { configSchema } from './config.ts';

/** Objects in one SQLite file, which several processes of one machine may use. */
export default definePlugin({
  port: 'objectStore',
  portVersion: 1,
  name: 'sqlite',
  configSchema,
  capabilities: { durable: true, sharedByProcesses: true },
  create: async (config, deps) =>
    (await import('./sqliteObjectStore.ts')).openSqliteObjectStore(config, deps),
});
