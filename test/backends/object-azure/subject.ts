import { randomUUID } from 'node:crypto';
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { ObjectStoreFactory } from '../../../conformance/storage/object/subject.ts';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { objectAzurePlugin } from '../../../src/plugins/object-azure/index.ts';
import { pluginDeps } from '../../kits/pluginDeps.ts';

export const ACCOUNT = 'devstoreaccount1';
/** The key of every emulator, which is public. */
export const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export function endpointAt(port: number): string {
  return `http://127.0.0.1:${port}/${ACCOUNT}`;
}

/** Options of the plugin for a container of Azurite, or of what stands before it at `port`. */
export function optionsFor(port: number, container: string, more: Readonly<Record<string, unknown>> = {}) {
  return { container, endpoint: endpointAt(port), accountName: ACCOUNT, accessKey: KEY, ...more };
}

export function openWith(options: unknown): Promise<ObjectStore> {
  return objectAzurePlugin.create(objectAzurePlugin.configSchema.parse(options), pluginDeps);
}

/** `location`: options of the plugin as JSON. */
export function openStore(location: string): Promise<ObjectStore> {
  return openWith(JSON.parse(location));
}

/** A client to look behind the adapter with. */
export function bareClient(port: number, container: string): ContainerClient {
  const credential = new StorageSharedKeyCredential(ACCOUNT, KEY);
  return new ContainerClient(`${endpointAt(port)}/${container}`, credential);
}

/** Makes a container and returns its name. */
export async function makeContainer(port: number): Promise<string> {
  const container = `c-${randomUUID()}`;
  await bareClient(port, container).create();
  return container;
}

/** Each store has a container of its own, which goes with the server at `port`. */
export function azureFactory(port: () => number): ObjectStoreFactory {
  return {
    capabilities: objectAzurePlugin.capabilities,
    async open() {
      const options = optionsFor(port(), await makeContainer(port()), { prefix: 'some/where' });
      const location = JSON.stringify(options);
      const store = await openStore(location);
      return {
        store,
        durable: { location, module: new URL(import.meta.url), reopen: () => openStore(location) },
        dispose: () => store.close(),
      };
    },
  };
}
