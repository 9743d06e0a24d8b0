import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';

const SOCKET_TIMEOUT_MS = 60_000;
const BODY = JSON.stringify({
  code: 501,
  message:
    'The REST API is not built into this server yet. Connect with a Milvus client over gRPC, on this same port.',
});

const answer: RequestListener = (_request, response) => {
  response.writeHead(501, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(BODY),
    connection: 'close',
  });
  response.end(BODY);
};

/** Serves HTTP/1.1 on connections that were accepted elsewhere; the server behind it is made with the first one. */
export function createHttpInjector(listener: RequestListener = answer): {
  inject(socket: Socket): void;
  close(): void;
} {
  let server: ReturnType<typeof createServer> | undefined;
  const sockets = new Set<Socket>();
  return {
    inject: (socket) => {
      server ??= createServer({ keepAliveTimeout: 5_000 }, listener).setTimeout(SOCKET_TIMEOUT_MS);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      server.emit('connection', socket);
      socket.resume();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
