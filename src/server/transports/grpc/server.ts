import type { Socket } from 'node:net';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import type { Logger } from '../../../core/ports/logger.ts';
import { HealthService } from './health.ts';
import { tolerantDefinition, type UnaryHandlers, unaryImplementation } from './unaryMethods.ts';

export interface GrpcServerOptions {
  /** Largest request; a larger one is answered RESOURCE_EXHAUSTED. Replies have no limit. */
  readonly receiveMessageBytesMax: number;
  readonly services: readonly GrpcService[];
  readonly logger: Logger;
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
  const server = new Server({
    'grpc.max_receive_message_length': options.receiveMessageBytesMax,
    'grpc.max_send_message_length': -1,
    // Bookkeeping for a debugging service we do not offer; 5 to 10 % of a small call.
    'grpc.enable_channelz': 0,
  });
  for (const { definition, handlers } of options.services) {
    const tolerant = tolerantDefinition(definition, handlers);
    server.addService(tolerant, unaryImplementation(tolerant, handlers, options.logger));
  }
  const health = new HealthService(options.services.map(({ name }) => name));
  health.addTo(server);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
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
