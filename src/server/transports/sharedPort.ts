import { createServer, type Server, type Socket } from 'node:net';
import { ElanusError } from '../../core/domain/errors.ts';

/** What HTTP/2 clients say first, RFC 9113 section 3.4; three bytes tell it from every HTTP/1 method. */
const HTTP2_PREFACE_START = Buffer.from('PRI');
const FIRST_BYTES_TIMEOUT_MS = 20_000;
/** Lets the kernel find dead peers without a timer of ours. */
const TCP_KEEP_ALIVE_DELAY_MS = 60_000;

export interface SharedPortOptions {
  readonly host: string;
  /** 0 = a free one. */
  readonly port: number;
  readonly connectionsMax: number;
  /** Takes a socket over whose first bytes can still be read. */
  readonly onHttp2: (socket: Socket) => void;
  readonly onHttp1: (socket: Socket) => void;
}

/** A listening port that serves gRPC (HTTP/2) and HTTP/1.1, told apart by the first bytes of a connection. */
export interface SharedPort {
  /** The port that is bound. */
  readonly port: number;
  /** Stops accepting and drops connections that have not said anything; those handed over live on. */
  stopAccepting(): void;
}

/** Errors: Unavailable (port in use, address not of this machine), Invalid (may not bind). */
export async function openSharedPort(options: SharedPortOptions): Promise<SharedPort> {
  const silent = new Set<Socket>();
  const server = createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_DELAY_MS,
  });
  server.maxConnections = options.connectionsMax;
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
    peek(socket, (isHttp2) => {
      silent.delete(socket);
      if (isHttp2) options.onHttp2(socket);
      else options.onHttp1(socket);
    });
  });
  const port = await listen(server, options.host, options.port, 'server.port');
  return {
    port,
    stopAccepting: () => {
      server.close();
      for (const socket of silent) socket.destroy();
    },
  };
}

/** Listens, and says what is wrong in one line when it cannot. `setting` is the configuration key of the port. */
export async function listen(server: Server, host: string, port: number, setting: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port, backlog: 1024 }, resolve);
  try {
    await promise;
  } catch (error) {
    throw listenError(error as NodeJS.ErrnoException, host, port, setting);
  }
  server.off('error', reject);
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number, setting: string): ElanusError {
  const options = { context: { [setting]: port }, cause: error };
  switch (error.code) {
    case 'EADDRINUSE':
      return new ElanusError('Unavailable', `port ${port} on ${host} is in use by another process`, options);
    case 'EACCES':
      return new ElanusError('Invalid', `port ${port} may not be opened by this user`, options);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ElanusError('Invalid', `server.host ${host} is no address of this machine`, options);
    default:
      return new ElanusError('Unavailable', `cannot listen on ${host}:${port}: ${error.message}`, options);
  }
}

/** Calls back with the protocol once three bytes are there, which stay readable. A connection that errs or waits is dropped. */
function peek(socket: Socket, decided: (isHttp2: boolean) => void): void {
  let head: Buffer | undefined;
  const drop = (): void => {
    socket.destroy();
  };
  const onData = (chunk: Buffer): void => {
    head = head === undefined ? chunk : Buffer.concat([head, chunk]);
    if (head.length < HTTP2_PREFACE_START.length) return;
    socket.off('data', onData);
    socket.off('error', drop);
    socket.off('timeout', drop);
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(head);
    decided(HTTP2_PREFACE_START.equals(head.subarray(0, HTTP2_PREFACE_START.length)));
  };
  socket.setTimeout(FIRST_BYTES_TIMEOUT_MS);
  socket.on('timeout', drop);
  socket.on('error', drop);
  socket.on('data', onData);
}
