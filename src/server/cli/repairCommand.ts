import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { RepairedGap } from '../../plugins/wal-file/repair.ts';
import { loadConfig } from '../config/loadConfig.ts';
import type { Config } from '../config/schema.ts';
import { createLogger } from '../logging/pinoLogger.ts';
import { lockDataDirectory } from '../system/dataDirectoryLock.ts';
import { failSubcommand, parseOptions } from './subcommand.ts';

const HELP = `Gives up the records of the log that are damaged, so that the collections they belong to can be served again
without them, and prints what was given up. The server must be stopped.

Usage:
  elanus repair [options]

Options:
  -c, --config <file>         configuration file        (default: elanus.yaml, if there is one)
  -d, --data-dir <folder>     where data are kept       (default: ./elanus-data)
      --channel <name>        of the log; default: all of them
  -h, --help                  this text

Exit codes: 0 done or nothing to do, 1 could not repair, 2 wrong configuration or options.
`;

/**
 * `elanus repair`: gives up the records of the log that are damaged, so that the collections they belong to can be served
 * again without them, and says what was given up. The server must be stopped. Resolves with the exit code.
 */
export async function repairCommand(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  try {
    const { config: file, 'data-dir': dataDir, channel, help } = options(args);
    if (help) {
      process.stdout.write(HELP);
      return 0;
    }
    const commandLine =
      dataDir === undefined ? [] : [{ path: ['dataDir'], value: dataDir, source: '--data-dir' }];
    const config = await loadConfig({ file, environment, commandLine });
    const gaps = await repair(config, channel);
    process.stdout.write(reportOf(gaps));
    return 0;
  } catch (error) {
    return failSubcommand('repair', error);
  }
}

function options(args: readonly string[]) {
  return parseOptions({
    args: [...args],
    options: {
      config: { type: 'string', short: 'c' },
      'data-dir': { type: 'string', short: 'd' },
      channel: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

async function repair(config: Config, channel: string | undefined): Promise<readonly RepairedGap[]> {
  if (config.wal.plugin !== 'file') {
    throw invalid(`wal.plugin: only the log of plugin file can be repaired here, not ${config.wal.plugin}`);
  }
  if (!existsSync(config.dataDir)) {
    throw new ElanusError('NotFound', `data directory ${config.dataDir} does not exist`);
  }
  const lock = lockDataDirectory(config.dataDir, 'repair');
  try {
    const { walFileConfigSchema } = await import('../../plugins/wal-file/config.ts');
    const { repairChannel } = await import('../../plugins/wal-file/repair.ts');
    const defaults = { path: join(lock.path, 'wal') };
    const { path: directory } = walFileConfigSchema.parse({ ...defaults, ...config.wal.options });
    const logger = createLogger(config.log);
    const gaps: RepairedGap[] = [];
    for (const name of channel === undefined ? channelsOf(directory) : [channel]) {
      gaps.push(...(await repairChannel(directory, name, { logger })));
    }
    return gaps;
  } finally {
    lock.release();
  }
}

function channelsOf(directory: string): string[] {
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function reportOf(gaps: readonly RepairedGap[]): string {
  if (gaps.length === 0) return 'No record of the log is damaged; nothing was changed.\n';
  const lines = gaps.map(
    ({ file, offset, bytesDropped, recordsDropped }) =>
      `gave up ${recordsDropped} records: ${bytesDropped} bytes at offset ${offset} of ${file}\n`,
  );
  return lines.join('');
}
