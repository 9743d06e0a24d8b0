import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { invalid } from '../../../core/domain/errors.ts';
import { templateUrl } from '../../../kernels/location.ts';
import { BUILT_IN_PLUGINS } from '../../wiring/builtInPlugins.ts';
import { pluginArguments } from './options.ts';
import { packageFiles, templatesOf } from './packageFiles.ts';

const HELP = `Writes a package with a plugin to start from: an implementation in memory, which passes the kit of its port as it is. Put
your own in its place, say in src/index.ts what it promises, and let the tests tell what is still missing.

Usage:
  elanus plugin new <port> <name>

  <port>   ${Object.keys(BUILT_IN_PLUGINS).join(', ')}
  <name>   of the package, and of the folder that is made for it here

Example:
  elanus plugin new objectStore elanus-object-mine && cd elanus-object-mine && npm test
`;

const PACKAGE_NAME = /^(?:@[a-z0-9-][a-z0-9._-]*\/)?([a-z0-9-][a-z0-9._-]*)$/;

/** `elanus plugin new`. */
export async function newCommand(args: readonly string[]): Promise<number> {
  const { help, names } = pluginArguments(args, ['port', 'name']);
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [port, packageName] = names as [string, string];
  if (!Object.hasOwn(BUILT_IN_PLUGINS, port)) {
    throw invalid(`no port ${port}; there are ${Object.keys(BUILT_IN_PLUGINS).join(', ')}`);
  }
  const name = PACKAGE_NAME.exec(packageName)?.[1];
  if (name === undefined) throw invalid(`${packageName} is no name of a package`);
  const folder = resolve(name);
  if (existsSync(folder) && readdirSync(folder).length > 0) throw invalid(`${folder} is there and not empty`);
  write(folder, port as keyof typeof BUILT_IN_PLUGINS, packageName, name);
  process.stdout.write(
    `wrote ${relative(process.cwd(), folder)}: the plugin is src/index.ts, its kit test/kit.test.ts\nNext: cd ${name} && npm test\n`,
  );
  return 0;
}

function write(folder: string, port: keyof typeof BUILT_IN_PLUGINS, packageName: string, name: string): void {
  const templates = templatesOf(port).map((file): [string, string] => [
    `src/${file}`,
    readFileSync(templateUrl(file), 'utf8'),
  ]);
  for (const [path, text] of [...Object.entries(packageFiles(port, packageName, name)), ...templates]) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}
