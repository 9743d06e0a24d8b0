import type { AnyPlugin } from './core/ports/plugin.ts';

export interface ServeOptions {
  /** As behind the command `elanus`. Default: those of this process. */
  readonly args?: readonly string[];
  /** Default: that of this process. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Found in elanus.yaml by their own names, before built-in plugins and packages. */
  readonly plugins?: readonly AnyPlugin[];
}

/**
 * `elanus/serve`: the command `elanus` as a function, for a program that a bundler makes: what it imports is in the bundle,
 * while a plugin that only elanus.yaml names would have to lie in node_modules. Resolves with the exit code after the server
 * has stopped; see `elanus --help`.
 */
export async function serve(options: ServeOptions = {}): Promise<number> {
  const { runCommandLine } = await import('./server/cli/main.ts');
  const { args = process.argv.slice(2), environment = process.env, plugins = [] } = options;
  return runCommandLine(args, environment, plugins);
}
