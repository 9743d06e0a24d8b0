import { z } from 'zod';

const MIB = 1024 * 1024;
const PREFIX = /^(?:[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*)?$/;

export const objectAzureConfigSchema = z
  .strictObject({
    container: z.string().min(1).describe('The blob container; it must exist.'),
    prefix: z
      .string()
      .max(400)
      .regex(PREFIX, 'segments of [A-Za-z0-9._-], without a / at either end')
      .default('')
      .describe('Folder of the container that holds the objects; the store owns all below it.'),
    connectionString: z.string().min(1).optional().describe('Names account and credentials in one text.'),
    accountName: z.string().min(1).optional(),
    endpoint: z
      .url({ protocol: /^https?$/ })
      .refine(isPlain, 'no user, password, query or fragment')
      .optional()
      .describe('URL of the blob service; https is TLS. Default: that of the account in the public cloud.'),
    accessKey: z.string().min(1).optional().describe('A key of the account.'),
    sasToken: z
      .string()
      .min(1)
      .optional()
      .describe('A shared access signature. Without it, a key and a connection string: default credentials.'),
    requestTimeoutMs: z
      .int()
      .min(100)
      .max(600_000)
      .default(30_000)
      .describe('Of one attempt; of a download, the longest time without a byte.'),
    retriesMax: z.int().min(0).max(20).default(4).describe('Attempts after the first.'),
    partBytes: z
      .int()
      .min(64 * 1024)
      .max(1024 * MIB)
      .default(8 * MIB)
      .describe('Larger objects are sent in blocks of this size.'),
    partsInFlightMax: z.int().min(1).max(64).default(4).describe('Blocks of one object sent at once.'),
  })
  .refine(
    ({ connectionString, accountName, endpoint }) =>
      connectionString !== undefined
        ? accountName === undefined && endpoint === undefined
        : accountName !== undefined || endpoint !== undefined,
    'either connectionString, or accountName or endpoint',
  )
  .refine(
    ({ connectionString, accessKey, sasToken }) =>
      [connectionString, accessKey, sasToken].filter((one) => one !== undefined).length <= 1,
    'at most one of connectionString, accessKey and sasToken',
  )
  .refine(
    ({ accessKey, accountName }) => accessKey === undefined || accountName !== undefined,
    'accessKey needs accountName',
  );

export type ObjectAzureConfig = z.infer<typeof objectAzureConfigSchema>;

/** Secrets belong into options of their own, which are masked where the configuration is shown. */
function isPlain(text: string): boolean {
  const { username, password, search, hash } = new URL(text);
  return `${username}${password}${search}${hash}` === '';
}
