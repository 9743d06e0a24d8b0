import { definePlugin } from '../../core/ports/plugin.ts';
import { MemoryMetaStore } from './memoryMetaStore.ts';
import { MemoryObjectStore } from './memoryObjectStore.ts';
import { MemoryWal, MemoryWalStorage } from './memoryWal.ts';

const capabilities = { durable: false, sharedByProcesses: false };

const noConfigSchema = {
  parse(input: unknown): Readonly<Record<string, never>> {
    if (typeof input === 'object' && input !== null && Object.keys(input).length === 0) return {};
    throw new TypeError('the memory plugin takes no configuration');
  },
};

/** The catalogue in memory, gone with the process. */
export const memoryMetaPlugin = definePlugin({
  port: 'meta',
  portVersion: 1,
  name: 'memory',
  configSchema: noConfigSchema,
  capabilities,
  create: async (_config, deps) => new MemoryMetaStore(deps),
});

/** Objects in memory, gone with the process. */
export const memoryObjectPlugin = definePlugin({
  port: 'objectStore',
  portVersion: 1,
  name: 'memory',
  configSchema: noConfigSchema,
  capabilities,
  create: async (_config, deps) => new MemoryObjectStore(deps),
});

/** The log in memory, gone with the process. */
export const memoryWalPlugin = definePlugin({
  port: 'wal',
  portVersion: 1,
  name: 'memory',
  configSchema: noConfigSchema,
  capabilities,
  create: async () => new MemoryWal(new MemoryWalStorage()),
});
