import { z } from 'zod';
import { definePlugin } from '../../core/ports/plugin.ts';
import { moduleUrl } from '../../kernels/location.ts';
import { FLAT_CAPABILITIES } from './capabilities.ts';

/** Exact search by scanning; needs no configuration. */
export default definePlugin({
  port: 'index',
  portVersion: 1,
  name: 'flat',
  configSchema: z.strictObject({}),
  capabilities: FLAT_CAPABILITIES,
  workerModule: moduleUrl('plugins/index-flat/worker').href,
});
