import { createServer, type Server } from 'node:net';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MilvusServiceService } from '../../../../src/gen/milvus/milvus.ts';
import type { GrpcServer } from '../../../../src/server/transports/grpc/server.ts';
import { createGrpcServer } from '../../../../src/server/transports/grpc/server.ts';
import { silent } from '../../../core/coordinator/fixture.ts';
import { MilvusClient } from './milvusClient.ts';

let port: Server;
let server: GrpcServer;
let client: Client;

beforeEach(async () => {
  const { handlers } = await MilvusClient.start();
  server = createGrpcServer({
    receiveMessageBytesMax: 1 << 20,
    services: [{ name: 'milvus.proto.milvus.MilvusService', definition: MilvusServiceService, handlers }],
    logger: silent,
  });
  port = createServer((socket) => server.accept(socket));
  await new Promise<void>((resolve) => port.listen(0, '127.0.0.1', resolve));
  const { port: number } = port.address() as { port: number };
  client = new Client(`127.0.0.1:${number}`, credentials.createInsecure());
});

afterEach(async () => {
  client.close();
  port.close();
  await server.drain(1_000);
});

function call(rpc: string, request: object, metadata: Record<string, string> = {}): Promise<unknown> {
  const method = Object.values(MilvusServiceService).find(({ path }) => path.endsWith(`/${rpc}`))!;
  const serialize = method.requestSerialize as (value: unknown) => Buffer;
  const empty = (method.requestDeserialize as (bytes: Buffer) => object)(Buffer.alloc(0));
  const headers = new Metadata();
  for (const [key, value] of Object.entries(metadata)) headers.set(key, value);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method.path,
      serialize,
      method.responseDeserialize as (bytes: Buffer) => unknown,
      { ...empty, ...request },
      headers,
      (error: ServiceError | null, reply?: unknown) => (error === null ? resolve(reply) : reject(error)),
    );
  });
}

it('answers over a socket, with the database of the metadata', async () => {
  await call('CreateDatabase', { dbName: 'shop' });
  expect(await call('ShowCollections', {}, { dbname: 'shop' })).toMatchObject({ status: { code: 0 } });
  expect(await call('ShowCollections', {}, { dbname: 'nowhere' })).toMatchObject({
    status: { code: 800, errorCode: 1, reason: 'database not found[database=nowhere]' },
  });
});

it('answers UNIMPLEMENTED, naming the RPC, for what is not built', async () => {
  const unbuilt = [
    'AlterCollectionSchema',
    'CreateCredential',
    'RunAnalyzer',
    'ListCredUsers',
    'Import',
    'LoadBalance',
  ];
  for (const rpc of unbuilt) {
    const error = (await call(rpc, {}).catch((caught) => caught)) as ServiceError;
    expect(error.code).toBe(status.UNIMPLEMENTED);
    expect(error.details.toLowerCase()).toContain(rpc.toLowerCase());
  }
  await call('CreateDatabase', { dbName: 'shop' });
});
