import { z } from 'zod';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Settings of the log in an object store. */
export const walObjectConfigSchema = z.strictObject({
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/)
    .max(200)
    .default('wal')
    .describe('Keys of the log start with this and a slash.'),
  blockBytesMax: z
    .number()
    .int()
    .min(1 * KIB)
    .max(64 * MIB)
    .default(4 * MIB)
    .describe('Largest object that holds several records; a larger record gets one of its own.'),
  recordBytesMax: z
    .number()
    .int()
    .min(1)
    .max(1024 * MIB)
    .default(64 * MIB)
    .describe('Largest record; append fails with TooLarge above it.'),
  uploadsMax: z.number().int().min(1).max(64).default(8).describe('Uploads of one writer at a time.'),
  queuedBytesMax: z
    .number()
    .int()
    .min(4 * KIB)
    .default(256 * MIB)
    .describe('Bytes that may wait for the store in one writer; append fails with Exhausted above it.'),
  readAheadBytes: z
    .number()
    .int()
    .min(1)
    .default(16 * MIB)
    .describe('What one read fetches ahead of its consumer, at least one object.'),
  tailBytesMax: z
    .number()
    .int()
    .min(0)
    .default(64 * MIB)
    .describe(
      'What the writer of this process keeps for one tail that lags; beyond it the tail reads the store.',
    ),
  pollIntervalMs: z
    .number()
    .int()
    .min(1)
    .max(60_000)
    .default(100)
    .describe('How often a tail looks for records of another process.'),
  retriesMax: z
    .number()
    .int()
    .min(0)
    .max(100)
    .default(2)
    .describe('Further tries of a call that failed or got no reply.'),
  retryDelayMs: z
    .number()
    .int()
    .min(1)
    .max(60_000)
    .default(100)
    .describe('Wait before the first of them; each next one doubles it, up to 16 times this.'),
});

export type WalObjectConfig = z.infer<typeof walObjectConfigSchema>;
