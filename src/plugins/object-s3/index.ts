import { definePlugin } from '../../core/ports/plugin.ts';
import { objectS3ConfigSchema } from './config.ts';

/** Objects in a bucket of AWS S3, MinIO or another server with conditional writes. */
export const objectS3Plugin = definePlugin({
  port: 'objectStore',
  portVersion: 1,
  name: 's3',
  configSchema: objectS3ConfigSchema,
  capabilities: { durable: true, sharedByProcesses: true },
  create: async (config, deps) => (await import('./s3ObjectStore.ts')).openS3ObjectStore(config, deps),
});

export default objectS3Plugin;
