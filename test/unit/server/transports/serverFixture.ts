import { once } from 'node:events';
import http2 from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { createLogger } from '../../../../src/server/logging/pinoLogger.ts';
import { createGrpcServer, type GrpcServer } from '../../../../src/server/transports/grpc/server.ts';
import type { UnaryHandlers } from '../../../../src/server/transports/grpc/unaryMethods.ts';
import { createHttpInjector } from '../../../../src/server/transports/rest/notBuilt.ts';
import { openSharedPort, type SharedPort } from '../../../../src/server/transports/sharedPort.ts';

const METHODS = ['Echo', 'Slow', 'Fails', 'Absent'] as const;

/** As generated code does, an object. */
export interface Text {
  readonly text: string;
}

function decode(bytes: Buffer): Text {
  if (bytes[0] === 0xff) throw new RangeError('premature end');
  return { text: bytes.toString() };
}

const definition: ServiceDefinition = Object.fromEntries(
  METHODS.map((name) => [
    name,
    {
      path: `/test.Service/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (text: string) => Buffer.from(text),
      requestDeserialize: decode,
      responseSerialize: (text: string) => Buffer.from(text),
      responseDeserialize: decode,
    },
  ]),
);

export interface Fixture {
  readonly grpc: GrpcServer;
  readonly port: SharedPort;
  readonly logLines: string[];
}

export async function serve(handlers: UnaryHandlers, receiveMessageBytesMax = 1 << 20): Promise<Fixture> {
  const logLines: string[] = [];
  const logger = createLogger({ level: 'info', format: 'json' }, { write: (line) => logLines.push(line) });
  const services = [{ name: 'test.Service', definition, handlers }];
  const grpc = createGrpcServer({ receiveMessageBytesMax, services, logger });
  const http = createHttpInjector();
  const port = await openSharedPort({
    host: '127.0.0.1',
    port: 0,
    connectionsMax: 100,
    onHttp2: (socket) => grpc.accept(socket),
    onHttp1: (socket) => http.inject(socket),
  });
  return { grpc, port, logLines };
}

export interface Reply {
  readonly code: number;
  readonly details: string;
  readonly body: Buffer;
}

/** One call by plain HTTP/2; resolves when the stream has ended. */
export function call(
  session: http2.ClientHttp2Session,
  path: string,
  message: Buffer,
  headers: http2.OutgoingHttpHeaders = {},
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  const chunks: Buffer[] = [];
  let last: http2.IncomingHttpHeaders = {};
  stream.on('response', (received) => {
    last = received;
  });
  stream.on('trailers', (received) => {
    last = received;
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', reject);
  stream.on('close', () =>
    resolve({
      code: Number(last['grpc-status'] ?? -1),
      details: decodeURI(String(last['grpc-message'] ?? '')),
      body: Buffer.concat(chunks).subarray(5),
    }),
  );
  stream.end(frame(message));
  return promise;
}

export function frame(message: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

export async function open(port: number): Promise<http2.ClientHttp2Session> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  await once(session, 'connect');
  return session;
}

/** Writes bytes as separate packets and returns all that comes back until the server closes. */
export async function raw(port: number, packets: readonly (string | Buffer)[]): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  await once(socket, 'connect');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => socket.destroy());
  for (const packet of packets) {
    await new Promise<void>((written) => socket.write(packet, () => setImmediate(written)));
  }
  if (!socket.destroyed) await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}
