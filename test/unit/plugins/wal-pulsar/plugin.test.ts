import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { fails } from '../../../../conformance/storage/checks.ts';
import { walPulsarConfigSchema } from '../../../../src/plugins/wal-pulsar/config.ts';
import { pulsarError, statusError } from '../../../../src/plugins/wal-pulsar/errors.ts';
import { HttpClient } from '../../../../src/plugins/wal-pulsar/http.ts';
import { walPulsarPlugin } from '../../../../src/plugins/wal-pulsar/index.ts';
import { problemsOf } from '../../../../src/plugins/wal-pulsar/namespace.ts';
import { pluginDeps } from '../../../kits/pluginDeps.ts';

const MIB = 1024 * 1024;
const URLS = { serviceUrl: 'pulsar://broker:6650', webServiceUrl: 'http://broker:8080' };

test('defaults', () => {
  expect(walPulsarConfigSchema.parse(URLS)).toEqual({
    ...URLS,
    transport: 'native',
    client: 'pulsar-client',
    namespace: 'public/elanus',
    topicPrefix: 'wal-',
    recordBytesMax: 64 * MIB,
    messageBytesMax: 4 * MIB,
    queuedBytesMax: 256 * MIB,
    topicBytesMax: 256 * MIB,
    readBytes: 4 * MIB,
    callTimeoutMs: 30_000,
    appendTimeoutMs: 120_000,
    pollIntervalMs: 100,
  });
  const { webServiceUrl } = URLS;
  expect(walPulsarConfigSchema.parse({ webServiceUrl, transport: 'websocket' }).messageBytesMax).toBe(
    640 * 1024,
  );
});

test.each([
  [{ webServiceUrl: URLS.webServiceUrl }, 'serviceUrl'],
  [{ serviceUrl: URLS.serviceUrl }, 'webServiceUrl'],
  [{ ...URLS, serviceUrl: 'http://broker:6650' }, 'pulsar://host:port'],
  [{ ...URLS, webServiceUrl: 'http://broker:8080/admin' }, 'https?://host:port'],
  [{ ...URLS, namespace: 'public' }, 'tenant/namespace'],
  [{ ...URLS, topicPrefix: 'a/b' }, 'topicPrefix'],
  [{ ...URLS, transport: 'websocket', tls: { ca: 'ca.pem' } }, 'NODE_EXTRA_CA_CERTS'],
  [{ ...URLS, colour: 'red' }, 'colour'],
])('%j is refused', (config, words) => {
  expect(() => walPulsarConfigSchema.parse(config)).toThrow(words);
});

test.each(['no-such-package-of-pulsar', './no/such/folder'])(
  'without the package (%s) → Unsupported, with what to install and what to set instead',
  async (client) => {
    const config = walPulsarConfigSchema.parse({ ...URLS, client });
    const { message } = await fails('Unsupported', () => walPulsarPlugin.create(config, pluginDeps));
    expect(message).toContain(client);
    expect(message).toContain('npm install pulsar-client@');
    expect(message).toContain('transport: websocket');
  },
);

test('a certificate file that is missing is Invalid and named', async () => {
  const config = walPulsarConfigSchema.parse({ ...URLS, tls: { ca: '/nowhere/ca.pem' } });
  const { context } = await fails('Invalid', () => walPulsarPlugin.create(config, pluginDeps));
  expect(context.file).toBe('/nowhere/ca.pem');
});

test.each([
  ['Failed to send message: TopicTerminated', 'Fenced'],
  ['Failed to send message: MessageTooBig', 'TooLarge'],
  ['Text message too large: 1,052,234 > 1,048,576', 'TooLarge'],
  ['Failed to create producer: TopicNotFound', 'NotFound'],
  ['Failed to create producer: AuthorizationError', 'Unavailable'],
  ['Failed to create producer: ConnectError', 'Unavailable'],
  ['Failed to send message: TimeOut', 'Unavailable'],
])('%s → %s', (text, kind) => {
  expect(pulsarError(new Error(text), 'doing')).toMatchObject({
    kind,
    message: expect.stringContaining(`doing failed: ${text}`),
  });
});

test('an error without a text of its own names those of its parts', () => {
  const refused = new AggregateError([
    new Error('connect ECONNREFUSED ::1'),
    new Error('connect ECONNREFUSED 127.0.0.1'),
  ]);
  expect(pulsarError(refused, 'doing').message).toBe(
    'doing failed: connect ECONNREFUSED ::1, connect ECONNREFUSED 127.0.0.1',
  );
});

test('the reason in an answer of a broker is shown without its stack', () => {
  const body = JSON.stringify({
    reason:
      '\n --- An unexpected error occurred in the server ---\n\nMessage: the ledger is "fenced"\n\nStacktrace:\n\nat x',
  });
  expect(statusError(500, body, 'doing').message).toBe('doing failed: HTTP 500 the ledger is "fenced"');
  expect(statusError(404, '{"reason":"Topic not found"}', 'doing')).toMatchObject({
    kind: 'NotFound',
    message: 'doing failed: HTTP 404 Topic not found',
  });
  expect(statusError(401, '<html>', 'doing').message).toContain('the token is missing, wrong');
});

test('policies that lose or refuse records are named, each with its command', () => {
  const good = {
    retention_policies: { retentionTimeInMinutes: -1, retentionSizeInMB: -1 },
    autoTopicCreationOverride: { allowAutoTopicCreation: false },
    inactive_topic_policies: {
      deleteWhileInactive: false,
      inactiveTopicDeleteMode: 'delete_when_no_subscriptions',
      maxInactiveDurationSeconds: 60,
    },
  };
  expect(problemsOf(good)).toEqual([]);
  expect(
    problemsOf({ ...good, backlog_quota_map: { message_age: { limitSize: -1, limitTime: -1 } } }),
  ).toEqual([]);
  const commands = problemsOf({
    backlog_quota_map: { destination_storage: { limitSize: 100, limitTime: -1 } },
  });
  expect(commands.map(([, command]) => command.split(' ')[0])).toEqual([
    'set-retention',
    'set-auto-topic-creation',
    'set-inactive-topic-policies',
    'remove-backlog-quota',
  ]);
  const short = { ...good, retention_policies: { retentionTimeInMinutes: 60, retentionSizeInMB: -1 } };
  expect(problemsOf(short)).toEqual([[expect.stringContaining('60 min and -1 MB'), expect.anything()]]);
});

async function listening(answer: (request: IncomingMessage, reply: ServerResponse) => void): Promise<Server> {
  const server = createServer(answer);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a broker that names the owner of a topic is followed, with method, body and token; not for ever', async () => {
  const seen: string[] = [];
  const owner = await listening((request, reply) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
      reply.end('done');
    });
  });
  const other = await listening((request, reply) => {
    request.resume();
    const to = request.url === '/round' ? '/round' : `${urlOf(owner)}${request.url}`;
    reply.writeHead(307, { location: to }).end();
  });
  const http = new HttpClient('secret', undefined);
  const { signal } = new AbortController();
  const common = { method: 'PUT', json: '{"a":1}', timeoutMs: 5_000, signal };
  const answer = await http.send({ ...common, url: new URL(`${urlOf(other)}/topic?x=1`) });
  expect([answer.status, answer.body.toString()]).toEqual([200, 'done']);
  expect(seen).toEqual(['PUT /topic?x=1 Bearer secret {"a":1}']);
  expect((await http.send({ ...common, url: new URL(`${urlOf(other)}/round`) })).status).toBe(307);
  http.close();
  owner.close();
  other.close();
});

test('a server that says nothing → a time-out', async () => {
  const silent = await listening(() => undefined);
  const http = new HttpClient(undefined, undefined);
  const { signal } = new AbortController();
  const asked = http.send({ method: 'GET', url: new URL(urlOf(silent)), timeoutMs: 50, signal });
  await expect(asked).rejects.toThrow('no answer within 50 ms');
  http.close();
  silent.closeAllConnections();
  silent.close();
});
