import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { fails } from '../../conformance/storage/checks.ts';
import { run } from '../../scripts/servers/commands.ts';
import { startPulsar } from '../../scripts/servers/pulsar.ts';
import { freePort } from '../../scripts/servers/ready.ts';
import type { BackendServer } from '../../scripts/servers/running.ts';
import { withServer } from './backend.ts';
import { makeCertificates } from './meta-etcd/certificates.ts';
import { openWith, optionsFor, type TransportName, transportsHere } from './wal-pulsar/subject.ts';
import { Tokens } from './wal-pulsar/tokens.ts';

vi.setConfig({ testTimeout: 120_000 });

const ROUND_TRIP = fileURLToPath(new URL('./wal-pulsar/roundTrip.ts', import.meta.url));
const ADMIN = 'admin';
/** May do everything in its own tenant, and nothing elsewhere. */
const USER = 'elanus';
const tokens = new Tokens();
const folder = mkdtempSync(join(tmpdir(), 'elanus-pulsar-'));
const transports = await transportsHere();
const CA_FILE = join(folder, 'ca.crt');
let securePort: number;
let secureAdminPort: number;

withServer(
  'pulsar',
  (server) => {
    afterAll(() => rmSync(folder, { recursive: true }));
    for (const transport of transports) {
      describe(`Wal: pulsar, ${transport}, access`, () => accessCases(transport, server));
    }
  },
  startSecured,
);

async function startSecured(): Promise<BackendServer> {
  makeCertificates(folder);
  securePort = await freePort();
  secureAdminPort = await freePort();
  const token = tokens.for(ADMIN);
  const server = await startPulsar({
    token,
    lines: () => [
      'authenticationEnabled=true',
      'authorizationEnabled=true',
      'authenticationProviders=org.apache.pulsar.broker.authentication.AuthenticationProviderToken',
      `tokenSecretKey=data:;base64,${tokens.secret.toString('base64')}`,
      `superUserRoles=${ADMIN}`,
      'brokerClientAuthenticationPlugin=org.apache.pulsar.client.impl.auth.AuthenticationToken',
      `brokerClientAuthenticationParameters=token:${token}`,
      `brokerServicePortTls=${securePort}`,
      `webServicePortTls=${secureAdminPort}`,
      `tlsCertificateFilePath=${join(folder, 'server.crt')}`,
      `tlsKeyFilePath=${join(folder, 'server.key')}`,
      `tlsTrustCertsFilePath=${CA_FILE}`,
    ],
  });
  const answer = await fetch(`http://127.0.0.1:${server.adminPort}/admin/v2/tenants/logs`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ adminRoles: [USER], allowedClusters: ['standalone'] }),
  });
  expect(answer.status).toBe(204);
  return server;
}

/** In a process of its own, which must end by itself. */
async function roundTrip(options: unknown, env: Readonly<Record<string, string>> = {}): Promise<string> {
  return (await run(process.execPath, [ROUND_TRIP, JSON.stringify(options)], { env })).trim();
}

function accessCases(transport: TransportName, server: () => BackendServer): void {
  const namespace = 'logs/elanus';
  const token = tokens.for(USER);
  const secureOptions = () => ({
    ...optionsFor(transport, server(), { namespace, token }),
    serviceUrl: `pulsar+ssl://127.0.0.1:${securePort}`,
    webServiceUrl: `https://127.0.0.1:${secureAdminPort}`,
  });

  test('a tenant admin may do all a log needs', async () => {
    expect(await roundTrip(optionsFor(transport, server(), { namespace, token }))).toBe('50');
  });

  test('encrypted, with a certificate authority of our own', async () => {
    const how =
      transport === 'native'
        ? roundTrip({ ...secureOptions(), tls: { ca: CA_FILE } })
        : roundTrip(secureOptions(), { NODE_EXTRA_CA_CERTS: CA_FILE });
    expect(await how).toBe('50');
  });

  test('a certificate that nobody vouches for → Unavailable, at once', async () => {
    const startMs = performance.now();
    const { message } = await fails('Unavailable', () => openWith(secureOptions()));
    expect(message).toMatch(/certificate/);
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });

  test.each([
    ['no token', undefined],
    ['a token signed by somebody else', new Tokens().for(USER)],
    ['a user who may not', tokens.for('somebody')],
  ])('%s → Unavailable, at once, and the token stays out of the error', async (_what, wrong) => {
    const startMs = performance.now();
    const options = optionsFor(transport, server(), { namespace, ...(wrong && { token: wrong }) });
    const error = await fails('Unavailable', () => openWith(options));
    expect(error.message).toContain('the token is missing, wrong, or not allowed');
    expect(performance.now() - startMs).toBeLessThan(10_000);
    if (wrong !== undefined)
      expect(`${error.stack} ${String(error.cause)} ${error.text}`).not.toContain(wrong);
  });
}
