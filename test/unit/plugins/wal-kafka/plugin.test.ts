import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compareWalPositions } from '../../../../src/core/ports/wal.ts';
import { walKafkaConfigSchema } from '../../../../src/plugins/wal-kafka/config.ts';
import { isProducerStateLost, isTransient, kafkaError } from '../../../../src/plugins/wal-kafka/errors.ts';
import { walKafkaPlugin } from '../../../../src/plugins/wal-kafka/index.ts';
import { decodePosition, encodePosition } from '../../../../src/plugins/wal-kafka/names.ts';
import { sequenceAfter } from '../../../../src/plugins/wal-kafka/partition.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';

const BROKERS = { brokers: ['kafka-1:9092'] };

test('the defaults are those of a cluster that loses nothing when a broker does', () => {
  expect(walKafkaConfigSchema.parse(BROKERS)).toEqual({
    brokers: ['kafka-1:9092'],
    clientId: 'elanus',
    topicPrefix: 'elanus-wal-',
    replicationFactor: 3,
    minInsyncReplicas: 2,
    segmentBytes: 128 * 1024 * 1024,
    recordBytesMax: 64 * 1024 * 1024,
    messageBytesMax: 900 * 1024,
    queuedBytesMax: 256 * 1024 * 1024,
    fetchBytesMax: 4 * 1024 * 1024,
    requestTimeoutMs: 10_000,
    callTimeoutMs: 30_000,
    appendTimeoutMs: 120_000,
  });
});

test.each([
  [{ brokers: [] }, 'brokers'],
  [{ brokers: ['kafka-1'] }, 'host:port'],
  [{ brokers: ['kafka-1:70000'] }, '65535'],
  [{ ...BROKERS, minInsyncReplicas: 4 }, 'replicationFactor'],
  [{ ...BROKERS, topicPrefix: 'a/b' }, 'topicPrefix'],
  [{ ...BROKERS, sasl: { mechanism: 'plain', username: 'u' } }, 'password'],
  [{ ...BROKERS, colour: 'red' }, 'colour'],
])('%j is refused', (config, words) => {
  expect(() => walKafkaConfigSchema.parse(config)).toThrow(words);
});

test('positions are ordered by term, then offset, as bytes', () => {
  const places = [
    { term: 1, offset: 2 ** 40 },
    { term: 2, offset: 0 },
    { term: 2, offset: 255 },
    { term: 2, offset: 256 },
    { term: 2 ** 33, offset: 1 },
  ];
  const positions = places.map(encodePosition);
  expect([...positions].sort(compareWalPositions)).toEqual(positions);
  expect(positions.map(decodePosition)).toEqual(places);
  expect(() => decodePosition(new Uint8Array(15))).toThrow('has 16 bytes, got 15');
});

test('sequence numbers go round as the brokers count them', () => {
  expect(sequenceAfter(0, 5)).toBe(5);
  expect(sequenceAfter(2 ** 31 - 2, 1)).toBe(2 ** 31 - 1);
  expect(sequenceAfter(2 ** 31 - 1, 1)).toBe(0);
  expect(sequenceAfter(2 ** 31 - 2, 5)).toBe(3);
});

/** As the client nests what a broker answered. */
function answered(apiId: string, canRetry: boolean): Error {
  const failure = Object.assign(new Error('said the broker'), { code: 'PLT_KFK_PROTOCOL', apiId, canRetry });
  return Object.assign(new AggregateError([failure], 'Received response with error'), {
    code: 'PLT_KFK_RESPONSE',
  });
}

test.each([
  ['NOT_LEADER_OR_FOLLOWER', true, 'Unavailable', true],
  ['TOPIC_AUTHORIZATION_FAILED', false, 'Unavailable', false],
  ['MESSAGE_TOO_LARGE', false, 'TooLarge', false],
  ['INVALID_REPLICATION_FACTOR', false, 'Invalid', false],
  ['OFFSET_OUT_OF_RANGE', false, 'Unavailable', true],
])('%s: canRetry %s → %s, transient %s', (apiId, canRetry, kind, transient) => {
  const error = answered(apiId, canRetry);
  expect(kafkaError(error, 'doing')).toMatchObject({ kind, context: { code: apiId } });
  expect(isTransient(error)).toBe(transient);
});

test('a producer whose epoch or sequence the broker refuses is neither transient nor for good', () => {
  const error = answered('INVALID_PRODUCER_EPOCH', false);
  expect([isProducerStateLost(error), isTransient(error)]).toEqual([true, false]);
});

test('a refused password or certificate is not tried again, a cut connection is', () => {
  const network = (cause: Error): Error =>
    Object.assign(new Error('Connection to a:1 failed.', { cause }), { code: 'PLT_KFK_NETWORK' });
  const withCode = (code: string): Error => Object.assign(new Error(`it says ${code}`), { code });
  expect(isTransient(network(withCode('ECONNREFUSED')))).toBe(true);
  expect(isTransient(network(withCode('PLT_KFK_AUTHENTICATION')))).toBe(false);
  expect(isTransient(network(withCode('DEPTH_ZERO_SELF_SIGNED_CERT')))).toBe(false);
  expect(kafkaError(network(withCode('ECONNREFUSED')), 'doing')).toMatchObject({
    kind: 'Unavailable',
    message: 'doing failed: Connection to a:1 failed. it says ECONNREFUSED',
  });
});

test('a certificate file that is missing is Invalid and named, and so is one of something else', async () => {
  const config = walKafkaConfigSchema.parse({ ...BROKERS, tls: { ca: '/nowhere/ca.pem' } });
  await expect(walKafkaPlugin.create(config, pluginDeps)).rejects.toMatchObject({
    kind: 'Invalid',
    context: { file: '/nowhere/ca.pem' },
  });
  const notPem = fileURLToPath(import.meta.url);
  const unfit = walKafkaConfigSchema.parse({ ...BROKERS, tls: { cert: notPem, key: notPem } });
  await expect(walKafkaPlugin.create(unfit, pluginDeps)).rejects.toMatchObject({ kind: 'Invalid' });
});
