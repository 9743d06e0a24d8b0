import { parseArgs } from 'node:util';
import { didYouMean } from '../config/nearMatch.ts';
import type { Setting } from '../config/settings.ts';

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  'data-dir': { type: 'string', short: 'd' },
  port: { type: 'string', short: 'p' },
  host: { type: 'string' },
  'admin-port': { type: 'string' },
  check: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

/** Options that are settings of elanus.yaml, with the path there. */
const SETTING_PATHS = {
  'data-dir': ['dataDir'],
  port: ['server', 'port'],
  host: ['server', 'host'],
  'admin-port': ['server', 'adminPort'],
} as const;

export type CommandLine =
  | { readonly action: 'help' | 'version' }
  | { readonly action: 'usage'; readonly problem: string }
  | {
      readonly action: 'serve' | 'check';
      readonly configFile: string | undefined;
      readonly settings: readonly Setting[];
    };

/** What the options of `elanus` ask for. A mistake is an action of its own. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return { action: 'usage', problem: describe(error as NodeJS.ErrnoException, args) };
  }
  const { values } = parsed;
  if (values.help) return { action: 'help' };
  if (values.version) return { action: 'version' };
  const settings: Setting[] = [];
  for (const [option, path] of Object.entries(SETTING_PATHS)) {
    const text = values[option as keyof typeof SETTING_PATHS];
    if (text !== undefined) settings.push({ path, value: settingValue(option, text), source: `--${option}` });
  }
  return { action: values.check ? 'check' : 'serve', configFile: values.config, settings };
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false });
}

function settingValue(option: string, text: string): unknown {
  return option.endsWith('port') && /^-?[0-9]+$/.test(text) ? Number(text) : text;
}

function describe(error: NodeJS.ErrnoException, args: readonly string[]): string {
  const unknown =
    error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? /'(--?[^' ]+)'/.exec(error.message)?.[1] : undefined;
  if (unknown !== undefined) {
    return `unknown option ${unknown}${didYouMean(
      unknown,
      Object.keys(OPTIONS).map((name) => `--${name}`),
    )}`;
  }
  if (error.code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') {
    return `unexpected argument ${JSON.stringify(args.find((arg) => !arg.startsWith('-')))}`;
  }
  return error.message.split('\n', 1)[0]!;
}
