import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { StoragePorts } from '../../core/ports/plugin.ts';
import { loadConfig } from '../config/loadConfig.ts';
import type { Config } from '../config/schema.ts';
import { createLogger } from '../logging/pinoLogger.ts';
import { copyDataSet } from '../migration/copyDataSet.ts';
import { flushAll } from '../migration/flushAll.ts';
import { readTerm } from '../migration/sourceCatalog.ts';
import type { Say } from '../migration/stores.ts';
import { refuseUsedTarget } from '../migration/targetCatalog.ts';
import { type DataDirectoryLock, lockDataDirectory } from '../system/dataDirectoryLock.ts';
import { BUILT_IN_PLUGINS } from '../wiring/builtInPlugins.ts';
import { type OfflineServer, offlineServer } from '../wiring/offline.ts';
import { chooseStorage } from '../wiring/pluginRegistry.ts';
import { failSubcommand, parseOptions } from './subcommand.ts';

const LOG_LINES_MAX = 20;
const PORTS = ['meta', 'wal', 'objectStore'] as const;
const HELP = `Copies a data set into other storage: catalogue and objects of one configuration into the empty stores of another,
compared by checksum. Servers of both must be stopped. The source stays as it was, but for rows that are flushed. When it was
interrupted, the same command goes on. Environment variables do not count.

Usage:
  elanus migrate --from <file> --to <file> [options]

Options:
      --from <file>              configuration of the source
      --to <file>                configuration of the target
      --from-data-dir <folder>   dataDir of the source, in place of that in its file
      --to-data-dir <folder>     dataDir of the target
  -h, --help                     this text

Exit codes: 0 done, 1 could not migrate, 2 wrong configuration or options.
`;

/** `elanus migrate`. Resolves with the exit code. */
export async function migrateCommand(args: readonly string[]): Promise<number> {
  try {
    const options = optionsOf(args);
    if (options.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const from = await configOf('from', options.from, options['from-data-dir']);
    const to = await configOf('to', options.to, options['to-data-dir']);
    await migrate(from, to, (line) => process.stdout.write(`${line}\n`));
    return 0;
  } catch (error) {
    return failSubcommand('migrate', error);
  }
}

function optionsOf(args: readonly string[]) {
  return parseOptions({
    args: [...args],
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
      'from-data-dir': { type: 'string' },
      'to-data-dir': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

async function configOf(
  name: string,
  file: string | undefined,
  dataDir: string | undefined,
): Promise<Config> {
  if (file === undefined) throw invalid(`--${name} <file> is missing`);
  const source = `--${name}-data-dir`;
  const commandLine = dataDir === undefined ? [] : [{ path: ['dataDir'], value: dataDir, source }];
  const config = await loadConfig({ file, environment: {}, commandLine });
  // What is compared must come from the store itself.
  const cache = { ...config.objectStore.cache, memoryBytesMax: 0, diskBytesMax: 0 };
  return { ...config, objectStore: { ...config.objectStore, cache } };
}

async function migrate(from: Config, to: Config, say: Say): Promise<void> {
  await checkBoth(from, to);
  const folders = [...new Set([from, to].map(({ dataDir }) => resolve(dataDir)))];
  const locks: DataDirectoryLock[] = [];
  const logged: string[] = [];
  try {
    for (const folder of folders) locks.push(lockDataDirectory(folder, 'migrate'));
    const logger = createLogger({ ...from.log, level: 'warn' }, { write: (line) => logged.push(line) });
    say(`from ${storageText(from)}`);
    say(`to   ${storageText(to)}`);
    await withServer(to, logger, locks.at(-1)!, async (target) => {
      const stores = await target.stores();
      if (await refuseUsedTarget(stores.meta, stores.objectStore)) say('goes on where it was interrupted');
      await withServer(from, logger, locks[0]!, (source) => flush(source, say));
      const channels = Math.max(from.wal.channels, to.wal.channels);
      await withServer(from, logger, locks[0]!, async (source) =>
        copyDataSet(await source.stores(), stores, channels, say),
      );
    });
    say('done: the target can be served');
  } catch (error) {
    // Work in the background that a close cuts off is logged too, so without a failure nobody needs it.
    process.stderr.write(logged.slice(-LOG_LINES_MAX).join(''));
    throw error;
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** What can be seen without opening anything. */
async function checkBoth(from: Config, to: Config): Promise<void> {
  const dataDir = resolve(from.dataDir);
  for (const port of PORTS) {
    if (!existsSync(dataDir) && Object.keys(defaultsOf(from, port)).length > 0)
      throw new ElanusError('NotFound', `data directory ${dataDir} does not exist`);
  }
  for (const config of [from, to]) {
    const chosen = await chooseStorage(config, resolve(config.dataDir));
    for (const port of PORTS) {
      const { capabilities, name, needsObjectStore } = chosen[port].plugin;
      if (!capabilities.durable)
        throw invalid(`${port}.plugin: ${name} forgets everything when it is closed`);
      // What lies in the object store is the same only if that is.
      if (!needsObjectStore && isSameStore(from, to, port))
        throw invalid(`${port}: both configurations name the same store`);
    }
  }
}

function isSameStore(from: Config, to: Config, port: keyof StoragePorts): boolean {
  const whole = (config: Config) => ({ ...defaultsOf(config, port), ...config[port].options });
  return from[port].plugin === to[port].plugin && isDeepStrictEqual(whole(from), whole(to));
}

function defaultsOf(config: Config, port: keyof StoragePorts): Readonly<Record<string, unknown>> {
  return BUILT_IN_PLUGINS[port][config[port].plugin]?.defaults(resolve(config.dataDir)) ?? {};
}

async function withServer(
  config: Config,
  logger: Logger,
  lock: DataDirectoryLock,
  work: (server: OfflineServer) => Promise<void>,
): Promise<void> {
  const server = await offlineServer(config, logger, lock);
  try {
    await work(server);
  } finally {
    await server.close();
  }
}

/** Opening the roles fences every server that still uses the source. */
async function flush(source: OfflineServer, say: Say): Promise<void> {
  const { meta } = await source.stores();
  if ((await readTerm(meta)) === undefined) throw new ElanusError('NotFound', 'the source has no catalogue');
  await flushAll(await source.roles(), say);
}

function storageText({ dataDir, meta, wal, objectStore }: Config): string {
  return `meta ${meta.plugin}, wal ${wal.plugin}, objectStore ${objectStore.plugin}, dataDir ${resolve(dataDir)}`;
}
