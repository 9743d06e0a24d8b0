import { z } from 'zod';
import { moduleUrl } from '../../kernels/location.ts';
import { HNSW_CAPABILITIES } from './capabilities.ts';

/** Our graph index in shared memory; its parameters (M, efConstruction, ef) come with each index and search. */
export default {
  port: 'vectorIndex',
  portVersion: 1,
  name: 'hnsw',
  configSchema: z.strictObject({}),
  capabilities: HNSW_CAPABILITIES,
  workerModule: moduleUrl('plugins/index-hnsw/worker'),
} as const;
