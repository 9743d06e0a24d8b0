import { ElanusError, invalid } from '../../../core/domain/errors.ts';
import { readConfigFile } from '../../config/configFile.ts';
import { isRecord } from '../../config/sizes.ts';
import { type FoundPlugin, findPlugin, type KitCase, type Kits, loadKits } from '../../wiring/pluginKits.ts';
import { optionProblems } from '../../wiring/pluginRegistry.ts';
import { capabilitiesText } from './capabilities.ts';
import { pluginArguments } from './options.ts';

const CASE_TIMEOUT_MS = 120_000;
const ERROR_LINES_MAX = 12;

const HELP = `Runs the kit of its port on a plugin, by the capabilities it declares, and says which promises it breaks.

Usage:
  elanus plugin check <package or path> [options]

Options:
  -c, --config <file>   YAML whose <port>.options (meta, wal, objectStore, index) are the plugin's; default: "elanus.check" of
                        the plugin's package.json, else none. Every case gets a store of its own: in texts, {folder} stands for
                        a new folder and {id} for a new name.
  -h, --help            this text

Examples:
  elanus plugin check elanus-object-sqlite
  elanus plugin check ./my-store.js --config check.yaml

Exit codes: 0 all cases passed, 1 a case failed, 2 wrong use.
`;

/** `elanus plugin check`. Ends the process, since a broken plugin may hold it. */
export async function checkCommand(args: readonly string[]): Promise<number> {
  const { help, configFile, names } = pluginArguments(args, ['package or path']);
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const found = await findPlugin(names[0]!);
  const kits = await loadKits();
  const { port } = found.plugin;
  const options =
    configFile === undefined ? (found.manifest.elanus?.check ?? {}) : await optionsIn(configFile, port);
  const passed = await check(found, kits, await casesOf(kits, found, options));
  process.exit(passed ? 0 : 1);
}

async function casesOf(
  kits: Kits,
  { plugin, module }: FoundPlugin,
  options: Readonly<Record<string, unknown>>,
) {
  try {
    return (await kits.pluginConformance(module, { options })).cases;
  } catch (error) {
    throw invalid(optionProblems(plugin.port, error));
  }
}

async function check({ plugin, manifest }: FoundPlugin, kits: Kits, cases: readonly KitCase[]) {
  const { name = plugin.name, version = '' } = manifest;
  process.stdout.write(
    `${name} ${version}: plugin ${plugin.name} for ${plugin.port} (${capabilitiesText(plugin)}), ${cases.length} cases\n`,
  );
  let failed = 0;
  const broken = new Map<string, number>();
  const report = (caseName: string, error: unknown): void => {
    failed++;
    const promise = kits.promiseOf(plugin.port, caseName) ?? 'every error reaches its caller';
    broken.set(promise, (broken.get(promise) ?? 0) + 1);
    process.stdout.write(`FAILED  ${caseName}\n        broken promise: ${promise}\n${textOf(error)}\n`);
  };
  process.on('unhandledRejection', (error) => report('an error that nobody waits for', error));
  process.on('uncaughtException', (error) => report('an error that nobody can catch', error));
  const run = (some: readonly KitCase[]) =>
    kits.runCases(some, {
      caseTimeoutMs: CASE_TIMEOUT_MS,
      onCase: (caseName, failure) => {
        if (failure === undefined) process.stdout.write(`passed  ${caseName}\n`);
        else report(caseName, failure.error);
      },
    });
  let { ran } = await run(cases.slice(0, 1));
  // A plugin that opens no store would fail every case in the same way.
  if (failed === 0 || plugin.port === 'index') ran += (await run(cases.slice(1))).ran;
  process.stdout.write(`\nran ${ran} of ${cases.length} cases, ${failed} failed\n`);
  for (const [promise, times] of broken) process.stdout.write(`broken: ${promise} (${times})\n`);
  return failed === 0 && ran === cases.length;
}

function textOf(error: unknown): string {
  const text = error instanceof ElanusError ? `${error.kind}: ${error.text}` : String(error);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines
    .slice(0, ERROR_LINES_MAX)
    .map((line) => `        ${line}`)
    .join('\n');
}

/** What a configuration file gives a plugin of `port`. */
async function optionsIn(file: string, port: string): Promise<Readonly<Record<string, unknown>>> {
  const { tree, problems } = await readConfigFile(file);
  if (problems.length > 0) throw invalid(problems.join('\n'));
  const section = isRecord(tree) ? tree[port] : undefined;
  const options = isRecord(section) ? section.options : undefined;
  if (!isRecord(options)) throw invalid(`${file}: there is no ${port}.options`);
  return options;
}
