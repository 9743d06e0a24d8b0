import { createRequire } from 'node:module';
import { join } from 'node:path';

export type PluginPort = 'meta' | 'wal' | 'objectStore' | 'index';

export interface BuiltInPlugin {
  /** Imports the module whose default export is the plugin; nothing is read before. */
  readonly load: () => Promise<{ readonly default: unknown }>;
  /** Options that depend on the data folder; those of elanus.yaml go over them. */
  readonly defaults: (dataDir: string) => Readonly<Record<string, unknown>>;
  /** Keeps to this machine: its calls are not measured unless somebody asks. */
  readonly isLocal?: true;
}

const none = () => ({});
const memoryPlugins = () => import('../../plugins/memory/index.ts');

/** The plugins that come with the server, by port and by the name in elanus.yaml. */
export const BUILT_IN_PLUGINS: Readonly<Record<PluginPort, Readonly<Record<string, BuiltInPlugin>>>> = {
  meta: {
    embedded: {
      load: () => import('../../plugins/meta-embedded/index.ts'),
      defaults: (dataDir) => ({ path: join(dataDir, 'meta') }),
      isLocal: true,
    },
    memory: {
      load: async () => ({ default: (await memoryPlugins()).memoryMetaPlugin }),
      defaults: none,
      isLocal: true,
    },
    etcd: { load: () => import('../../plugins/meta-etcd/index.ts'), defaults: none },
    object: { load: () => import('../../plugins/meta-object/index.ts'), defaults: none },
  },
  wal: {
    file: {
      load: () => import('../../plugins/wal-file/index.ts'),
      defaults: (dataDir) => ({ path: join(dataDir, 'wal') }),
      isLocal: true,
    },
    memory: {
      load: async () => ({ default: (await memoryPlugins()).memoryWalPlugin }),
      defaults: none,
      isLocal: true,
    },
    kafka: { load: () => import('../../plugins/wal-kafka/index.ts'), defaults: none },
    object: { load: () => import('../../plugins/wal-object/index.ts'), defaults: none },
    pulsar: { load: () => import('../../plugins/wal-pulsar/index.ts'), defaults: none },
  },
  objectStore: {
    fs: {
      load: () => import('../../plugins/object-fs/index.ts'),
      defaults: (dataDir) => ({ path: join(dataDir, 'objects') }),
      isLocal: true,
    },
    memory: {
      load: async () => ({ default: (await memoryPlugins()).memoryObjectPlugin }),
      defaults: none,
      isLocal: true,
    },
    s3: { load: () => import('../../plugins/object-s3/index.ts'), defaults: none },
    azure: { load: () => import('../../plugins/object-azure/index.ts'), defaults: none },
  },
  index: {
    flat: { load: () => import('../../plugins/index-flat/index.ts'), defaults: none },
    hnsw: { load: () => import('../../plugins/index-hnsw/index.ts'), defaults: none },
    usearch: {
      load: async () => {
        // Its worker module needs the package, which is optional; a thread that does not start could not say so.
        createRequire(import.meta.url).resolve('usearch');
        return import('../../plugins/index-usearch/index.ts');
      },
      defaults: none,
    },
  },
};
