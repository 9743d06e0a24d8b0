import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { ObjectStoreFactory } from '../../../conformance/storage/object/subject.ts';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { objectS3Plugin } from '../../../src/plugins/object-s3/index.ts';
import { pluginDeps } from '../../kits/pluginDeps.ts';

const ACCESS = { accessKeyId: 'elanus', secretAccessKey: 'elanus-secret' };

/** Options of the plugin for a bucket of a server that `scripts/servers` started, or of what stands before it at `port`. */
export function optionsFor(port: number, bucket: string, more: Readonly<Record<string, unknown>> = {}) {
  return { bucket, endpoint: `http://127.0.0.1:${port}`, ...ACCESS, ...more };
}

export function openWith(options: unknown): Promise<ObjectStore> {
  return objectS3Plugin.create(objectS3Plugin.configSchema.parse(options), pluginDeps);
}

/** `location`: options of the plugin as JSON. */
export function openStore(location: string): Promise<ObjectStore> {
  return openWith(JSON.parse(location));
}

/** A client to look behind the adapter with. */
export function bareClient(port: number): S3Client {
  return new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    // A copy: the client adds a property.
    credentials: { ...ACCESS },
    forcePathStyle: true,
  });
}

/** Makes a bucket and returns its name. */
export async function makeBucket(port: number): Promise<string> {
  const bucket = `b-${randomUUID()}`;
  const client = bareClient(port);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return bucket;
}

/** Each store has a bucket of its own, which goes with the server at `port`. */
export function s3Factory(port: () => number): ObjectStoreFactory {
  return {
    capabilities: objectS3Plugin.capabilities,
    async open() {
      const location = JSON.stringify(optionsFor(port(), await makeBucket(port()), { prefix: 'some/where' }));
      const store = await openStore(location);
      return {
        store,
        durable: { location, module: new URL(import.meta.url), reopen: () => openStore(location) },
        dispose: () => store.close(),
      };
    },
  };
}
