import { z } from 'zod';

/** How usearch stores the rows it copies. Half precision is the fastest, but cannot hold values beyond 65,504. */
export const usearchConfigSchema = z.strictObject({
  quantization: z.enum(['f32', 'bf16', 'f16', 'i8']).default('bf16'),
});

export type UsearchConfig = z.infer<typeof usearchConfigSchema>;
