import { z } from 'zod';

const MIB = 1024 * 1024;
const PREFIX = /^(?:[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*)?$/;

export const objectS3ConfigSchema = z
  .strictObject({
    bucket: z.string().min(1).describe('The bucket; it must exist.'),
    prefix: z
      .string()
      .max(400)
      .regex(PREFIX, 'segments of [A-Za-z0-9._-], without a / at either end')
      .default('')
      .describe('Folder of the bucket that holds the objects; the store owns all below it.'),
    endpoint: z
      .url({ protocol: /^https?$/ })
      .refine(isPlain, 'no user, password, query or fragment')
      .optional()
      .describe('URL of an S3 server that is not AWS; https is TLS.'),
    region: z.string().min(1).default('us-east-1'),
    pathStyle: z
      .boolean()
      .optional()
      .describe('Bucket in the path instead of the host name. Default: true with an endpoint, else false.'),
    accessKeyId: z
      .string()
      .min(1)
      .optional()
      .describe("Without keys, AWS's default chain: environment, profile, role of the machine."),
    secretAccessKey: z.string().min(1).optional(),
    sessionToken: z.string().min(1).optional(),
    requestTimeoutMs: z
      .int()
      .min(100)
      .max(600_000)
      .default(30_000)
      .describe('Of one attempt; of a download, the longest time without a byte.'),
    retriesMax: z.int().min(0).max(20).default(4).describe('Attempts after the first.'),
    partBytes: z
      .int()
      .min(5 * MIB)
      .max(1024 * MIB)
      .default(8 * MIB)
      .describe('Larger objects are sent in parts of this size.'),
    partsInFlightMax: z.int().min(1).max(64).default(4).describe('Parts of one object sent at once.'),
  })
  .refine(
    ({ accessKeyId, secretAccessKey, sessionToken }) =>
      (accessKeyId === undefined) === (secretAccessKey === undefined) &&
      (sessionToken === undefined || accessKeyId !== undefined),
    'accessKeyId and secretAccessKey go together, sessionToken with both',
  );

export type ObjectS3Config = z.infer<typeof objectS3ConfigSchema>;

/** Secrets belong into options of their own, which are masked where the configuration is shown. */
function isPlain(text: string): boolean {
  const { username, password, search, hash } = new URL(text);
  return `${username}${password}${search}${hash}` === '';
}
