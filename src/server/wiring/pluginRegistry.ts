import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type {
  AnyPlugin,
  IndexPlugin,
  PluginDeps,
  StoragePlugin,
  StoragePorts,
} from '../../core/ports/plugin.ts';
import { didYouMean } from '../config/nearMatch.ts';
import type { Config, StorageConfig } from '../config/schema.ts';
import { BUILT_IN_PLUGINS, type PluginPort } from './builtInPlugins.ts';
import { missingPackage } from './missingPackage.ts';
import { isPath, outsideModule } from './outsidePlugins.ts';

const PORT_VERSION = 1;

/** A storage plugin with its options, checked but not opened. */
export interface ChosenStorage<Port extends keyof StoragePorts> {
  readonly plugin: StoragePlugin<Port, unknown>;
  /** Errors: those of StoragePlugin.create, and Unsupported with an install line when a package is absent. */
  open(deps: PluginDeps): Promise<StoragePorts[Port]>;
}

export type StoragePlugins = { readonly [Port in keyof StoragePorts]: ChosenStorage<Port> };

export interface ChosenIndex {
  /** In the configuration; handles carry it. */
  readonly name: string;
  readonly plugin: IndexPlugin<unknown>;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Loads the three storage plugins of a configuration; `given` ones are there already. Errors: Invalid (name, options), Unsupported. */
export async function chooseStorage(
  config: Readonly<Record<keyof StoragePorts, StorageConfig>>,
  dataDir: string,
  given: readonly AnyPlugin[] = [],
): Promise<StoragePlugins> {
  const [meta, wal, objectStore] = await Promise.all([
    chooseOne('meta', config.meta, dataDir, given),
    chooseOne('wal', config.wal, dataDir, given),
    chooseOne('objectStore', config.objectStore, dataDir, given),
  ]);
  refuseStoreInItself(objectStore.plugin);
  refuseMixedDurability([meta.plugin, wal.plugin, objectStore.plugin]);
  return { meta, wal, objectStore };
}

/** Loads the index plugins: the exact scan, which is always there, and the graph. Errors: Invalid (options), Unsupported. */
export function chooseIndexes(
  { graph, options }: Config['index'],
  given: readonly AnyPlugin[] = [],
): Promise<readonly ChosenIndex[]> {
  return Promise.all([chooseIndex('flat', {}, []), chooseIndex(graph, options, given)]);
}

async function chooseIndex(
  name: string,
  options: unknown,
  given: readonly AnyPlugin[],
): Promise<ChosenIndex> {
  const plugin = (await loadPlugin('index', name, given)) as IndexPlugin<unknown>;
  return { name, plugin, config: checkOptions(plugin, options) as Readonly<Record<string, unknown>> };
}

async function chooseOne<Port extends keyof StoragePorts>(
  port: Port,
  { plugin: name, options }: StorageConfig,
  dataDir: string,
  given: readonly AnyPlugin[],
): Promise<ChosenStorage<Port>> {
  const plugin = (await loadPlugin(port, name, given)) as StoragePlugin<Port, unknown>;
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

/** The plugin object of a given one's name, a built-in name, a package or a path. */
export async function loadPlugin(
  port: PluginPort,
  name: string,
  given: readonly AnyPlugin[] = [],
): Promise<AnyPlugin> {
  const own = given.find((plugin) => plugin.port === port && plugin.name === name);
  if (own !== undefined) return checkManifest(own, port, name);
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
  if (isPath(name)) return import(outsideModule(name)!);
  try {
    return await import(name);
  } catch (error) {
    const module = outsideModule(name);
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND' || module === undefined) throw error;
    return import(module);
  }
}

/** `candidate` as a plugin of `port`. Error: Invalid, saying what does not fit. */
export function checkManifest(candidate: unknown, port: PluginPort, name: string): AnyPlugin {
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
    throw new ElanusError('Invalid', optionProblems(plugin.port, error), { cause: error });
  }
}

/** What a plugin's schema found wrong: a line a problem when it lists them as zod does. */
export function optionProblems(port: PluginPort, error: unknown): string {
  const { issues = [], message } = error as { issues?: readonly SchemaIssue[]; message?: string };
  if (issues.length === 0) return `${port}.options: ${message ?? String(error)}`;
  return issues
    .map(({ path, message: problem }) => `${[port, 'options', ...path].map(String).join('.')}: ${problem}`)
    .join('\n');
}

function refuseStoreInItself({ name, needsObjectStore }: StoragePlugin<'objectStore', unknown>): void {
  if (!needsObjectStore) return;
  throw invalid(`objectStore.plugin: ${name} needs an object store, which it cannot be itself`);
}

/**
 * A catalogue that outlives its data, or data that outlive their catalogue, cannot be opened again. What lies in the object
 * store lasts as long as that.
 */
function refuseMixedDurability(chosen: readonly StoragePlugin<keyof StoragePorts, unknown>[]): void {
  const plugins = chosen.filter((plugin) => !plugin.needsObjectStore);
  const forgetful = plugins.filter((plugin) => !plugin.capabilities.durable);
  if (forgetful.length === 0 || forgetful.length === plugins.length) return;
  const names = forgetful.map((plugin) => `${plugin.port}.plugin: ${plugin.name}`).join(', ');
  throw invalid(
    `${names} forgets everything at a restart while the other storage does not; choose all of one kind`,
  );
}
