import { invalid } from '../../../core/domain/errors.ts';
import { parseOptions } from '../subcommand.ts';

export interface PluginArguments {
  readonly help: boolean;
  /** `--config`, where the command takes it. */
  readonly configFile: string | undefined;
  readonly names: readonly string[];
}

/** The arguments of a subcommand with exactly the `names` it takes. Error: Invalid. */
export function pluginArguments(args: readonly string[], names: readonly string[]): PluginArguments {
  const { values, positionals } = parse(args);
  const help = values.help ?? false;
  if (!help && positionals.length !== names.length) {
    const wanted = names.length === 0 ? 'nothing' : names.map((name) => `<${name}>`).join(' ');
    throw invalid(`takes ${wanted}, got ${positionals.join(' ') || 'nothing'}`);
  }
  return { help, configFile: values.config, names: positionals };
}

function parse(args: readonly string[]) {
  return parseOptions({
    args: [...args],
    allowPositionals: true,
    options: { config: { type: 'string', short: 'c' }, help: { type: 'boolean', short: 'h' } },
  });
}
