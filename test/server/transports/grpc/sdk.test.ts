import { createServer, type Server } from 'node:net';
import { DataType, IndexType, MetricType, MilvusClient as Sdk } from '@zilliz/milvus2-sdk-node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MilvusServiceService } from '../../../../src/gen/milvus/milvus.ts';
import type { GrpcServer } from '../../../../src/server/transports/grpc/server.ts';
import { createGrpcServer } from '../../../../src/server/transports/grpc/server.ts';
import { silent } from '../../../core/coordinator/fixture.ts';
import { MilvusClient } from './milvusClient.ts';

let port: Server;
let server: GrpcServer;
let sdk: Sdk;

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
  sdk = new Sdk({ address: `127.0.0.1:${number}`, logLevel: 'error' });
  await sdk.connectPromise;
});

afterEach(async () => {
  await sdk.closeConnection();
  port.close();
  await server.drain(1_000);
});

it('serves the definitions of the Node SDK', async () => {
  expect((await sdk.getVersion()).version).toBe('3.0.1');
  expect((await sdk.checkHealth()).isHealthy).toBe(true);
  expect((await sdk.hasCollection({ collection_name: 'books' })).value).toBe(false);
  const created = await sdk.createCollection({
    collection_name: 'books',
    enable_dynamic_field: true,
    fields: [
      { name: 'id', data_type: DataType.Int64, is_primary_key: true, autoID: true },
      { name: 'vector', data_type: DataType.FloatVector, dim: 8 },
      { name: 'title', data_type: DataType.VarChar, max_length: 100, default_value: 'none', nullable: true },
      { name: 'year', data_type: DataType.Int32, default_value: 1999 },
      {
        name: 'tags',
        data_type: DataType.Array,
        element_type: DataType.VarChar,
        max_capacity: 4,
        max_length: 9,
      },
    ],
  });
  expect(created).toMatchObject({ error_code: 'Success', code: 0 });
  const described = await sdk.describeCollection({ collection_name: 'books' });
  expect(described.schema.fields.map((field) => [field.name, field.data_type, field.nullable])).toEqual([
    ['id', 'Int64', false],
    ['vector', 'FloatVector', false],
    ['title', 'VarChar', true],
    ['year', 'Int32', false],
    ['tags', 'Array', false],
  ]);
  expect(described).toMatchObject({ consistency_level: 'Bounded', db_name: 'default' });
  const index = await sdk.createIndex({
    collection_name: 'books',
    field_name: 'vector',
    index_type: IndexType.HNSW,
    metric_type: MetricType.COSINE,
    params: { M: 8, efConstruction: 64 },
  });
  expect(index.error_code).toBe('Success');
  const indexes = await sdk.describeIndex({ collection_name: 'books' });
  expect(indexes.index_descriptions[0]).toMatchObject({ index_name: 'vector', state: 'Finished' });
  expect((await sdk.loadCollectionSync({ collection_name: 'books' })).error_code).toBe('Success');
  expect((await sdk.getLoadState({ collection_name: 'books' })).state).toBe('LoadStateLoaded');
  expect((await sdk.showCollections()).data.map((info) => info.name)).toEqual(['books']);
  await sdk.createPartition({ collection_name: 'books', partition_name: 'p' });
  expect((await sdk.showPartitions({ collection_name: 'books' })).partition_names).toEqual(['_default', 'p']);
  await sdk.createAlias({ collection_name: 'books', alias: 'now' });
  expect((await sdk.listAliases({ collection_name: 'books' })).aliases).toEqual(['now']);
  const flushed = await sdk.flushSync({ collection_names: ['books'] });
  expect(flushed.flushed).toBe(true);
  await sdk.dropAlias({ alias: 'now' });
  expect((await sdk.dropCollection({ collection_name: 'books' })).error_code).toBe('Success');
  const missing = await sdk.describeCollection({ collection_name: 'books' });
  expect(missing.status).toMatchObject({ error_code: 'CollectionNotExists', code: 100 });
});
