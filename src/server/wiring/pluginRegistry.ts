import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { IndexPlugin, PluginDeps, StoragePlugin, StoragePorts } from '../../core/ports/plugin.ts';
import { didYouMean } from '../config/nearMatch.ts';
import type { Config, StorageConfig } from '../config/schema.ts';
import { BUILT_IN_PLUGINS, type PluginPort } from './builtInPlugins.ts';
import { missingPackage } from './missingPackage.ts';

const PORT_VERSION = 1;

type AnyPlugin = StoragePlugin<keyof StoragePorts, unknown> | IndexPlugin<unknown>;

/** A storage plugin with its options, checked but not opened. */
export interface ChosenStorage<Port extends keyof StoragePorts> {
  readonly plugin: StoragePlugin<Port, unknown>;
  /** Errors: those of StoragePlugin.create, and Unsupported with an install line when a package is absent. */
  open(deps: PluginDeps): Promise<StoragePorts[Port]>;
}

export type StoragePlugins = { readonly [Port in keyof StoragePorts]: ChosenStorage<Port> };

export interface ChosenIndex {
  readonly plugin: IndexPlugin<unknown>;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Loads the three storage plugins of a configuration. Errors: Invalid (name, options), Unsupported. */
export async function chooseStorage(
  config: Readonly<Record<keyof StoragePorts, StorageConfig>>,
  dataDir: string,
): Promise<StoragePlugins> {
  const [meta, wal, objectStore] = await Promise.all([
    chooseOne('meta', config.meta, dataDir),
    chooseOne('wal', config.wal, dataDir),
    chooseOne('objectStore', config.objectStore, dataDir),
  ]);
  refuseMixedDurability([meta.plugin, wal.plugin, objectStore.plugin]);
  return { meta, wal, objectStore };
}

/** Loads the index plugins: the exact scan, which is always there, and the graph. Errors: Invalid (options), Unsupported. */
export function chooseIndexes({ graph, options }: Config['index']): Promise<readonly ChosenIndex[]> {
  return Promise.all([chooseIndex('flat', {}), chooseIndex(graph, options)]);
}

async function chooseIndex(name: string, options: unknown): Promise<ChosenIndex> {
  const plugin = (await loadPlugin('index', name)) as IndexPlugin<unknown>;
  return { plugin, config: checkOptions(plugin, options) as Readonly<Record<string, unknown>> };
}

async function chooseOne<Port extends keyof StoragePorts>(
  port: Port,
  { plugin: name, options }: StorageConfig,
  dataDir: string,
): Promise<ChosenStorage<Port>> {
  const plugin = (await loadPlugin(port, name)) as StoragePlugin<Port, unknown>;
  const defaults = BUILT_IN_PLUGINS[port][name]?.defaults(dataDir) ?? {};
  const config = checkOptions(plugin, { ...defaults, ...options });
  return {
    plugin,
    open: async (deps) => {
      try {
        return await plugin.create(config, { ...deps, logger: deps.logger.child(`${port}-${name}`) });
      } catch (error) {
        throw missingPackage(error, settingOf(port), name) ?? error;
      }
    },
  };
}

/** The plugin object of a built-in name, a package or a path. */
export async function loadPlugin(port: PluginPort, name: string): Promise<AnyPlugin> {
  const builtIn = BUILT_IN_PLUGINS[port];
  const isBuiltIn = Object.hasOwn(builtIn, name);
  try {
    const load = isBuiltIn ? builtIn[name]!.load : () => importFromOutside(name);
    return checkManifest((await load()).default, port, name);
  } catch (error) {
    const hint = isBuiltIn ? '' : didYouMean(name, Object.keys(builtIn));
    throw missingPackage(error, settingOf(port), name, hint) ?? error;
  }
}

/** A path counts from the working directory; a package is looked for beside the server, then there. */
async function importFromOutside(name: string): Promise<{ readonly default: unknown }> {
  if (name.startsWith('.') || name.startsWith('/')) return import(pathToFileURL(resolve(name)).href);
  try {
    return await import(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const path = findInWorkingDirectory(name);
    if (path === undefined) throw error;
    return import(pathToFileURL(path).href);
  }
}

function findInWorkingDirectory(name: string): string | undefined {
  try {
    return createRequire(join(process.cwd(), 'elanus.js')).resolve(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function checkManifest(candidate: unknown, port: PluginPort, name: string): AnyPlugin {
  const plugin = candidate as Partial<AnyPlugin> | undefined;
  const key = settingOf(port);
  if (typeof plugin !== 'object' || plugin === null || typeof plugin.configSchema?.parse !== 'function') {
    throw invalid(`${key}: the default export of ${name} is no plugin; see docs/configuration.md`);
  }
  if (plugin.port !== port) throw invalid(`${key}: ${name} is a plugin for ${plugin.port}, not for ${port}`);
  if (plugin.portVersion !== PORT_VERSION) {
    throw invalid(
      `${key}: ${name} is made for version ${plugin.portVersion} of the port; this server has ${PORT_VERSION}`,
    );
  }
  return plugin as AnyPlugin;
}

/** The key of elanus.yaml that names the plugin of a port. */
function settingOf(port: PluginPort): string {
  return port === 'index' ? 'index.graph' : `${port}.plugin`;
}

interface SchemaIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function checkOptions(plugin: AnyPlugin, options: unknown): unknown {
  try {
    return plugin.configSchema.parse(options);
  } catch (error) {
    const issues = (error as { issues?: readonly SchemaIssue[] }).issues ?? [];
    const problems = issues.map(
      ({ path, message }) => `${[plugin.port, 'options', ...path].map(String).join('.')}: ${message}`,
    );
    throw new ElanusError(
      'Invalid',
      problems.length > 0 ? problems.join('\n') : `${plugin.port}.options: ${String(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** A catalogue that outlives its data, or data that outlive their catalogue, cannot be opened again. */
function refuseMixedDurability(plugins: readonly StoragePlugin<keyof StoragePorts, unknown>[]): void {
  const forgetful = plugins.filter((plugin) => !plugin.capabilities.durable);
  if (forgetful.length === 0 || forgetful.length === plugins.length) return;
  const names = forgetful.map((plugin) => `${plugin.port}.plugin: ${plugin.name}`).join(', ');
  throw invalid(
    `${names} forgets everything at a restart while the other storage does not; choose all of one kind`,
  );
}
