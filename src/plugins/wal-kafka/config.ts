import { z } from 'zod';

const KIB = 1024;
const MIB = 1024 * KIB;
const MINUTE_MS = 60_000;

const bytes = (defaultBytes: number, min: number, max: number) =>
  z.number().int().min(min).max(max).default(defaultBytes);
const timeoutMs = (defaultMs: number) =>
  z
    .number()
    .int()
    .min(100)
    .max(60 * MINUTE_MS)
    .default(defaultMs);

const brokerSchema = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:/]+):\d{1,5}$/, 'must be host:port')
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'must have a port up to 65535');

/** Files in PEM form. An empty object asks for TLS with the certificate authorities of the system. */
const tlsSchema = z.strictObject({
  ca: z.string().min(1).optional(),
  cert: z.string().min(1).optional(),
  key: z.string().min(1).optional(),
  /** Name to find in the broker's certificate instead of the host's. */
  serverName: z.string().min(1).optional(),
});

const saslSchema = z.strictObject({
  mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
  username: z.string().min(1),
  password: z.string().min(1),
});

/** Settings of the log on Kafka. README.md says what each is for. */
export const walKafkaConfigSchema = z
  .strictObject({
    /** `host:port` of some brokers; the others are learnt from them. */
    brokers: z.array(brokerSchema).min(1),
    clientId: z.string().min(1).max(100).default('elanus'),
    /** A channel's topic, and its transactional id, is this and the channel's name. */
    topicPrefix: z
      .string()
      .regex(/^[A-Za-z0-9._-]{0,48}$/, 'must be at most 48 of [A-Za-z0-9._-]')
      .default('elanus-wal-'),
    /** Of topics that are made here; one that exists must have at least as many. */
    replicationFactor: z.number().int().min(1).max(100).default(3),
    minInsyncReplicas: z.number().int().min(1).max(100).default(2),
    /** Every broker syncs its disk after so many messages; left out = when its system sees fit. */
    flushMessages: z.number().int().min(1).optional(),
    /** Of topics that are made here: truncation gives space back in pieces of this size. */
    segmentBytes: bytes(128 * MIB, 1 * MIB, 1024 * MIB),
    recordBytesMax: bytes(64 * MIB, 1, 1024 * MIB),
    /** Largest message set sent to a broker; longer records are sent in pieces. */
    messageBytesMax: bytes(900 * KIB, 1 * KIB, 64 * MIB),
    /** Bytes that may wait for the brokers in one writer; append fails with Exhausted above it. */
    queuedBytesMax: bytes(256 * MIB, 4 * KIB, Number.MAX_SAFE_INTEGER),
    /** A read asks for this much at once; it gets at least one message set. */
    fetchBytesMax: bytes(4 * MIB, 1 * KIB, 64 * MIB),
    /** After so long without an answer a connection is given up. */
    requestTimeoutMs: timeoutMs(10_000),
    /** How long open, read, truncate and info go on trying. */
    callTimeoutMs: timeoutMs(30_000),
    /** How long appends in flight outlast brokers that do not answer; then they are Unknown. */
    appendTimeoutMs: timeoutMs(2 * MINUTE_MS),
    tls: tlsSchema.optional(),
    sasl: saslSchema.optional(),
  })
  .refine((config) => config.minInsyncReplicas <= config.replicationFactor, {
    message: 'must not be above replicationFactor',
    path: ['minInsyncReplicas'],
  });

export type WalKafkaConfig = z.infer<typeof walKafkaConfigSchema>;
