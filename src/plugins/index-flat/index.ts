import { z } from 'zod';
import { moduleUrl } from '../../kernels/location.ts';
import { FLAT_CAPABILITIES } from './capabilities.ts';

/** Exact search by scanning; needs no configuration. */
export default {
  port: 'vectorIndex',
  portVersion: 1,
  name: 'flat',
  configSchema: z.strictObject({}),
  capabilities: FLAT_CAPABILITIES,
  workerModule: moduleUrl('plugins/index-flat/worker'),
} as const;
