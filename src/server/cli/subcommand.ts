import { type ParseArgsConfig, parseArgs } from 'node:util';
import { ElanusError, invalid } from '../../core/domain/errors.ts';
import { ConfigError } from '../config/loadConfig.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** parseArgs of Node. Error: Invalid, with what it says in its first line. */
export function parseOptions<Config extends ParseArgsConfig>(config: Config) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw invalid((error as Error).message.split('\n', 1)[0]!);
  }
}

/** Prints why a subcommand could not do `what`. Returns the exit code. */
export function failSubcommand(what: string, error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(error.text);
    return EXIT_USAGE;
  }
  const known = ElanusError.from(error);
  process.stderr.write(`elanus: cannot ${what}: ${known.text}\n`);
  return known.kind === 'Invalid' ? EXIT_USAGE : EXIT_FAILED;
}
