import { z } from 'zod';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Settings of the file log. Offsets are u32 in the format, so a file (segmentBytesMax + one record) stays below 4 GiB. */
export const walFileConfigSchema = z.strictObject({
  /** Folder of the log; a folder a channel lies below it. Made when it is missing. */
  path: z.string().min(1),
  /** A file that would grow past this is closed and the next one begun; a larger record gets a file of its own. */
  segmentBytesMax: z
    .number()
    .int()
    .min(4 * KIB)
    .max(1024 * MIB)
    .default(64 * MIB),
  recordBytesMax: z
    .number()
    .int()
    .min(1)
    .max(1024 * MIB)
    .default(128 * MIB),
  /** One write and one fdatasync take at most this much (or one record). */
  batchBytesMax: z
    .number()
    .int()
    .min(4 * KIB)
    .max(256 * MIB)
    .default(16 * MIB),
  /** Bytes that may wait for the disk in one writer; append fails with Exhausted above it. */
  queuedBytesMax: z
    .number()
    .int()
    .min(4 * KIB)
    .default(256 * MIB),
  readBufferBytes: z
    .number()
    .int()
    .min(4 * KIB)
    .max(64 * MIB)
    .default(1 * MIB),
});

export type WalFileConfig = z.infer<typeof walFileConfigSchema>;
