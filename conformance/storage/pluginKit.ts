import { tmpdir } from 'node:os';
import type { MetaStore } from '../../src/core/ports/metaStore.ts';
import type { ObjectStore } from '../../src/core/ports/objectStore.ts';
import type { AnyPlugin, StorageCapabilities, StoragePorts } from '../../src/core/ports/plugin.ts';
import type { VectorIndexCapabilities } from '../../src/core/ports/vectorIndex.ts';
import { CaseStore, hasPlaceHolder, withPlace } from './caseStore.ts';
import type { ConformanceCase } from './conformanceCase.ts';
import { vectorIndexConformance } from './index/kit.ts';
import { metaStoreConformance } from './meta/kit.ts';
import { moduleOfKit } from './moduleOfKit.ts';
import { objectStoreConformance } from './object/kit.ts';
import type { KitPort } from './promises.ts';
import { walConformance } from './wal/kit.ts';

export interface PluginKitOptions {
  /**
   * The plugin's options, as in elanus.yaml. Every case gets a store of its own: in the texts, {folder} stands for a new
   * folder, which is removed, and {id} for a new name of [a-z0-9], whose store is emptied. Default: none.
   */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** The kit of a plugin, chosen by its manifest. */
export interface PluginKit {
  readonly port: KitPort;
  /** As the plugin calls itself. */
  readonly name: string;
  readonly capabilities: StorageCapabilities | VectorIndexCapabilities;
  readonly cases: readonly ConformanceCase[];
}

/** More than a case leaves; a store that does not delete is not asked for ever. */
const PAGES_MAX = 100;

/**
 * The cases that the plugin which `module` (URL or package) exports by default must pass, by its port and capabilities.
 * Errors: what the import or the plugin's schema throw; Error when a case would get no store of its own.
 */
export async function pluginConformance(
  module: URL | string,
  options: PluginKitOptions = {},
): Promise<PluginKit> {
  const url = String(module);
  const plugin = ((await import(url)) as { default: AnyPlugin }).default;
  const { port, name, capabilities } = plugin;
  const given = options.options ?? {};
  return { port, name, capabilities, cases: casesOf(plugin, url, given) };
}

function casesOf(plugin: AnyPlugin, module: string, options: unknown): readonly ConformanceCase[] {
  if (plugin.port === 'index') {
    const { name, workerModule, capabilities } = plugin;
    const config = plugin.configSchema.parse(options) as Readonly<Record<string, unknown>>;
    return vectorIndexConformance({ name, workerModule, config }, { capabilities });
  }
  const { capabilities } = plugin;
  const needsPlace = capabilities.durable || capabilities.sharedByProcesses;
  if (needsPlace && !hasPlaceHolder(options, 'folder') && !hasPlaceHolder(options, 'id')) {
    throw new Error(
      'the options must hold {folder} or {id} somewhere, so that every case gets a store of its own',
    );
  }
  plugin.configSchema.parse(withPlace(options, { folder: tmpdir(), id: 'c0' }));
  return [createCase(module, options), ...storageCases(plugin.port, module, options, capabilities)];
}

function createCase(module: string, options: unknown): ConformanceCase {
  return {
    name: 'create: the options → a store, which closes',
    async run() {
      const caseStore = await CaseStore.make(module, options);
      try {
        await caseStore.open();
      } finally {
        await caseStore.dispose();
      }
    },
  };
}

function storageCases(
  port: keyof StoragePorts,
  module: string,
  options: unknown,
  capabilities: StorageCapabilities,
): readonly ConformanceCase[] {
  const { durable } = capabilities;
  switch (port) {
    case 'meta':
      return metaStoreConformance({
        capabilities,
        open: () => storeSubject<'meta'>(module, options, durable, clearMeta),
      });
    case 'objectStore':
      return objectStoreConformance({
        capabilities,
        open: () => storeSubject<'objectStore'>(module, options, durable, clearObjects),
      });
    case 'wal':
      return walConformance({
        capabilities,
        canCrash: false,
        canFail: false,
        canBeKilled: durable,
        open: () => walSubject(module, options, durable),
      });
  }
}

async function storeSubject<Port extends 'meta' | 'objectStore'>(
  module: string,
  options: unknown,
  isDurable: boolean,
  clear: (store: StoragePorts[Port]) => Promise<void>,
) {
  const caseStore = await CaseStore.make<Port>(module, options);
  const reopen = () => caseStore.open();
  return {
    store: await reopen(),
    ...(isDurable ? { durable: { ...openedByProcess(caseStore), reopen } } : {}),
    dispose: () => caseStore.dispose(hasPlaceHolder(options, 'id') ? clear : undefined),
  };
}

async function walSubject(module: string, options: unknown, isDurable: boolean) {
  const caseStore = await CaseStore.make<'wal'>(module, options);
  const reopen = () => caseStore.open();
  return {
    wal: await reopen(),
    reopen,
    ...(isDurable ? { durable: openedByProcess(caseStore) } : {}),
    // The port cannot name its channels, so a log elsewhere keeps them.
    dispose: () => caseStore.dispose(),
  };
}

function openedByProcess({ place }: { readonly place: unknown }) {
  return { module: moduleOfKit('openPlugin'), location: JSON.stringify(place) };
}

async function clearMeta(store: MetaStore): Promise<void> {
  for (let page = 0; page < PAGES_MAX; page++) {
    const entries = await store.range('', { limit: 100 });
    if (entries.length === 0) return;
    await store.txn(
      [],
      entries.map(({ key }) => ({ op: 'delete', key })),
    );
  }
}

async function clearObjects(store: ObjectStore): Promise<void> {
  for (let page = 0; page < PAGES_MAX; page++) {
    const objects = await store.list('');
    if (objects.length === 0) return;
    await Promise.all(objects.map(({ key }) => store.delete(key)));
  }
}
