import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { pluginDeps } from '../../../conformance/storage/pluginDeps.ts';
import type { ServerDefinition } from '../../../scripts/servers/definition.ts';
import { minio, startMinio } from '../../../scripts/servers/minio.ts';
import type { BackendServer } from '../../../scripts/servers/running.ts';
import { whyNotRunnable } from '../../../scripts/servers/stamp.ts';
import { startVersitygw, versitygw } from '../../../scripts/servers/versitygw.ts';
import { objectS3Plugin } from '../../../src/plugins/object-s3/index.ts';
import type { BareObjects, ObjectPlace, ObjectServer } from './objectPlace.ts';

const ACCESS = { accessKeyId: 'elanus', secretAccessKey: 'elanus-secret' };
const BUCKET = 'bench';

function s3Server(
  name: string,
  definition: ServerDefinition,
  start: () => Promise<BackendServer>,
): ObjectServer {
  return {
    name,
    bareName: '@aws-sdk/client-s3',
    whyNot: () => whyNotRunnable(definition),
    async open() {
      const server = await start();
      return placeAt(server, makeClient(server.port));
    },
  };
}

export const minioServer = s3Server('MinIO', minio, startMinio);
export const versitygwServer = s3Server('versitygw', versitygw, startVersitygw);

/** Connections and checksums as the adapter has them, so that the difference is the adapter's own work. */
function makeClient(port: number): S3Client {
  return new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    // A copy: the client adds a property.
    credentials: { ...ACCESS },
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    requestHandler: { httpAgent: { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY } },
  });
}

async function placeAt(server: BackendServer, client: S3Client): Promise<ObjectPlace> {
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const config = objectS3Plugin.configSchema.parse({
    bucket: BUCKET,
    endpoint: `http://127.0.0.1:${server.port}`,
    ...ACCESS,
  });
  return {
    bare: bareObjects(client),
    openStore: () => objectS3Plugin.create(config, pluginDeps),
    async close() {
      client.destroy();
      await server.dispose();
    },
  };
}

function bareObjects(client: S3Client): BareObjects {
  const place = (Key: string) => ({ Bucket: BUCKET, Key });
  const get = async (Key: string, more: { readonly Range?: string } = {}): Promise<Uint8Array> => {
    const { Body } = await client.send(new GetObjectCommand({ ...place(Key), ...more }));
    return Body!.transformToByteArray();
  };
  return {
    put: (key, Body) => client.send(new PutObjectCommand({ ...place(key), Body })),
    putIfAbsent: (key, Body) => client.send(new PutObjectCommand({ ...place(key), Body, IfNoneMatch: '*' })),
    get,
    getRange: (key, offset, length) => get(key, { Range: `bytes=${offset}-${offset + length - 1}` }),
    async list(Prefix) {
      const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix }));
      return Contents?.length ?? 0;
    },
    delete: (key) => client.send(new DeleteObjectCommand(place(key))),
  };
}
