import { z } from 'zod';
import { definePlugin } from '../../core/ports/plugin.ts';
import { moduleUrl } from '../../kernels/location.ts';
import { HNSW_CAPABILITIES } from './capabilities.ts';

/** Our graph index in shared memory; its parameters (M, efConstruction, ef) come with each index and search. */
export default definePlugin({
  port: 'index',
  portVersion: 1,
  name: 'hnsw',
  configSchema: z.strictObject({}),
  capabilities: HNSW_CAPABILITIES,
  workerModule: moduleUrl('plugins/index-hnsw/worker').href,
});
