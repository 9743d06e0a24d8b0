/** Of each thread's young generation, MB a half. V8 would let it grow to 64 MB; more than this made nothing faster. */
const SEMI_SPACE_FLAG = '--max-semi-space-size';
const SEMI_SPACE_MB = 4;
/**
 * glibc: memory of requests goes back to the system when it is freed. Left to itself malloc keeps all of it after the first large
 * requests.
 * Threads share one arena, since most of what each would keep of its own stays empty.
 */
const MALLOC: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: '262144',
  MALLOC_TRIM_THRESHOLD_: '262144',
  MALLOC_ARENA_MAX: '1',
};

/**
 * Replaces this process by one with smaller limits, which can only be set before it starts: `entry` with the same arguments, the
 * same process id, files and terminal. Returns when the limits are set, or where processes cannot be replaced (Windows).
 */
export function limitMemory(entry: string): void {
  const isSet = process.execArgv.some((argument) => argument.startsWith(SEMI_SPACE_FLAG));
  if (isSet || process.execve === undefined || process.platform === 'win32') return;
  const flags = [`${SEMI_SPACE_FLAG}=${SEMI_SPACE_MB}`, ...process.execArgv];
  const args = [process.execPath, ...flags, entry, ...process.argv.slice(2)];
  process.execve(process.execPath, args, { ...MALLOC, ...process.env });
}
