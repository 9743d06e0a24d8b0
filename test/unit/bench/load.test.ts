import { once } from 'node:events';
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { generate } from '../../../bench/load/generate.ts';
import { percentile } from '../../../bench/load/plan.ts';
import { replyProblem } from '../../../bench/load/replyStatus.ts';
import { Status } from '../../../src/gen/milvus/common.ts';
import { MutationResult } from '../../../src/gen/milvus/milvus.ts';

const servers: Http2Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

type Answer = (body: Buffer, headers: IncomingHttpHeaders) => { message?: Uint8Array; grpcStatus: string };

/** A gRPC server of Node's own HTTP/2. */
async function serve(answer: Answer, settings: Settings = {}): Promise<string> {
  const server = createServer({ settings });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const { message, grpcStatus } = answer(Buffer.concat(chunks).subarray(5), headers);
      const head = { ':status': 200, 'content-type': 'application/grpc' };
      if (message === undefined) {
        stream.respond({ ...head, 'grpc-status': grpcStatus, 'grpc-message': 'no' }, { endStream: true });
        return;
      }
      stream.respond(head, { waitForTrailers: true });
      stream.on('wantTrailers', () =>
        stream.sendTrailers({ 'grpc-status': grpcStatus, 'grpc-message': 'OK' }),
      );
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(message.length, 1);
      stream.end(Buffer.concat([prefix, message]));
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function reply(status: { code: number; reason?: string; errorCode?: number }): Uint8Array {
  const full = Status.fromPartial({ ...status, errorCode: (status.errorCode ?? 0) as 0 });
  return MutationResult.encode(MutationResult.fromPartial({ status: full, insertCnt: 5n })).finish();
}

const call = (message: Uint8Array) => ({ path: '/service/Call', message });

test('every call is answered, in order of the calls, over several connections, and the path and type arrive', async () => {
  const seen = new Set<string>();
  const address = await serve((body, headers) => {
    seen.add(`${headers[':method']} ${headers[':path']} ${headers['content-type']} ${headers.te}`);
    return { message: Buffer.concat([Buffer.from([0x0a, 0]), body]), grpcStatus: '0' };
  });
  const calls = Array.from({ length: 50 }, (_, i) => call(Buffer.from([0x28, i])));
  const result = await generate({
    address,
    calls,
    connections: 3,
    inFlight: 7,
    count: 120,
    warmUp: 20,
    keepReplies: true,
  });
  expect(result).toMatchObject({ done: 120, problems: 0, firstProblem: undefined });
  expect(result.replies.map((bytes) => bytes![3])).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(result.latenciesMs.length).toBe(120);
  expect(Math.min(...result.latenciesMs)).toBeGreaterThan(0);
  expect([...seen]).toEqual(['POST /service/Call application/grpc trailers']);
});

test('a message above all windows and frames arrives whole', async () => {
  const large = Buffer.alloc(3_000_000, 'vectors ');
  let whole = 0;
  const address = await serve(
    (body) => {
      if (body.equals(large)) whole++;
      return { message: reply({ code: 0 }), grpcStatus: '0' };
    },
    { initialWindowSize: 20_000 },
  );
  const result = await generate({ address, calls: [call(large)], connections: 2, inFlight: 4, count: 6 });
  expect(result.problems).toBe(0);
  expect(whole).toBe(6);
});

test('a gRPC status, with and without a message, and a Status code are problems, and end the run', async () => {
  const failing: ReturnType<Answer>[] = [
    { grpcStatus: '13' },
    { message: reply({ code: 0 }), grpcStatus: '8' },
    { message: reply({ code: 65535, reason: 'the reason' }), grpcStatus: '0' },
    { message: reply({ code: 0, errorCode: 5 }), grpcStatus: '0' },
  ];
  for (const answer of failing) {
    let answered = 0;
    const address = await serve(() => {
      answered++;
      return answer;
    });
    const result = await generate({
      address,
      calls: [call(Buffer.alloc(3))],
      connections: 1,
      inFlight: 1,
      count: 10,
    });
    expect(result.problems).toBe(1);
    expect(answered).toBe(1);
    expect(result.firstProblem).toMatch(/grpc-status is not 0|code 65535 the reason|code 5/);
  }
});

test('a rate is kept: calls start evenly', async () => {
  const address = await serve(() => ({ message: reply({ code: 0 }), grpcStatus: '0' }));
  const plan = { address, calls: [call(Buffer.alloc(1))], connections: 1, inFlight: 4 };
  const result = await generate({ ...plan, count: 21, perSecondMax: 100 });
  expect(result.done).toBe(21);
  expect(result.tookMs).toBeGreaterThan(195);
});

test('statuses are read as the messages say', () => {
  expect(replyProblem(reply({ code: 0, reason: 'Success' }))).toBeUndefined();
  expect(
    replyProblem(MutationResult.encode(MutationResult.fromPartial({ insertCnt: 1n })).finish()),
  ).toBeUndefined();
  expect(replyProblem(reply({ code: 100, reason: 'collection not found' }))).toContain(
    'collection not found',
  );
});

test('percentiles are of the sorted samples', () => {
  const samples = [5, 1, 4, 2, 3];
  expect([0, 0.5, 0.99, 1].map((share) => percentile(samples, share))).toEqual([1, 3, 5, 5]);
});
