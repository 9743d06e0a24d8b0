import { randomUUID } from 'node:crypto';
import type { ServerName } from '../../../scripts/servers/definition.ts';
import { PULSAR_CLIENT_FOLDER, whyNoPulsarClient } from '../../../scripts/servers/pulsarClient.ts';
import type { BackendServer } from '../../../scripts/servers/running.ts';
import { optionsFor as azureOptions, makeContainer } from '../object-azure/subject.ts';
import { makeBucket, optionsFor as s3Options } from '../object-s3/subject.ts';

/** Plugin and options of one port, as in elanus.yaml. */
export interface StorageChoice {
  readonly plugin: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Makes what the choice needs on its server, new each time, and names it. */
interface Backend {
  readonly server: ServerName | undefined;
  readonly choose: (server: BackendServer | undefined) => Promise<StorageChoice>;
  /** Why it cannot be used here although the server is installed. */
  readonly whyNot?: () => string | undefined;
}

export interface Combination {
  readonly name: string;
  readonly servers: readonly ServerName[];
  readonly ports: Readonly<Record<'meta' | 'wal' | 'objectStore', Backend>>;
  readonly whyNot: string | undefined;
}

/** Of a plugin that needs no server. */
function local(plugin: string): Backend {
  return { server: undefined, choose: async () => ({ plugin, options: {} }) };
}

function on(
  server: ServerName,
  plugin: string,
  options: (server: BackendServer, id: string) => object | Promise<object>,
): Backend {
  const choose = async (running: BackendServer | undefined) => ({
    plugin,
    options: { ...(await options(running!, `e-${randomUUID()}`)) },
  });
  return { server, choose };
}

const etcd = on('etcd', 'etcd', ({ port }, prefix) => ({ endpoints: [`http://127.0.0.1:${port}`], prefix }));
const minio = on('minio', 's3', async ({ port }) => s3Options(port, await makeBucket(port)));
const azurite = on('azurite', 'azure', async ({ port }) => azureOptions(port, await makeContainer(port)));
const kafka = on('kafka', 'kafka', ({ port }, id) => ({
  brokers: [`127.0.0.1:${port}`],
  topicPrefix: `${id.slice(0, 20)}-`,
  replicationFactor: 1,
  minInsyncReplicas: 1,
}));

const pulsarLog = on('pulsar', 'pulsar', ({ port, adminPort }, id) => ({
  client: PULSAR_CLIENT_FOLDER,
  serviceUrl: `pulsar://127.0.0.1:${port}`,
  webServiceUrl: `http://127.0.0.1:${adminPort}`,
  topicPrefix: `${id.slice(0, 20)}-`,
}));

const pulsar: Backend = { ...pulsarLog, whyNot: whyNoPulsarClient };

const embedded = { meta: local('embedded'), wal: local('file'), objectStore: local('fs') };
const inObjects = local('object');

/** What the system is tested on: a line each. */
export const COMBINATIONS: readonly Combination[] = [
  combination('embedded', embedded),
  combination('etcd, MinIO, log in objects', { meta: etcd, objectStore: minio, wal: inObjects }),
  combination('etcd, MinIO, Kafka', { meta: etcd, objectStore: minio, wal: kafka }),
  combination('etcd, MinIO, Pulsar', { meta: etcd, objectStore: minio, wal: pulsar }),
  combination('etcd, Azurite, log in objects', { meta: etcd, objectStore: azurite, wal: inObjects }),
  combination('a bucket of MinIO alone', { meta: inObjects, objectStore: minio, wal: inObjects }),
];

function combination(name: string, ports: Combination['ports']): Combination {
  const servers = Object.values(ports).flatMap(({ server }) => server ?? []);
  const [whyNot] = Object.values(ports).flatMap((backend) => backend.whyNot?.() ?? []);
  return { name, servers, ports, whyNot };
}
