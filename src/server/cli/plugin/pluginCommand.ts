import { ElanusError } from '../../../core/domain/errors.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

type Subcommand = (args: readonly string[]) => Promise<number>;

/** None is read before it is asked for. */
const SUBCOMMANDS: Readonly<Record<string, () => Promise<Subcommand>>> = {
  list: async () => (await import('./listCommand.ts')).listCommand,
  check: async () => (await import('./checkCommand.ts')).checkCommand,
  new: async () => (await import('./newCommand.ts')).newCommand,
};

const HELP = `Plugins: the backends of the catalogue (meta), the log (wal), the objects (objectStore) and of vector indexes (index).

Usage:
  elanus plugin list                        what is built in or installed here, with versions and capabilities
  elanus plugin check <package or path>     runs the kit of its port on a plugin, and says what it breaks
  elanus plugin new <port> <name>           writes a package to start from, with the kit wired in
  elanus plugin <command> --help

Exit codes: 0 done, 1 failed, 2 wrong use.
`;

/** `elanus plugin …`. Resolves with the exit code. */
export async function pluginCommand(args: readonly string[]): Promise<number> {
  const [name = '', ...rest] = args;
  if (name === '--help' || name === '-h') {
    process.stdout.write(HELP);
    return 0;
  }
  if (!Object.hasOwn(SUBCOMMANDS, name)) {
    process.stderr.write(`elanus plugin: ${name === '' ? 'which command?' : `no command ${name}`}\n${HELP}`);
    return EXIT_USAGE;
  }
  try {
    const run = await SUBCOMMANDS[name]!();
    return await run(rest);
  } catch (error) {
    const known = ElanusError.from(error);
    process.stderr.write(`elanus plugin ${name}: ${known.text}\n`);
    return known.kind === 'Invalid' ? EXIT_USAGE : EXIT_FAILED;
  }
}
