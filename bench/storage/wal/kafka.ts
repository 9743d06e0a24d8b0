import { Admin, ProduceAcks, Producer } from '@platformatic/kafka';
import { pluginDeps } from '../../../conformance/storage/pluginDeps.ts';
import { kafka, startKafka } from '../../../scripts/servers/kafka.ts';
import { whyNotRunnable } from '../../../scripts/servers/stamp.ts';
import { walKafkaPlugin } from '../../../src/plugins/wal-kafka/index.ts';
import { piecesOf } from './pieces.ts';
import type { BareLog, WalServer } from './walPlace.ts';

/** With one broker. All else is as it is by default. */
const ONE_BROKER = { replicationFactor: 1, minInsyncReplicas: 1 } as const;

export const kafkaLog: WalServer = {
  name: 'wal-kafka',
  bareName: 'Producer of @platformatic/kafka, a topic a channel, acks all',
  whyNot: () => whyNotRunnable(kafka),
  async open() {
    const server = await startKafka();
    const brokers = [`127.0.0.1:${server.port}`];
    const config = walKafkaPlugin.configSchema.parse({ brokers, ...ONE_BROKER });
    return {
      async openWal() {
        const wal = await walKafkaPlugin.create(config, pluginDeps);
        return { wal, close: () => wal.close() };
      },
      openBare: (channel) => openTopic(brokers, `bare-${channel}`, config.messageBytesMax),
      close: () => server.dispose(),
    };
  },
};

/**
 * A producer for each topic. Not the client's idempotent one: it gives sends that are in flight together the same sequence
 * number, so that the broker drops them as copies or refuses them. The adapter numbers its batches itself.
 */
async function openTopic(bootstrapBrokers: string[], topic: string, pieceBytes: number): Promise<BareLog> {
  const admin = new Admin({ clientId: 'bench', bootstrapBrokers });
  await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 });
  await admin.close();
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: 'bench',
    bootstrapBrokers,
    acks: ProduceAcks.ALL,
  });
  return {
    append: (record) =>
      Promise.all(
        piecesOf(record, pieceBytes).map((value) =>
          producer.send({ messages: [{ topic, partition: 0, value }] }),
        ),
      ),
    close: () => producer.close(),
  };
}
