import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ContainerClient, newPipeline, StorageSharedKeyCredential } from '@azure/storage-blob';
import { pluginDeps } from '../../../conformance/storage/pluginDeps.ts';
import { azurite, startAzurite } from '../../../scripts/servers/azurite.ts';
import { whyNotRunnable } from '../../../scripts/servers/stamp.ts';
import { objectAzurePlugin } from '../../../src/plugins/object-azure/index.ts';
import type { BareObjects, ObjectServer } from './objectPlace.ts';

const ACCOUNT = 'devstoreaccount1';
/** The key of every emulator, which is public. */
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const CONTAINER = 'bench';
const LIST_MAX = 1_000;

export const azuriteServer: ObjectServer = {
  name: 'Azurite',
  bareName: '@azure/storage-blob',
  whyNot: () => whyNotRunnable(azurite),
  async open() {
    const server = await startAzurite();
    const endpoint = `http://127.0.0.1:${server.port}/${ACCOUNT}`;
    const pipeline = newPipeline(new StorageSharedKeyCredential(ACCOUNT, KEY), {
      retryOptions: { maxTries: 1 },
      keepAliveOptions: { enable: true },
    });
    const container = new ContainerClient(`${endpoint}/${CONTAINER}`, pipeline);
    await container.create();
    const config = objectAzurePlugin.configSchema.parse({
      container: CONTAINER,
      endpoint,
      accountName: ACCOUNT,
      accessKey: KEY,
    });
    return {
      bare: bareObjects(container),
      openStore: () => objectAzurePlugin.create(config, pluginDeps),
      close: () => server.dispose(),
    };
  },
};

function bareObjects(container: ContainerClient): BareObjects {
  const get = async (key: string, offset: number, length?: number): Promise<Uint8Array> => {
    const { readableStreamBody } = await container.getBlobClient(key).download(offset, length);
    return buffer(readableStreamBody as Readable);
  };
  return {
    put: (key, bytes) => container.getBlockBlobClient(key).upload(bytes, bytes.length),
    putIfAbsent: (key, bytes) =>
      container.getBlockBlobClient(key).upload(bytes, bytes.length, { conditions: { ifNoneMatch: '*' } }),
    get: (key) => get(key, 0),
    getRange: get,
    async list(prefix) {
      const pages = container.listBlobsFlat({ prefix }).byPage({ maxPageSize: LIST_MAX });
      const { value } = await pages.next();
      return value?.segment.blobItems.length ?? 0;
    },
    delete: (key) => container.getBlobClient(key).delete(),
  };
}
