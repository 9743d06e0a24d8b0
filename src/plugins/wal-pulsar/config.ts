import { z } from 'zod';

const KIB = 1024;
const MIB = 1024 * KIB;
const HOUR_MS = 3_600_000;

/** Below what a broker takes by default: 5 MiB, and 1 MiB of base64 and JSON on a WebSocket. */
const MESSAGE_BYTES = { native: 4 * MIB, websocket: 640 * KIB } as const;

const bytes = (defaultBytes: number, min: number, max = Number.MAX_SAFE_INTEGER) =>
  z.number().int().min(min).max(max).default(defaultBytes);
const timeMs = (defaultMs: number, min: number) => z.number().int().min(min).max(HOUR_MS).default(defaultMs);
const url = (schemes: string) =>
  z.string().regex(new RegExp(`^(${schemes})://[^\\s/]+/?$`), `must be ${schemes}://host:port`);

/** Settings of the log on Pulsar. README.md says what each is for. */
export const walPulsarConfigSchema = z
  .strictObject({
    /** Brokers in Pulsar's own protocol; only the native transport uses it. */
    serviceUrl: z
      .string()
      .regex(/^pulsar(\+ssl)?:\/\/[^\s/]+\/?$/, 'must be pulsar://host:port or pulsar+ssl://host:port')
      .optional(),
    /** Brokers' HTTP port. */
    webServiceUrl: url('https?'),
    transport: z.enum(['native', 'websocket']).default('native'),
    /** The package with the native client: its name, or the path of its folder. */
    client: z.string().min(1).default('pulsar-client'),
    /** Left out = webServiceUrl, with ws instead of http. */
    webSocketUrl: url('wss?').optional(),
    namespace: z
      .string()
      .regex(/^[\w=:.-]+\/[\w=:.-]+$/, 'must be tenant/namespace')
      .default('public/elanus'),
    topicPrefix: z
      .string()
      .regex(/^[A-Za-z0-9._-]{0,48}$/, 'must be at most 48 of [A-Za-z0-9._-]')
      .default('wal-'),
    token: z.string().min(1).optional(),
    /** `ca`: file of the certificate authorities in PEM form; left out = those of Node. */
    tls: z.strictObject({ ca: z.string().min(1) }).optional(),
    recordBytesMax: bytes(64 * MIB, 1, 1024 * MIB),
    /** Largest message that is sent; longer records are sent in pieces. */
    messageBytesMax: z
      .number()
      .int()
      .min(1 * KIB)
      .max(64 * MIB)
      .optional(),
    /** Bytes that may wait for the broker in one writer; append fails with Exhausted above it. */
    queuedBytesMax: bytes(256 * MIB, 4 * KIB),
    /** A writer seals its topic at this size and goes on in a new one: truncation frees whole topics. */
    topicBytesMax: bytes(256 * MIB, 4 * KIB),
    /** A read asks for about as much at once; it gets at least one message. */
    readBytes: bytes(4 * MIB, 1 * KIB, 256 * MIB),
    /** How long open, read, truncate and info go on trying. */
    callTimeoutMs: timeMs(30_000, 1_000),
    /** How long appends in flight outlast brokers that do not answer; then they are Unknown. */
    appendTimeoutMs: timeMs(120_000, 100),
    /** How often a tail asks for what other processes appended. */
    pollIntervalMs: timeMs(100, 1),
  })
  .refine(({ transport, serviceUrl }) => transport !== 'native' || serviceUrl !== undefined, {
    message: 'must be given for transport native',
    path: ['serviceUrl'],
  })
  .refine(({ transport, tls }) => transport !== 'websocket' || tls === undefined, {
    message: 'is for transport native; for websocket set the environment variable NODE_EXTRA_CA_CERTS',
    path: ['tls'],
  })
  .transform((config) => ({
    ...config,
    messageBytesMax: config.messageBytesMax ?? MESSAGE_BYTES[config.transport],
  }));

export type WalPulsarConfig = z.infer<typeof walPulsarConfigSchema>;
