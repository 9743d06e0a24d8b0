import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import type { CallContext } from '../../../../src/server/transports/grpc/callContext.ts';
import { call, open, raw, serve, type Text } from './serverFixture.ts';

const echo = { Echo: ({ text }: Text) => text };

test('gRPC: a call → its reply, on the port that speaks HTTP/1.1 too', async () => {
  const { grpc, port } = await serve(echo);
  const session = await open(port.port);
  expect(await call(session, '/test.Service/Echo', Buffer.from('hello'))).toMatchObject({
    code: 0,
    body: Buffer.from('hello'),
  });
  const answer = await fetch(`http://127.0.0.1:${port.port}/v2/vectordb/collections/list`, {
    method: 'POST',
    body: '{}',
  });
  expect(answer.status).toBe(501);
  expect(await answer.json()).toMatchObject({ code: 501, message: expect.stringContaining('REST') });
  session.destroy();
  port.stopAccepting();
  await grpc.drain(0);
});

test('gRPC: methods without handler, and unknown ones → UNIMPLEMENTED, whatever the request holds', async () => {
  const { grpc, port } = await serve(echo);
  const session = await open(port.port);
  for (const path of ['/test.Service/Absent', '/test.Service/Unheard', '/no.Service/At']) {
    expect((await call(session, path, Buffer.from([0xff]))).code, path).toBe(status.UNIMPLEMENTED);
  }
  session.destroy();
  port.stopAccepting();
  await grpc.drain(0);
});

test('gRPC: a broken message → INVALID_ARGUMENT, and the connection goes on', async () => {
  const { grpc, port } = await serve(echo);
  const session = await open(port.port);
  const broken = await call(session, '/test.Service/Echo', Buffer.from([0xff, 1, 2]));
  expect(broken).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringMatching(/^Echo: .*premature end/),
  });
  expect((await call(session, '/test.Service/Echo', Buffer.from('next'))).code).toBe(0);
  session.destroy();
  port.stopAccepting();
  await grpc.drain(0);
});

test('gRPC: size limit of requests holds, of replies there is none', async () => {
  const { grpc, port } = await serve({ Echo: ({ text }: Text) => text.repeat(100) }, 64 * 1024);
  const session = await open(port.port);
  const fits = await call(session, '/test.Service/Echo', Buffer.alloc(64 * 1024, 'a'));
  expect([fits.code, fits.body.length]).toEqual([0, 6_553_600]);
  const large = await call(session, '/test.Service/Echo', Buffer.alloc(64 * 1024 + 1, 'a'));
  expect(large.code).toBe(status.RESOURCE_EXHAUSTED);
  expect((await call(session, '/test.Service/Echo', Buffer.from('b'))).code).toBe(0);
  session.destroy();
  port.stopAccepting();
  await grpc.drain(0);
});

test('gRPC: what handlers throw → a code that clients do not repeat, or INTERNAL with a log line', async () => {
  const kinds = ['Unsupported', 'Invalid', 'TooLarge', 'Internal'] as const;
  const codes = [status.UNIMPLEMENTED, status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED, status.INTERNAL];
  const { grpc, port, logLines } = await serve({
    Fails: ({ text: kind }: Text) => {
      throw new ElanusError(kind as (typeof kinds)[number], `because ${kind}`);
    },
    Slow: () => Promise.reject({ code: status.UNAUTHENTICATED, details: 'who are you' }),
  });
  const session = await open(port.port);
  for (const [i, kind] of kinds.entries()) {
    const reply = await call(session, '/test.Service/Fails', Buffer.from(kind));
    expect(reply, kind).toMatchObject({ code: codes[i], details: `because ${kind}` });
  }
  const denied = await call(session, '/test.Service/Slow', Buffer.from(''));
  expect(denied).toMatchObject({ code: status.UNAUTHENTICATED, details: 'who are you' });
  expect(logLines.filter((line) => line.includes('"rpc":"Fails"'))).toHaveLength(1);
  session.destroy();
  port.stopAccepting();
  await grpc.drain(0);
});

test('gRPC: a handler sees metadata and deadline, and is told when the client leaves', async () => {
  const seen = Promise.withResolvers<CallContext>();
  const aborted = Promise.withResolvers<void>();
  const { grpc, port } = await serve({
    Slow: (_request: Text, context: CallContext) => {
      context.signal.addEventListener('abort', () => aborted.resolve());
      seen.resolve(context);
      return aborted.promise.then(() => '');
    },
  });
  const session = await open(port.port);
  const headers = { dbname: 'db1', 'grpc-timeout': '30S' };
  const pending = call(session, '/test.Service/Slow', Buffer.from('x'), headers).catch(() => undefined);
  const context = await seen.promise;
  expect(context.metadata('dbname')).toBe('db1');
  expect(context.metadata('authorization')).toBeUndefined();
  expect(context.deadlineMs - Date.now()).toBeLessThanOrEqual(30_000);
  expect(context.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  session.destroy();
  await aborted.promise;
  await pending;
  port.stopAccepting();
  await grpc.drain(0);
});

test('gRPC: deadline passes → DEADLINE_EXCEEDED and the handler is told', async () => {
  const aborted = Promise.withResolvers<void>();
  const { grpc, port } = await serve({
    Slow: (_request: Text, context: CallContext) => {
      context.signal.addEventListener('abort', () => aborted.resolve());
      return new Promise(() => undefined);
    },
  });
  const session = await open(port.port);
  const reply = await call(session, '/test.Service/Slow', Buffer.from('x'), { 'grpc-timeout': '20m' });
  expect(reply.code).toBe(status.DEADLINE_EXCEEDED);
  await aborted.promise;
  session.destroy();
  port.stopAccepting();
  await grpc.drain(0);
});

test('gRPC: clients may send megabytes ahead', async () => {
  const { grpc, port } = await serve(echo);
  const session = await open(port.port);
  expect((await call(session, '/test.Service/Echo', Buffer.from('x'))).code).toBe(0);
  expect(session.remoteSettings.initialWindowSize).toBe(4 * 1024 * 1024);
  expect(session.state.remoteWindowSize).toBeGreaterThan(1024 * 1024);
  session.destroy();
  port.stopAccepting();
  await grpc.drain(0);
});

test('gRPC: compressed requests are read', async () => {
  const { grpc, port } = await serve(echo);
  const session = await open(port.port);
  const packed = gzipSync(Buffer.from('small'));
  const framed = Buffer.concat([Buffer.from([1, 0, 0, 0, packed.length]), packed]);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/test.Service/Echo',
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-encoding': 'gzip',
  });
  stream.end(framed);
  const [chunk] = (await once(stream, 'data')) as [Buffer];
  expect(chunk.subarray(5).toString()).toBe('small');
  session.destroy();
  port.stopAccepting();
  await grpc.drain(0);
});

test('gRPC: pings without a stream are answered, many of them', async () => {
  const { grpc, port } = await serve(echo);
  const session = await open(port.port);
  for (let i = 0; i < 200; i++) {
    await new Promise<void>((resolve, reject) =>
      session.ping((error) => (error === null ? resolve() : reject(error))),
    );
  }
  expect((await call(session, '/test.Service/Echo', Buffer.from('alive'))).code).toBe(0);
  session.destroy();
  port.stopAccepting();
  await grpc.drain(0);
});

test('gRPC: drain → calls in flight end well, new connections are refused, watchers are told', async () => {
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const { grpc, port } = await serve({
    Slow: async () => {
      started.resolve();
      await release.promise;
      return 'done';
    },
  });
  const session = await open(port.port);
  const watch = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Watch',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const states: number[] = [];
  watch.on('data', (chunk: Buffer) => states.push(chunk[6]!));
  watch.end(Buffer.alloc(5));
  await once(watch, 'data');
  const inFlight = call(session, '/test.Service/Slow', Buffer.from('x'));
  await started.promise;
  port.stopAccepting();
  let hasDrained = false;
  const drained = grpc.drain(10_000).then(() => {
    hasDrained = true;
  });
  await expect(fetch(`http://127.0.0.1:${port.port}/`)).rejects.toThrow();
  expect(hasDrained).toBe(false);
  release.resolve();
  expect(await inFlight).toMatchObject({ code: 0, body: Buffer.from('done') });
  await drained;
  expect(states).toEqual([1, 2]);
});

test('gRPC: drain with a call that never ends → cut off after the grace time', async () => {
  const started = Promise.withResolvers<void>();
  const { grpc, port } = await serve({
    Slow: () => {
      started.resolve();
      return new Promise(() => undefined);
    },
  });
  const session = await open(port.port);
  session.on('error', () => session.destroy());
  const outcome = call(session, '/test.Service/Slow', Buffer.from('x')).catch((error: unknown) => error);
  await started.promise;
  port.stopAccepting();
  await grpc.drain(50);
  await outcome;
  expect(session.destroyed || session.closed).toBe(true);
});

test('health service: serving, unknown service', async () => {
  const { grpc, port } = await serve(echo);
  const session = await open(port.port);
  expect((await call(session, '/grpc.health.v1.Health/Check', Buffer.alloc(0))).body).toEqual(
    Buffer.from([8, 1]),
  );
  const named = Buffer.from('\x0a\x0ctest.Service', 'latin1');
  expect((await call(session, '/grpc.health.v1.Health/Check', named)).body).toEqual(Buffer.from([8, 1]));
  const other = Buffer.from('\x0a\x05other', 'latin1');
  expect((await call(session, '/grpc.health.v1.Health/Check', other)).code).toBe(status.NOT_FOUND);
  session.destroy();
  port.stopAccepting();
  await grpc.drain(0);
});

test('port: bytes that come one by one, garbage, and silence that ends → served or closed, never a crash', async () => {
  const { grpc, port } = await serve(echo);
  const get = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
  expect(await raw(port.port, [...get])).toMatch(/^HTTP\/1\.1 501 /);
  expect(await raw(port.port, ['PO', 'ST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n'])).toMatch(
    /^HTTP\/1\.1 501 /,
  );
  expect(await raw(port.port, ['\x16\x03\x01\x02\x00'])).toMatch(/^HTTP\/1\.1 400 /);
  expect(await raw(port.port, ['PRI * NONSENSE\r\n\r\n'])).not.toMatch(/HTTP\/1/);
  const session = await open(port.port);
  expect((await call(session, '/test.Service/Echo', Buffer.from('still here'))).code).toBe(0);
  session.destroy();
  port.stopAccepting();
  await grpc.drain(0);
});

test('port: in use → Unavailable with host and port; not of this machine → Invalid', async () => {
  const { grpc, port } = await serve(echo);
  const { openSharedPort } = await import('../../../../src/server/transports/sharedPort.ts');
  const options = { connectionsMax: 1, onHttp2: () => undefined, onHttp1: () => undefined };
  await expect(openSharedPort({ ...options, host: '127.0.0.1', port: port.port })).rejects.toMatchObject({
    kind: 'Unavailable',
    message: `port ${port.port} on 127.0.0.1 is in use by another process`,
  });
  await expect(openSharedPort({ ...options, host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
    kind: 'Invalid',
  });
  port.stopAccepting();
  await grpc.drain(0);
});
