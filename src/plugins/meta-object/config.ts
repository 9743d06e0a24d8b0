import { z } from 'zod';

const PREFIX = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

export const metaObjectConfigSchema = z.strictObject({
  prefix: z
    .string()
    .max(128)
    .regex(PREFIX, 'expected segments of [A-Za-z0-9._-], joined by /')
    .refine((prefix) => !prefix.split('/').some((part) => part === '.' || part === '..'), 'no . and no ..')
    .default('meta')
    .describe('All objects of the catalogue lie below it.'),
  pollIntervalMs: z
    .number()
    .int()
    .min(10)
    .max(60_000)
    .default(200)
    .describe('How often changes of other processes are looked for while somebody watches.'),
  requestTimeoutMs: z
    .number()
    .int()
    .min(500)
    .max(300_000)
    .default(15_000)
    .describe('How long a call may take, with all its attempts at the object store.'),
  snapshotEntries: z
    .number()
    .int()
    .min(2)
    .max(65_536)
    .default(256)
    .describe('A snapshot is written after this many entries of the log.'),
});

export type MetaObjectConfig = z.infer<typeof metaObjectConfigSchema>;
