import { definePlugin } from '../../core/ports/plugin.ts';
import { walKafkaConfigSchema } from './config.ts';

export type { WalKafkaConfig } from './config.ts';

/** The log on Apache Kafka: a topic a channel. */
export const walKafkaPlugin = definePlugin({
  port: 'wal',
  portVersion: 1,
  name: 'kafka',
  configSchema: walKafkaConfigSchema,
  capabilities: { durable: true, sharedByProcesses: true },
  create: async (config, deps) => (await import('./kafkaWal.ts')).openKafkaWal(config, deps),
});

export default walKafkaPlugin;
