import { z } from 'zod';

const ENDPOINT = /^https?:\/\/[^\s/]+:\d+$/;

const tlsSchema = z.strictObject({
  ca: z.string().min(1).optional().describe('File of trusted certificates; absent: those of Node.'),
  cert: z.string().min(1).optional().describe("File of this client's certificate chain; with key."),
  key: z.string().min(1).optional().describe('File of the private key of cert.'),
});

export const metaEtcdConfigSchema = z
  .strictObject({
    endpoints: z
      .array(z.string().regex(ENDPOINT, 'expected http(s)://host:port'))
      .min(1)
      .default(['http://127.0.0.1:2379'])
      .describe('Members of the cluster, all http:// or all https://.'),
    prefix: z
      .string()
      .min(1)
      .max(128)
      .default('elanus')
      .describe('All keys lie below it; one for each Elanus cluster.'),
    user: z.string().min(1).optional(),
    password: z.string().min(1).optional(),
    tls: tlsSchema.optional().describe('Of https:// endpoints.'),
    requestTimeoutMs: z
      .number()
      .int()
      .min(500)
      .max(60_000)
      .default(5_000)
      .describe('How long a call may take, with all its attempts.'),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ['password'],
    message: 'user and password go together',
  })
  .refine(({ tls }) => (tls?.cert === undefined) === (tls?.key === undefined), {
    path: ['tls', 'key'],
    message: 'cert and key go together',
  })
  .refine(({ endpoints, tls }) => new Set(endpoints.map(isSecure).concat(tls ? [true] : [])).size === 1, {
    path: ['endpoints'],
    message: 'all are http:// without tls, or all are https://',
  });

export type MetaEtcdConfig = z.infer<typeof metaEtcdConfigSchema>;

function isSecure(endpoint: string): boolean {
  return endpoint.startsWith('https:');
}
