import { z } from 'zod';

export const objectFsConfigSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .default('data/objects')
    .describe('Folder of the objects, made when it is missing. Its file system must have hard links.'),
});

export type ObjectFsConfig = z.infer<typeof objectFsConfigSchema>;
