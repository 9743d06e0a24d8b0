import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../sharedPort.ts';

export interface AdminOptions {
  readonly host: string;
  /** 0 = a free one. */
  readonly port: number;
  /** Whether the server can serve; undefined = yes, else why not. */
  readonly unhealthyReason: () => string | undefined;
  /** All metrics in Prometheus' text format. */
  readonly metricsText: () => Promise<string>;
}

export interface AdminServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Health and metrics over HTTP/1.1: /healthz, /livez, /metrics. */
export async function openAdminServer(options: AdminOptions): Promise<AdminServer> {
  // Node's own check of slow requests runs every 30 s, busy or idle; the timeout of a socket does the same when needed.
  const server = createServer({ connectionsCheckingInterval: 2 ** 31 - 1 }, (request, response) => {
    void answer(request, response, options);
  }).setTimeout(30_000);
  const port = await listen(server, options.host, options.port, 'server.adminPort');
  return {
    port,
    close: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeAllConnections();
      return promise;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: AdminOptions,
): Promise<void> {
  try {
    send(request, response, await page(request, options));
  } catch (error) {
    send(request, response, text(500, `${String(error)}\n`));
  }
}

async function page(request: IncomingMessage, options: AdminOptions): Promise<Page> {
  const path = (request.url ?? '/').split('?', 1)[0]!;
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return text(405, `${request.method} is not served here\n`);
  switch (path) {
    case '/healthz':
      return health(request, options.unhealthyReason());
    case '/livez':
      return text(200, 'OK');
    case '/metrics':
      return {
        status: 200,
        type: 'text/plain; version=0.0.4; charset=utf-8',
        body: await options.metricsText(),
      };
    default:
      return text(404, `no page ${path}; there are /healthz, /livez and /metrics\n`);
  }
}

/** As Milvus does: `OK`, or JSON for those who accept it; 500 when the server cannot serve. */
function health(request: IncomingMessage, reason: string | undefined): Page {
  const status = reason === undefined ? 200 : 500;
  const state = reason === undefined ? 'OK' : reason;
  if (!request.headers.accept?.includes('application/json')) return text(status, state);
  return { status, type: 'application/json', body: JSON.stringify({ state, detail: [] }) };
}

function text(status: number, body: string): Page {
  return { status, type: 'text/plain; charset=utf-8', body };
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Page): void {
  const headers: Record<string, string | number> = {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
  };
  if (status === 405) headers.allow = 'GET, HEAD';
  response.writeHead(status, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}
