import type { MetaStoreFactory } from '../../../conformance/storage/meta/subject.ts';
import type { ServerName } from '../../../scripts/servers/definition.ts';
import type { MetaStore } from '../../../src/core/ports/metaStore.ts';
import type { ObjectStore } from '../../../src/core/ports/objectStore.ts';
import { metaObjectPlugin } from '../../../src/plugins/meta-object/index.ts';
import { openWith } from '../../unit/plugins/meta-object/subject.ts';
import * as azure from '../object-azure/subject.ts';
import * as s3 from '../object-s3/subject.ts';

type Bucket = 's3' | 'azure';

/** A new bucket of a server: what `openBucket` takes. */
export async function makeBucket(server: ServerName, port: number): Promise<string> {
  const bucket: Bucket = server === 'azurite' ? 'azure' : 's3';
  const name = bucket === 's3' ? await s3.makeBucket(port) : await azure.makeContainer(port);
  return `${bucket} ${name}`;
}

/** The bucket by way of `port`. */
export function openBucket(port: number, bucket: string): Promise<ObjectStore> {
  const [kind, name] = bucket.split(' ') as [Bucket, string];
  const { openWith: open, optionsFor } = kind === 's3' ? s3 : azure;
  return open(optionsFor(port, name));
}

/** `location`: `<port> <bucket>`. Snapshots are frequent, so that the kit meets them. */
export async function openStore(location: string): Promise<MetaStore> {
  const [port, ...bucket] = location.split(' ');
  return openWith(await openBucket(Number(port), bucket.join(' ')), { snapshotEntries: 8 });
}

/** Each store has a bucket of its own, which goes with the server. */
export function bucketFactory(server: ServerName, port: () => number): MetaStoreFactory {
  return {
    capabilities: metaObjectPlugin.capabilities,
    async open() {
      const location = `${port()} ${await makeBucket(server, port())}`;
      const store = await openStore(location);
      return {
        store,
        durable: { location, module: new URL(import.meta.url), reopen: () => openStore(location) },
        dispose: () => store.close(),
      };
    },
  };
}
