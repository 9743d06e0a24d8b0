import { createTopicsV7, describeConfigsV4 } from '@platformatic/kafka';
import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { Brokers, TopicFacts } from './brokers.ts';
import type { WalKafkaConfig } from './config.ts';
import { hasCode } from './errors.ts';

const TOPIC_RESOURCE = 2;
/** Kafka's own default, below which nothing is gained. */
const MESSAGE_BYTES_DEFAULT = 1_048_588;

/** Makes the topic unless it exists. One attempt, with the client's errors; Unavailable while it has no leader. */
export async function makeTopic(
  topic: string,
  brokers: Brokers,
  config: WalKafkaConfig,
): Promise<TopicFacts> {
  const known = await brokers.find(topic);
  if (known !== undefined) return known;
  const { replicationFactor, flushMessages } = config;
  const values: Readonly<Record<string, string | number | undefined>> = {
    'cleanup.policy': 'delete',
    'retention.ms': -1,
    'retention.bytes': -1,
    'unclean.leader.election.enable': 'false',
    'min.insync.replicas': config.minInsyncReplicas,
    'max.message.bytes': Math.max(config.messageBytesMax, MESSAGE_BYTES_DEFAULT),
    // With the client's time a broker refuses batches of a client whose clock is ahead.
    'message.timestamp.type': 'LogAppendTime',
    'segment.bytes': config.segmentBytes,
    'flush.messages': flushMessages,
  };
  const configs = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, value: String(value) }));
  const request = { name: topic, numPartitions: 1, replicationFactor, assignments: [], configs };
  try {
    await brokers.callController(createTopicsV7.api, [request], config.requestTimeoutMs, false);
  } catch (caught) {
    if (!hasCode(caught, 'TOPIC_ALREADY_EXISTS')) throw caught;
  }
  const made = await brokers.find(topic);
  if (made === undefined) throw new ElanusError('Unavailable', `topic ${topic} has no leader yet`);
  return made;
}

/** Errors: Invalid, with every setting of the topic that could lose records or refuse them. */
export async function checkTopic(
  topic: string,
  facts: TopicFacts,
  brokers: Brokers,
  config: WalKafkaConfig,
): Promise<void> {
  const resource = { resourceType: TOPIC_RESOURCE, resourceName: topic, configurationKeys: null } as const;
  const { results } = await brokers.callAny(describeConfigsV4.api, [resource], false, false);
  const values = new Map(results[0]!.configs.map(({ name, value }) => [name, value]));
  const problems: string[] = [];
  const require = (name: string, wanted: string, isRight: (value: string) => boolean): void => {
    const value = values.get(name);
    // A broker that does not know a setting has no say about it.
    if (value != null && !isRight(value)) problems.push(`${name} is ${value}, must be ${wanted}`);
  };
  require('cleanup.policy', 'delete', (value) => value === 'delete');
  require('retention.ms', '-1', (value) => value === '-1');
  require('retention.bytes', '-1', (value) => value === '-1');
  require('unclean.leader.election.enable', 'false', (value) => value === 'false');
  const { minInsyncReplicas, messageBytesMax, flushMessages, replicationFactor } = config;
  require('min.insync.replicas', `${minInsyncReplicas} or more (minInsyncReplicas)`, (value) =>
    Number(value) >= minInsyncReplicas);
  require('max.message.bytes', `${messageBytesMax} or more (messageBytesMax)`, (value) =>
    Number(value) >= messageBytesMax);
  if (flushMessages !== undefined) {
    require('flush.messages', `${flushMessages} or less (flushMessages)`, (value) =>
      Number(value) <= flushMessages);
  }
  if (facts.partitions !== 1) problems.push(`it has ${facts.partitions} partitions, must be 1`);
  if (facts.replicas < replicationFactor) {
    problems.push(
      `it has ${facts.replicas} replicas, must be ${replicationFactor} or more (replicationFactor)`,
    );
  }
  if (problems.length > 0) throw invalid(`topic ${topic} is not fit for the log: ${problems.join('; ')}`);
}
