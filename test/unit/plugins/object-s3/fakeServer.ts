import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

export interface FakeReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** An HTTP server for answers that no real server gives; ends with the test. Resolves with its port. */
export async function fakeServer(
  answer: (request: IncomingMessage, body: Buffer) => Promise<FakeReply> | FakeReply,
): Promise<number> {
  const server = createServer((request, response) => {
    const reply = async (): Promise<void> => {
      const { status, headers, body } = await answer(request, await buffer(request));
      response.writeHead(status, headers);
      response.end(body);
    };
    reply().catch((caught: unknown) => response.destroy(caught as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
