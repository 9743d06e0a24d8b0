import { type ConfigFile, readConfigFile } from './configFile.ts';
import { CONFIG_FILE_VARIABLE, type Environment, environmentSettings } from './environment.ts';
import { isLoopback } from './loopback.ts';
import { describeIssues } from './problems.ts';
import { type Config, configSchema } from './schema.ts';
import { type Setting, withSettings } from './settings.ts';
import { isRecord, withParsedSizes } from './sizes.ts';

/** All problems of a configuration at once, each a line with path, value and limit. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in the configuration`);
    this.problems = problems;
  }

  /** For a person who reads it on a terminal. */
  get text(): string {
    return `elanus: ${this.message}:\n${this.problems.map((problem) => `  ${problem}\n`).join('')}`;
  }
}

export interface ConfigSources {
  /** undefined = elanus.yaml if there is one. */
  readonly file: string | undefined;
  readonly environment: Environment;
  /** Settings of the command line, which win. */
  readonly commandLine: readonly Setting[];
}

/** The configuration from file, environment and command line, later ones winning. Throws ConfigError. */
export async function loadConfig(sources: ConfigSources): Promise<Config> {
  const file = await readConfigFile(sources.file ?? sources.environment[CONFIG_FILE_VARIABLE]);
  const environment = environmentSettings(configSchema, sources.environment);
  const settings = [...environment.settings, ...sources.commandLine];
  return check(file, settings, [...file.problems, ...environment.problems]);
}

function check(file: ConfigFile, settings: readonly Setting[], problems: readonly string[]): Config {
  const sourceOf = (path: readonly PropertyKey[]) =>
    settings.findLast((setting) => samePath(setting.path, path))?.source ?? file.sourceOf(path);
  const notSections = isRecord(file.tree) ? [] : ['the configuration file: expected keys and values'];
  const tree = withParsedSizes(withSettings(file.tree, settings));
  const parsed = configSchema.safeParse(tree);
  const all = [
    ...problems,
    ...notSections,
    ...(parsed.success
      ? crossChecks(parsed.data)
      : describeIssues(parsed.error.issues, configSchema, tree, sourceOf)),
  ];
  if (all.length > 0 || !parsed.success) throw new ConfigError(all);
  return parsed.data;
}

/** Rules over more than one key. */
function crossChecks(config: Config): string[] {
  const problems: string[] = [];
  const { host, port, adminPort } = config.server;
  if (!isLoopback(host) && !config.security.allowUnauthenticated) {
    problems.push(
      `server.host: ${JSON.stringify(host)} can be reached by others, and nobody is asked for a password. ` +
        'Listen on 127.0.0.1, or set security.allowUnauthenticated: true if the network is yours alone',
    );
  }
  if (port !== 0 && port === adminPort) {
    problems.push(`server.adminPort: ${adminPort} is server.port too; they must differ`);
  }
  return problems;
}

function samePath(a: readonly PropertyKey[], b: readonly PropertyKey[]): boolean {
  return a.length === b.length && a.every((key, i) => String(key) === String(b[i]));
}
