import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import packageManifest from '../../../../package.json' with { type: 'json' };
import { ElanusError } from '../../../core/domain/errors.ts';
import type { AnyPlugin } from '../../../core/ports/plugin.ts';
import { BUILT_IN_PLUGINS, type PluginPort } from '../../wiring/builtInPlugins.ts';
import { folderAbove, readManifest } from '../../wiring/outsidePlugins.ts';
import { findPlugin } from '../../wiring/pluginKits.ts';
import { loadPlugin } from '../../wiring/pluginRegistry.ts';
import { capabilitiesText } from './capabilities.ts';
import { pluginArguments } from './options.ts';

const HELP = `Lists the plugins that are built in, and the packages in node_modules here that have the keyword elanus-plugin.

Usage:
  elanus plugin list

Columns: port, name in elanus.yaml, version, capabilities. A plugin that cannot be loaded says why.
`;
const KEYWORD = 'elanus-plugin';

type Row = readonly [port: string, name: string, version: string, capabilities: string];

/** `elanus plugin list`. */
export async function listCommand(args: readonly string[]): Promise<number> {
  if (pluginArguments(args, []).help) {
    process.stdout.write(HELP);
    return 0;
  }
  const ports = Object.keys(BUILT_IN_PLUGINS) as PluginPort[];
  const builtIn = ports.flatMap((port) =>
    Object.keys(BUILT_IN_PLUGINS[port]).map((name) => builtInRow(port, name)),
  );
  const rows = await Promise.all([...builtIn, ...installedPackages().map(installedRow)]);
  process.stdout.write(table([['port', 'name', 'version', 'capabilities'], ...rows]));
  return 0;
}

function builtInRow(port: PluginPort, name: string): Promise<Row> {
  const version = `${packageManifest.version} (built in)`;
  return rowOf(port, name, version, () => loadPlugin(port, name));
}

function installedRow({ name, version }: InstalledPackage): Promise<Row> {
  return rowOf('?', name, version, async () => (await findPlugin(name)).plugin);
}

async function rowOf(
  port: string,
  name: string,
  version: string,
  load: () => Promise<AnyPlugin>,
): Promise<Row> {
  try {
    const plugin = await load();
    return [plugin.port, name, version, capabilitiesText(plugin)];
  } catch (error) {
    return [port, name, version, ElanusError.from(error).text];
  }
}

interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

function installedPackages(): InstalledPackage[] {
  const above = folderAbove(process.cwd(), 'node_modules');
  if (above === undefined) return [];
  const root = join(above, 'node_modules');
  return foldersIn(root)
    .flatMap((name) =>
      name.startsWith('@') ? foldersIn(join(root, name)).map((inner) => `${name}/${inner}`) : [name],
    )
    .map((name) => ({ name, ...readManifest(join(root, name)) }))
    .filter(({ keywords }) => keywords?.includes(KEYWORD))
    .map(({ name, version = '' }) => ({ name, version }));
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith('.'));
}

function table(rows: readonly Row[]): string {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
