/**
 * The npm package pulsar-client with its native part, for the tests of src/plugins/wal-pulsar: its own install script wants a
 * binary that no package registry has. Its sources are compiled against the headers of pulsar-shim/ and linked with the library
 * that the Python package of the same project carries. `node scripts/servers/pulsarClient.ts` installs it.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onPath, run } from './commands.ts';
import { SERVERS_FOLDER } from './definition.ts';

/** The last version whose sources need the C interface of the library alone. */
const PACKAGES = ['pulsar-client@1.15.0', 'node-api-headers@1.9.0'];
const LIBRARY = 'pulsar-client==3.13.0';
const PLATFORMS: Readonly<Record<string, string>> = {
  x64: 'manylinux_2_28_x86_64',
  arm64: 'manylinux_2_28_aarch64',
};
const COMPILERS_AT_ONCE = 2;
const SHIM = fileURLToPath(new URL('./pulsar-shim/include', import.meta.url));
const FOLDER = `${SERVERS_FOLDER}pulsar-client`;
const STAMP = `${FOLDER}/pins`;
const WHEEL_FOLDER = `${FOLDER}/wheel`;
const OBJECTS_FOLDER = `${FOLDER}/objects`;
const NEEDED = ['npm', 'python3', 'g++', 'nm'];

/** Folder of the package, for the plugin's option `client`; it is there after `installPulsarClient`. */
export const PULSAR_CLIENT_FOLDER = `${FOLDER}/node_modules/pulsar-client`;

/** Why the package cannot be used here, or undefined when it can. */
export function whyNoPulsarClient(): string | undefined {
  if (isInstalled()) return undefined;
  return 'the native part of pulsar-client is not built (node scripts/servers/pulsarClient.ts)';
}

/** Installs the package unless it is there with the pins of today. Takes less than a minute. */
export async function installPulsarClient(): Promise<void> {
  if (isInstalled()) return console.log(`${PACKAGES[0]}: is there`);
  const missing = NEEDED.filter((command) => !onPath(command));
  if (missing.length > 0) throw new Error(`${PACKAGES[0]} needs ${missing.join(', ')} on the path`);
  const startMs = performance.now();
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  console.log(`${PACKAGES[0]}: fetching the package and the library …`);
  const [library] = await Promise.all([fetchLibrary(), fetchPackages()]);
  const binding = `${PULSAR_CLIENT_FOLDER}/lib/binding`;
  mkdirSync(binding, { recursive: true });
  const linked = join(binding, basename(library));
  copyFileSync(library, linked);
  console.log(`${PACKAGES[0]}: compiling the native part …`);
  const addon = join(binding, 'pulsar.node');
  await run('g++', ['-shared', '-o', addon, ...(await compile()), linked, '-Wl,-rpath,$ORIGIN']);
  await requireSymbols(addon, linked);
  for (const scrap of [WHEEL_FOLDER, OBJECTS_FOLDER]) rmSync(scrap, { recursive: true });
  // The certificates it trusts, when nobody names others.
  await run(process.execPath, ['GenCertFile.js'], { folder: PULSAR_CLIENT_FOLDER });
  writeFileSync(STAMP, pins());
  console.log(`${PACKAGES[0]}: built in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
}

function isInstalled(): boolean {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === pins();
}

function pins(): string {
  return [...PACKAGES, LIBRARY, process.arch, readFileSync(`${SHIM}/pulsar/shim.h`, 'utf8')].join('\n');
}

async function fetchPackages(): Promise<void> {
  writeFileSync(`${FOLDER}/package.json`, '{ "private": true }\n');
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', ...quiet, ...PACKAGES], { folder: FOLDER });
}

/** Path of the shared library, out of the Python package. */
async function fetchLibrary(): Promise<string> {
  const platform = PLATFORMS[process.arch];
  if (process.platform !== 'linux' || platform === undefined)
    throw new Error(`${LIBRARY} has no library for ${process.platform} ${process.arch}`);
  const folder = WHEEL_FOLDER;
  const source = ['--no-deps', '--only-binary=:all:', '--platform', platform, '--python-version', '3.12'];
  const quiet = ['--quiet', '--disable-pip-version-check', '--dest', folder];
  await run('python3', ['-m', 'pip', 'download', ...quiet, ...source, LIBRARY]);
  const [wheel] = readdirSync(folder);
  await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel!), folder]);
  const libraries = `${folder}/pulsar_client.libs`;
  const [library] = readdirSync(libraries).filter((name) => name.startsWith('libpulsar-'));
  return join(libraries, library!);
}

/** Paths of the object files. */
async function compile(): Promise<string[]> {
  const sources = `${PULSAR_CLIENT_FOLDER}/src`;
  const modules = [`${FOLDER}/node_modules`, `${PULSAR_CLIENT_FOLDER}/node_modules`];
  const includes = [
    SHIM,
    ...modules.flatMap((at) => [`${at}/node-api-headers/include`, `${at}/node-addon-api`]),
  ];
  const flags = [
    ...['-O2', '-fPIC', '-std=gnu++17', '-fvisibility=hidden', '-c'],
    ...['-DNAPI_VERSION=4', '-DNODE_GYP_MODULE_NAME=pulsar', '-DBUILDING_NODE_EXTENSION'],
    ...includes.flatMap((folder) => ['-I', folder]),
  ];
  const waiting = readdirSync(sources).filter((name) => name.endsWith('.cc'));
  const objects: string[] = [];
  mkdirSync(OBJECTS_FOLDER);
  const compileSome = async (): Promise<void> => {
    for (let source = waiting.pop(); source !== undefined; source = waiting.pop()) {
      const object = join(OBJECTS_FOLDER, `${source}.o`);
      await run('g++', [...flags, join(sources, source), '-o', object]);
      objects.push(object);
    }
  };
  await Promise.all(Array.from({ length: COMPILERS_AT_ONCE }, compileSome));
  return objects;
}

/** Rejects, with their names, when the addon calls functions of the library that it has not got. */
async function requireSymbols(addon: string, library: string): Promise<void> {
  const wanted = (await run('nm', ['-D', '--undefined-only', addon])).match(/\S*pulsar\S*/g) ?? [];
  const there = new Set((await run('nm', ['-D', '--defined-only', library])).match(/\S+$/gm));
  const missing = wanted.filter((symbol) => !there.has(symbol));
  if (wanted.length === 0 || missing.length > 0)
    throw new Error(
      `${LIBRARY} lacks ${missing.length} of ${wanted.length} functions: ${missing.join(', ')}`,
    );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await installPulsarClient();
