import { createRequire } from 'node:module';
import {
  AnonymousCredential,
  ContainerClient,
  newPipeline,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { ObjectAzureConfig } from './config.ts';

type Credential = NonNullable<Parameters<typeof newPipeline>[0]>;

const IDENTITY = '@azure/identity';
/** The plugin has retries of its own, which know what may be sent again. */
const OPTIONS = { retryOptions: { maxTries: 1 }, keepAliveOptions: { enable: true } };

/** Errors: Invalid (connection string, key), Unsupported (default credentials without their package). */
export function makeClient(config: ObjectAzureConfig): ContainerClient {
  const { container, connectionString, accountName, accessKey, sasToken } = config;
  if (connectionString !== undefined) {
    return checked('connectionString', () => new ContainerClient(connectionString, container, OPTIONS));
  }
  const endpoint = config.endpoint ?? `https://${accountName}.blob.core.windows.net`;
  const url = `${endpoint.replace(/\/$/, '')}/${container}`;
  const make = (credential: Credential, query = '') =>
    new ContainerClient(url + query, newPipeline(credential, OPTIONS));
  if (sasToken !== undefined) return make(new AnonymousCredential(), `?${sasToken.replace(/^\?/, '')}`);
  if (accountName !== undefined && accessKey !== undefined) {
    return checked('accessKey', () => make(new StorageSharedKeyCredential(accountName, accessKey)));
  }
  return make(defaultCredential());
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
