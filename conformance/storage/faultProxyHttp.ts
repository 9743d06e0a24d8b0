import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Wire } from './faultProxy.ts';
import { type AnswerStatus, codeOf, settingsOf } from './faultProxyPlan.ts';

interface Reply {
  readonly status: number;
  /** Name, value, name, value … as they were sent. */
  readonly rawHeaders: string[];
  readonly body: Buffer;
}

/** Relays connections request by request, each over a connection of its own to the server. Headers pass as they are. */
export function httpRelay(wire: Wire): (client: Socket) => void {
  const server = createServer((request, response) => {
    relay(wire, request, response).catch(() => wire.cut(request.socket));
  });
  // No time-outs: the proxy must not end a connection by itself.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  return (client) => {
    server.emit('connection', client);
  };
}

/** Rejects when the client or the server cuts its connection. */
async function relay(wire: Wire, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { socket, method = '', url = '' } = request;
  const body = await buffer(request);
  const fault = wire.plan.faultFor({ method, path: url, bytes: body });
  const { delayMs, delayReplyMs, blackHoleMs, answer, answerAfter, code } = settingsOf(fault);
  if (blackHoleMs !== undefined) void wire.blackHole(blackHoleMs);
  await wire.passable();
  if (delayMs !== undefined) await sleep(delayMs);
  if (fault === 'cutBefore') return wire.cut(socket);
  if (answer !== undefined) return respond(response, errorReply(answer, code));
  if (fault === 'cutRequest') {
    await sendHalf(wire.target, request, body);
    return wire.cut(socket);
  }
  if (fault === 'duplicate') await forward(wire.target, request, body);
  const reply = await forward(wire.target, request, body);
  await wire.passable();
  if (delayReplyMs !== undefined) await sleep(delayReplyMs);
  if (fault === 'lostReply') return wire.cut(socket);
  if (fault === 'cutReply') return respondHalf(socket, reply);
  respond(response, answerAfter === undefined ? reply : errorReply(answerAfter, code));
}

async function forward(
  target: number,
  { method, url, rawHeaders }: IncomingMessage,
  body: Buffer,
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const where = { host: '127.0.0.1', port: target, method: method!, path: url!, agent: false };
  const outgoing = send({ ...where, headers: rawHeaders }, resolve);
  outgoing.once('error', reject);
  outgoing.end(body);
  const incoming = await promise;
  const reply = {
    status: incoming.statusCode!,
    rawHeaders: incoming.rawHeaders,
    body: await buffer(incoming),
  };
  outgoing.destroy();
  return reply;
}

function respond(response: ServerResponse, { status, rawHeaders, body }: Reply): void {
  response.sendDate = false;
  response.writeHead(status, rawHeaders);
  response.end(body);
}

/** What S3 and Azure answer when they refuse: both read the code here. */
function errorReply(status: AnswerStatus, code: string | undefined): Reply {
  const name = codeOf(status, code);
  const body = Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${name}</Code><Message>planned</Message></Error>`,
  );
  const headers = [
    'Content-Type',
    'application/xml',
    'Content-Length',
    `${body.length}`,
    'x-ms-error-code',
    name,
  ];
  return { status, rawHeaders: headers, body };
}

function respondHalf(client: Socket, { status, rawHeaders, body }: Reply): void {
  client.write(halfOf(`HTTP/1.1 ${status} cut`, rawHeaders, body), () => client.destroy());
}

async function sendHalf(target: number, request: IncomingMessage, body: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const server = connect(target, '127.0.0.1');
  server.once('error', reject);
  server.once('close', () => resolve());
  const half = halfOf(`${request.method} ${request.url} HTTP/1.1`, request.rawHeaders, body);
  server.write(half, () => server.destroy());
  await promise;
}

/** The head with half of the body, or half of the head when there is no body. */
function halfOf(firstLine: string, rawHeaders: readonly string[], body: Buffer): Buffer {
  const lines = [firstLine, `Content-Length: ${body.length}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!/^(?:content-length|transfer-encoding|expect)$/i.test(rawHeaders[i]!))
      lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return body.length === 0
    ? head.subarray(0, head.length >> 1)
    : Buffer.concat([head, body.subarray(0, body.length >> 1)]);
}
