import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { noop } from 'cockatiel';
import { Etcd3, type IOptions } from 'etcd3';
import { ElanusError } from '../../core/domain/errors.ts';
import { META_BOUNDS } from '../../core/ports/metaBounds.ts';
import type { MetaEtcdConfig } from './config.ts';

/** Entries of one answer; the largest fit RECEIVE_BYTES_MAX. */
export const PAGE_ENTRIES = 250;
export const PAGE_ENTRIES_MAX = 8 * PAGE_ENTRIES;
const RECEIVE_BYTES_MAX = 2 * PAGE_ENTRIES_MAX * META_BOUNDS.valueBytesMax;

const CHANNEL = {
  'grpc.max_receive_message_length': RECEIVE_BYTES_MAX,
  // A member that comes back is noticed soon.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // A connection that carries a watch and was lost without a word is noticed too. etcd allows a ping every 5 s.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.service_config_disable_resolution': 1,
} as const;

/**
 * A client for each endpoint. etcd3's own spreading of calls over all of them would send every third one to a member that
 * is gone, its circuit breaker refuses work when the servers are back, and its calls have no deadline.
 */
export async function openClients(config: MetaEtcdConfig): Promise<readonly Etcd3[]> {
  const credentials = await readCredentials(config);
  const { user, password, requestTimeoutMs } = config;
  const options: Omit<IOptions, 'hosts'> = {
    ...(credentials && { credentials }),
    ...(user !== undefined && password !== undefined && { auth: { username: user, password } }),
    // Of the call that turns a password into a token; other calls name their own.
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + requestTimeoutMs }),
    faultHandling: { host: () => noop, global: noop },
    grpcOptions: CHANNEL,
  };
  return config.endpoints.map((endpoint) => new Etcd3({ ...options, hosts: endpoint }));
}

async function readCredentials({ endpoints, tls }: MetaEtcdConfig): Promise<IOptions['credentials']> {
  if (!endpoints[0]!.startsWith('https:')) return undefined;
  const [ca, certChain, privateKey] = await Promise.all([tls?.ca, tls?.cert, tls?.key].map(readPem));
  return {
    rootCertificate: ca ?? Buffer.from(rootCertificates.join('\n')),
    ...(certChain && { certChain }),
    ...(privateKey && { privateKey }),
  };
}

async function readPem(path: string | undefined): Promise<Buffer | undefined> {
  try {
    return path === undefined ? undefined : await readFile(path);
  } catch (caught) {
    const reason = (caught as NodeJS.ErrnoException).code;
    throw new ElanusError('Unavailable', 'etcd: a file of meta.options.tls cannot be read', {
      context: { path, reason },
      cause: caught,
    });
  }
}
