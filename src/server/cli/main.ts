import packageManifest from '../../../package.json' with { type: 'json' };
import type { AnyPlugin } from '../../core/ports/plugin.ts';
import { parseCommandLine } from './arguments.ts';
import { COMMANDS } from './commands.ts';

const EXIT_USAGE = 2;

/** Runs `elanus` with these arguments; `plugins` are found by their names. Resolves with the exit code: 0, 1 (could not run), 2 (wrong use). */
export async function runCommandLine(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  plugins: readonly AnyPlugin[] = [],
): Promise<number> {
  const name = args[0] ?? '';
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name]!.run(args.slice(1), environment);

  const commandLine = parseCommandLine(args);
  switch (commandLine.action) {
    case 'help':
      process.stdout.write((await import('./help.ts')).helpText());
      return 0;
    case 'version':
      process.stdout.write(`elanus ${packageManifest.version}\n`);
      return 0;
    case 'usage':
      process.stderr.write(`elanus: ${commandLine.problem}\nTry: elanus --help\n`);
      return EXIT_USAGE;
    default: {
      const { serveCommand } = await import('./serveCommand.ts');
      return serveCommand({ ...commandLine, plugins }, environment, packageManifest.version);
    }
  }
}
