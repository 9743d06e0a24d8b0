import { randomUUID } from 'node:crypto';
import type { MetaStoreFactory } from '../../../conformance/storage/meta/subject.ts';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import { metaEtcdPlugin } from '../../../src/plugins/meta-etcd/index.ts';
import { pluginDeps } from '../../kits/pluginDeps.ts';

/** A store on the members at `ports` of 127.0.0.1; `options` are further ones of the plugin. */
export function openEtcd(
  ports: readonly number[],
  options: Readonly<Record<string, unknown>> = {},
): Promise<MetaStore> {
  const endpoints = ports.map((port) => `http://127.0.0.1:${port}`);
  return metaEtcdPlugin.create(metaEtcdPlugin.configSchema.parse({ endpoints, ...options }), pluginDeps);
}

/** `location`: `<port> <prefix>`. */
export function openStore(location: string): Promise<MetaStore> {
  const [port, prefix] = location.split(' ');
  return openEtcd([Number(port)], { prefix });
}

/** Stores on the server at `port`, each with a prefix of its own. */
export function etcdFactory(port: () => number): MetaStoreFactory {
  return {
    capabilities: metaEtcdPlugin.capabilities,
    async open() {
      const location = `${port()} ${randomUUID()}`;
      const store = await openStore(location);
      return {
        store,
        durable: { location, module: new URL(import.meta.url), reopen: () => openStore(location) },
        dispose: () => store.close(),
      };
    },
  };
}
