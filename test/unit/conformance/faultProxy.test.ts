import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request as send } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FaultProxy, type FaultProxyOptions } from '../../../conformance/storage/faultProxy.ts';

let closers: (() => unknown)[];
beforeEach(() => {
  closers = [];
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
});

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function startProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = await FaultProxy.start(options);
  closers.push(() => proxy.close());
  return proxy;
}

describe('http1', () => {
  /** What the server was asked and answered in full. */
  let served: string[];
  let target: number;
  let agent: Agent;

  beforeEach(async () => {
    served = [];
    agent = new Agent({ keepAlive: true });
    const server = createServer(async (request, response) => {
      let body: Buffer;
      try {
        body = await buffer(request);
      } catch {
        served.push(`${request.method} ${request.url} cut`);
        return;
      }
      served.push(`${request.method} ${request.url} ${body}`);
      response.setHeader('x-served', served.length);
      if (request.url === '/chunked') response.write('first ');
      response.end(`${request.headers.host} ${body}`);
    });
    target = await listening(server);
    closers.push(() => server.close());
    closers.push(() => agent.destroy());
  });

  interface Answer {
    readonly status: number;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
    /** Its connection. */
    readonly isReused: boolean;
  }

  async function call(
    proxy: FaultProxy,
    method: string,
    path: string,
    body = '',
    headers = {},
  ): Promise<Answer> {
    const outgoing = send({ port: proxy.port, host: '127.0.0.1', method, path, agent, headers });
    outgoing.end(body);
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    const { statusCode, headers: found } = incoming;
    return {
      status: statusCode!,
      headers: found,
      body: await text(incoming),
      isReused: outgoing.reusedSocket,
    };
  }

  function startHttp(seed = 1): Promise<FaultProxy> {
    return startProxy({ target, seed, protocol: 'http1' });
  }

  test('no faults → requests and answers pass as they are, on one connection', async () => {
    const proxy = await startHttp();
    const body = 'x'.repeat(300_000);
    const put = await call(proxy, 'PUT', '/a?b=%2F', body, { host: 'signed.test', expect: '100-continue' });
    expect(put).toMatchObject({ status: 200, body: `signed.test ${body}`, headers: { 'x-served': '1' } });
    expect(await call(proxy, 'GET', '/chunked')).toMatchObject({
      body: `first 127.0.0.1:${proxy.port} `,
      headers: { 'transfer-encoding': 'chunked' },
    });
    const head = await call(proxy, 'HEAD', '/length');
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(served).toEqual([`PUT /a?b=%2F ${body}`, 'GET /chunked ', 'HEAD /length ']);
    expect(proxy.injected).toEqual([]);
    expect([put.isReused, head.isReused]).toEqual([false, true]);
  });

  test.each([
    ['cutBefore', []],
    ['lostReply', ['PUT /a body']],
    ['cutReply', ['PUT /a body']],
    ['cutRequest', ['PUT /a cut']],
  ] as const)('%s → the client sees a cut connection, the server %j', async (fault, expected) => {
    for (const seed of [1, 2, 3, 4]) {
      const proxy = await startHttp(seed);
      served = [];
      const hit = proxy.next(fault);
      await expect(call(proxy, 'PUT', '/a', 'body')).rejects.toThrow(/socket hang up|ECONNRESET|aborted/);
      expect(await hit).toEqual({ fault, method: 'PUT', path: '/a' });
      await expect.poll(() => served).toEqual(expected);
      expect(await call(proxy, 'PUT', '/b')).toMatchObject({ status: 200 });
    }
  });

  test('cutReply → the head and half of the body arrive', async () => {
    const proxy = await startHttp();
    proxy.next('cutReply');
    const outgoing = send({ port: proxy.port, host: '127.0.0.1', path: '/chunked', agent });
    outgoing.end();
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    let arrived = '';
    await expect(async () => {
      for await (const chunk of incoming) arrived += chunk;
    }).rejects.toThrow('aborted');
    const whole = `first 127.0.0.1:${proxy.port} `;
    expect(arrived).toBe(whole.slice(0, whole.length >> 1));
  });

  test('duplicate → served twice, the second answer passes', async () => {
    const proxy = await startHttp();
    proxy.next('duplicate');
    expect(await call(proxy, 'PUT', '/a', 'body')).toMatchObject({ headers: { 'x-served': '2' } });
    expect(served).toEqual(['PUT /a body', 'PUT /a body']);
  });

  test('answer, answerAfter → that status and code, without and with the request served', async () => {
    const proxy = await startHttp();
    proxy.next({ answer: 503 });
    proxy.next({ answerAfter: 409, code: 'Busy' });
    const before = await call(proxy, 'PUT', '/a');
    expect(before).toMatchObject({ status: 503, body: expect.stringContaining('<Code>SlowDown</Code>') });
    expect(served).toEqual([]);
    const after = await call(proxy, 'PUT', '/a');
    expect(after).toMatchObject({ status: 409, headers: { 'x-ms-error-code': 'Busy' } });
    expect(served).toEqual(['PUT /a ']);
  });

  test('a selection → only requests that fit it by method, path and body', async () => {
    const proxy = await startHttp();
    proxy.next({ answer: 500 }, { method: 'PUT', path: /^\/log\//, includes: 'wanted' });
    const others = [
      ['POST', '/log/1', 'wanted'],
      ['PUT', '/x/log/1', 'wanted'],
      ['PUT', '/log/1', 'other'],
    ] as const;
    for (const [method, path, body] of others)
      expect(await call(proxy, method, path, body)).toMatchObject({ status: 200 });
    expect(await call(proxy, 'PUT', '/log/1', 'is wanted')).toMatchObject({ status: 500 });
    expect(await call(proxy, 'PUT', '/log/1', 'is wanted')).toMatchObject({ status: 200 });
  });

  test('a plan → the same faults from the same seed, others from another, none when calm', async () => {
    const statuses = async (seed: number): Promise<number[]> => {
      const proxy = await startHttp(seed);
      proxy.plan({ faults: [{ answer: 429 }, { answerAfter: 500 }], chance: 0.5, method: 'PUT' });
      const seen: number[] = [];
      for (let i = 0; i < 30; i++) seen.push((await call(proxy, 'PUT', '/a')).status);
      expect(proxy.injected).toHaveLength(seen.filter((status) => status !== 200).length);
      expect(await call(proxy, 'GET', '/a')).toMatchObject({ status: 200 });
      proxy.calm();
      for (let i = 0; i < 10; i++) expect((await call(proxy, 'PUT', '/a')).status).toBe(200);
      return seen;
    };
    const first = await statuses(7);
    expect(new Set(first)).toEqual(new Set([200, 429, 500]));
    expect(await statuses(7)).toEqual(first);
    expect(await statuses(8)).not.toEqual(first);
  });

  test('delayMs, delayReplyMs → served after, and before the wait', async () => {
    const proxy = await startHttp();
    const startMs = performance.now();
    const hit = proxy.next({ delayMs: 100 });
    const late = call(proxy, 'PUT', '/late');
    await hit;
    expect(served).toEqual([]);
    expect(await late).toMatchObject({ status: 200 });
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(99);

    proxy.next({ delayReplyMs: 500 });
    let isAnswered = false;
    const answer = call(proxy, 'PUT', '/a').finally(() => {
      isAnswered = true;
    });
    await expect.poll(() => served, { interval: 5 }).toEqual(['PUT /late ', 'PUT /a ']);
    expect(isAnswered).toBe(false);
    expect(await answer).toMatchObject({ status: 200 });
  });

  test('a black hole → nothing passes, on new connections neither; then all goes on', async () => {
    const proxy = await startHttp();
    const hit = proxy.next({ blackHoleMs: 200 });
    const first = call(proxy, 'PUT', '/first');
    await hit;
    const second = call(proxy, 'PUT', '/second');
    const over = proxy.blackHole(0).then(() => [...served]);
    expect(await over).toEqual([]);
    expect(await Promise.all([first, second])).toMatchObject([{ status: 200 }, { status: 200 }]);
    expect(served.toSorted()).toEqual(['PUT /first ', 'PUT /second ']);
  });

  test('the server is gone → a cut connection; refuse and down → no connection; up → all well', async () => {
    const proxy = await startHttp();
    await call(proxy, 'GET', '/a');
    agent.destroy();
    await proxy.down();
    await expect(call(proxy, 'GET', '/a')).rejects.toThrow('ECONNREFUSED');
    await proxy.up();
    proxy.next('refuse');
    await expect(call(proxy, 'GET', '/a')).rejects.toThrow(/ECONNRESET|socket hang up/);
    expect(await call(proxy, 'GET', '/a')).toMatchObject({ status: 200 });
    expect(served).toHaveLength(2);
    const nowhere = await startProxy({ target: 1, seed: 1, protocol: 'http1' });
    await expect(call(nowhere, 'GET', '/a')).rejects.toThrow(/ECONNRESET|socket hang up/);
  });
});

describe('tcp', () => {
  /** All that reached the server. */
  let received: string;
  let target: number;

  beforeEach(async () => {
    received = '';
    const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
      socket.on('data', (chunk: Buffer) => {
        received += chunk;
        socket.write(chunk);
      });
      socket.on('end', () => socket.end('bye'));
      socket.on('error', () => socket.destroy());
    });
    target = await listening(server);
    closers.push(() => server.close());
  });

  function dial(proxy: FaultProxy): Socket {
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    closers.push(() => socket.destroy());
    return socket;
  }

  /** All it sends until it ends, and how that was. */
  async function untilEnd(socket: Socket): Promise<string> {
    let arrived = '';
    try {
      for await (const chunk of socket) arrived += chunk;
    } catch (error) {
      expect(error).toMatchObject({ code: 'ECONNRESET' });
    }
    return arrived;
  }

  async function echo(socket: Socket, message: string): Promise<string> {
    socket.write(message);
    return String((await once(socket, 'data'))[0]);
  }

  test('no faults → bytes and half-closed ends pass', async () => {
    const socket = dial(await startProxy({ target, seed: 1 }));
    expect(await echo(socket, 'one')).toBe('one');
    socket.end('two');
    expect(await untilEnd(socket)).toBe('twobye');
  });

  test.each([
    ['cutBefore', '', ''],
    ['cutRequest', 'bo', ''],
    ['lostReply', 'body', ''],
    ['cutReply', 'body', 'bo'],
  ] as const)('%s → the server gets "%s", the client "%s" and a cut', async (fault, atServer, atClient) => {
    for (const seed of [1, 2, 3, 4]) {
      const proxy = await startProxy({ target, seed });
      received = '';
      proxy.next(fault, { includes: 'body' });
      const socket = dial(proxy);
      await echo(socket, 'one');
      socket.write('body');
      expect(await untilEnd(socket)).toBe(atClient);
      await expect.poll(() => received).toBe(`one${atServer}`);
    }
  });

  test('refuse → the next connection only; cutAll → all there are', async () => {
    const proxy = await startProxy({ target, seed: 1 });
    proxy.next('refuse');
    expect(await untilEnd(dial(proxy))).toBe('');
    const sockets = [dial(proxy), dial(proxy)];
    for (const socket of sockets) await echo(socket, 'one');
    proxy.cutAll();
    expect(await Promise.all(sockets.map(untilEnd))).toEqual(['', '']);
  });

  test('a black hole → both ways are silent, and what was sent arrives in order', async () => {
    const proxy = await startProxy({ target, seed: 1 });
    const socket = dial(proxy);
    await echo(socket, 'one');
    const over = proxy.blackHole(100).then(() => received);
    for (const word of ['two', 'three', 'four']) socket.write(word);
    socket.end();
    expect(await over).toBe('one');
    expect(await untilEnd(socket)).toBe('twothreefourbye');
  });

  test('faults that are of HTTP → thrown', async () => {
    const proxy = await startProxy({ target, seed: 1 });
    expect(() => proxy.next('duplicate')).toThrow('http1');
    expect(() => proxy.plan({ faults: [{ answer: 503 }], chance: 1 })).toThrow('http1');
  });
});
