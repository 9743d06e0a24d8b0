import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import {
  AnonymousCredential,
  ContainerClient,
  newPipeline,
  type RequestPolicyFactory,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { ObjectAzureConfig } from './config.ts';

type Credential = NonNullable<Parameters<typeof newPipeline>[0]>;

const IDENTITY = '@azure/identity';
/** The plugin has retries of its own, which know what may be sent again. */
const OPTIONS = { retryOptions: { maxTries: 1 }, keepAliveOptions: { enable: true } };
/** Idle connections are closed here before the server does it, perhaps just when a put comes, which would end as Unknown. */
const IDLE_MS_MAX = 4_000;

/** Errors: Invalid (connection string, key), Unsupported (default credentials without their package). */
export function makeClient(config: ObjectAzureConfig): ContainerClient {
  const { container, connectionString, accountName, accessKey, sasToken } = config;
  if (connectionString !== undefined) {
    const { url, credential } = checked(
      'connectionString',
      () => new ContainerClient(connectionString, container),
    );
    return clientAt(url, credential);
  }
  const endpoint = config.endpoint ?? `https://${accountName}.blob.core.windows.net`;
  const url = `${endpoint.replace(/\/$/, '')}/${container}`;
  const make = (credential: Credential, query = '') => clientAt(url + query, credential);
  if (sasToken !== undefined) return make(new AnonymousCredential(), `?${sasToken.replace(/^\?/, '')}`);
  if (accountName !== undefined && accessKey !== undefined) {
    return checked('accessKey', () => make(new StorageSharedKeyCredential(accountName, accessKey)));
  }
  return make(defaultCredential());
}

function clientAt(url: string, credential: Credential): ContainerClient {
  const options = { keepAlive: true, timeout: IDLE_MS_MAX };
  const agent = url.startsWith('https:') ? new https.Agent(options) : new http.Agent(options);
  const throughAgent: RequestPolicyFactory = {
    create: (next) => ({ sendRequest: (request) => next.sendRequest(Object.assign(request, { agent })) }),
  };
  const pipeline = newPipeline(credential, OPTIONS);
  pipeline.factories.push(throughAgent);
  return new ContainerClient(url, pipeline);
}

/** Environment, workload or managed identity, or a developer's login, as the package finds it. */
function defaultCredential(): Credential {
  const load = createRequire(import.meta.url);
  let identity: { readonly DefaultAzureCredential: new () => Credential };
  try {
    identity = load(IDENTITY) as typeof identity;
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw caught;
    throw new ElanusError(
      'Unsupported',
      `object store: default credentials of Azure need the package ${IDENTITY}: run "npm install ${IDENTITY}", or set ` +
        'accessKey, sasToken or connectionString',
    );
  }
  return new identity.DefaultAzureCredential();
}

/** The client's own error could quote the secret. */
function checked(option: string, make: () => ContainerClient): ContainerClient {
  try {
    return make();
  } catch {
    throw invalid(`object store: ${option} cannot be read`);
  }
}
