import { definePlugin } from '../../core/ports/plugin.ts';
import { moduleUrl } from '../../kernels/location.ts';
import { USEARCH_CAPABILITIES } from './capabilities.ts';
import { usearchConfigSchema } from './config.ts';

/** The native library usearch. Its parameters (M, efConstruction, ef) come with each index and search. */
export default definePlugin({
  port: 'index',
  portVersion: 1,
  name: 'usearch',
  configSchema: usearchConfigSchema,
  capabilities: USEARCH_CAPABILITIES,
  workerModule: moduleUrl('plugins/index-usearch/worker').href,
});
