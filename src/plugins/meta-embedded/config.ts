import { z } from 'zod';

export const metaEmbeddedConfigSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .default('data/meta')
    .describe('Folder of the catalogue, made when it is missing. On a local disk; one process at a time.'),
});

export type MetaEmbeddedConfig = z.infer<typeof metaEmbeddedConfigSchema>;
