import { flushCompileCache } from 'node:module';
import { ElanusError } from '../../core/domain/errors.ts';
import type { AnyPlugin } from '../../core/ports/plugin.ts';
import { ConfigError, loadConfig } from '../config/loadConfig.ts';
import type { Config } from '../config/schema.ts';
import type { Setting } from '../config/settings.ts';
import { createLogger } from '../logging/pinoLogger.ts';
import { optimizeEarly } from '../system/earlyOptimization.ts';
import { collectWhenIdle } from '../system/idleCollection.ts';
import { type RunningServer, startServer } from '../wiring/startServer.ts';
import { startMessage } from './startMessage.ts';

export interface ServeArguments {
  readonly action: 'serve' | 'check';
  readonly configFile: string | undefined;
  readonly settings: readonly Setting[];
  readonly plugins: readonly AnyPlugin[];
}

const EXIT_FAILED = 1;
const EXIT_CONFIG = 2;

/** Serves until a signal, or checks the configuration. Resolves with the exit code. */
export async function serveCommand(
  { action, configFile, settings, plugins }: ServeArguments,
  environment: NodeJS.ProcessEnv,
  version: string,
): Promise<number> {
  try {
    const config = await loadConfig({ file: configFile, environment, commandLine: settings });
    if (action === 'check') return await check(config, plugins);
    return await serve(config, version, plugins);
  } catch (error) {
    return fail(error);
  }
}

async function check(config: Config, plugins: readonly AnyPlugin[]): Promise<number> {
  const { effectiveConfigText } = await import('./effectiveConfig.ts');
  process.stdout.write(await effectiveConfigText(config, plugins));
  return 0;
}

async function serve(config: Config, version: string, plugins: readonly AnyPlugin[]): Promise<number> {
  const stopped = stopSignal();
  const logger = createLogger(config.log);
  const server = await startServer(config, { logger, plugins });
  process.stdout.write(startMessage(server.addresses, config, version));
  flushCompileCache();
  optimizeEarly();
  collectWhenIdle();
  const signal = await stopped;
  logger.info('stopping', { signal });
  return stop(server, stopSignal());
}

/** Resolves with the next SIGTERM or SIGINT. */
function stopSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  process.once('SIGTERM', resolve);
  process.once('SIGINT', resolve);
  return promise;
}

/** Closes everything in order; a second signal ends the process at once. */
async function stop(server: RunningServer, again: Promise<NodeJS.Signals>): Promise<number> {
  const failed = await Promise.race([server.stop(), again.then(() => undefined)]);
  return failed !== undefined && failed.length === 0 ? 0 : exitNow(EXIT_FAILED);
}

/** What did not close may hold the process; what was acknowledged is safe without. */
function exitNow(code: number): never {
  process.exit(code);
}

function fail(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(error.text);
    return EXIT_CONFIG;
  }
  const known = ElanusError.from(error);
  const text =
    known.kind === 'Internal' && error instanceof Error ? (error.stack ?? error.message) : known.text;
  process.stderr.write(`elanus: cannot start: ${text}\n`);
  return exitNow(known.kind === 'Invalid' ? EXIT_CONFIG : EXIT_FAILED);
}
