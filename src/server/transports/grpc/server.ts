import type { Http2Server, Settings } from 'node:http2';
import type { Socket } from 'node:net';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import type { Logger } from '../../../core/ports/logger.ts';
import { type CallRecorder, recordNothing } from './callRecorder.ts';
import { HealthService } from './health.ts';
import { tolerantDefinition, type UnaryHandlers, unaryImplementation } from './unaryMethods.ts';

/**
 * What a client may send ahead, of one request and in all. HTTP/2's own 64 KiB would hold a client that is 10 ms away to 6 MB/s, and
 * costs a third more time for large requests on one machine.
 */
const WINDOW_BYTES = 4 * 1024 * 1024;

export interface GrpcServerOptions {
  /** Largest request; a larger one is answered RESOURCE_EXHAUSTED. Replies have no limit. */
  readonly receiveMessageBytesMax: number;
  readonly services: readonly GrpcService[];
  readonly logger: Logger;
  readonly recorder?: CallRecorder;
}

export interface GrpcService {
  /** Full name, for the health service: `milvus.proto.milvus.MilvusService`. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly handlers: UnaryHandlers;
}

/** gRPC over connections that were accepted elsewhere (sharedPort.ts). */
export interface GrpcServer {
  accept(socket: Socket): void;
  /** Says goodbye to all clients, lets the calls in flight end, and cuts off those that have not after `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const { recorder = recordNothing } = options;
  const server = new Server({
    'grpc.max_receive_message_length': options.receiveMessageBytesMax,
    'grpc.max_send_message_length': -1,
    // Bookkeeping for a debugging service we do not offer; 5 to 10 % of a small call.
    'grpc.enable_channelz': 0,
  });
  widenWindows(server);
  for (const { definition, handlers } of options.services) {
    const tolerant = tolerantDefinition(definition, handlers);
    server.addService(tolerant, unaryImplementation(tolerant, handlers, options.logger, recorder));
  }
  const health = new HealthService(options.services.map(({ name }) => name));
  health.addTo(server);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  for (const http2Server of internalsOf(server).http2Servers.keys()) {
    http2Server.on('session', (session) => session.setLocalWindowSize(WINDOW_BYTES));
  }
  const sockets = new Set<Socket>();
  return {
    accept: (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      injector.injectConnection(socket);
    },
    drain: async (graceMs) => {
      health.stop();
      server.tryShutdown(ignoreOutcome);
      await allClosed(sockets, graceMs);
      for (const socket of sockets) socket.destroy();
    },
  };
}

interface GrpcJsInternals {
  readonly commonServerOptions: { settings?: Settings };
  readonly http2Servers: ReadonlyMap<Http2Server, unknown>;
}

/** grpc-js has no setting for the windows; a test sees that this still works. */
function internalsOf(server: Server): GrpcJsInternals {
  return server as unknown as GrpcJsInternals;
}

function widenWindows(server: Server): void {
  internalsOf(server).commonServerOptions.settings = { initialWindowSize: WINDOW_BYTES };
}

/** grpc-js calls it before the calls in flight have ended on Node 24; the sockets tell. */
function ignoreOutcome(): undefined {
  return undefined;
}

/** Resolves when every socket has closed, after `graceMs` at the latest. */
function allClosed(sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, graceMs);
  const check = (): void => {
    if (sockets.size > 0) return;
    clearTimeout(timer);
    resolve();
  };
  for (const socket of sockets) socket.once('close', check);
  check();
  return promise;
}
