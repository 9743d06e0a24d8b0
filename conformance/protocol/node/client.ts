import { type CreateCollectionReq, DataType, MilvusClient, type ResStatus } from '@zilliz/milvus2-sdk-node';
import { expect } from 'vitest';

export const DIM = 4;

type Reply = ResStatus | { readonly status: ResStatus };
type Fields = Extract<CreateCollectionReq, { fields: unknown }>['fields'];

export interface CollectionOptions {
  /** Beside `id` (Int64, primary key) and `vector` (FloatVector of DIM numbers). */
  readonly fields?: Fields;
  readonly dynamic?: boolean;
  readonly metric?: 'L2' | 'IP' | 'COSINE';
  readonly index?: 'FLAT' | 'HNSW' | 'AUTOINDEX';
  readonly shards?: number;
}

export async function connect(address: string, database?: string): Promise<MilvusClient> {
  const where = database === undefined ? {} : { database };
  // A connection of its own: connections to a server that was restarted at the same address are not waited for.
  const channelOptions = { 'grpc.use_local_subchannel_pool': 1 };
  const client = new MilvusClient({ address, logLevel: 'error', timeout: 60_000, channelOptions, ...where });
  await client.connectPromise;
  return client;
}

export function statusOf(reply: Reply): ResStatus {
  return 'status' in reply ? (reply.status as ResStatus) : (reply as ResStatus);
}

/** Expects success and hands the reply on. */
export function ok<T extends Reply>(reply: T): T {
  expect(statusOf(reply)).toMatchObject({ error_code: 'Success', code: 0 });
  return reply;
}

/** Expects failure: `code error_code: reason`. Some calls of the SDK answer it, some throw it, as a status or as an error. */
export async function fault(call: Promise<Reply>): Promise<string> {
  const reply = await call.catch((thrown: unknown) => thrown as Reply | Error);
  if (reply instanceof Error) return reply.message;
  const { code, error_code, reason } = statusOf(reply);
  expect([code, error_code]).not.toContain(0);
  expect(error_code).not.toBe('Success');
  return `${code} ${error_code}: ${reason}`;
}

/** A collection with Strong reads, indexed and loaded. */
export async function createCollection(
  client: MilvusClient,
  name: string,
  options: CollectionOptions = {},
): Promise<void> {
  const { fields = [], dynamic = false, metric = 'L2', index = 'FLAT', shards = 1 } = options;
  ok(
    await client.createCollection({
      collection_name: name,
      shards_num: shards,
      enable_dynamic_field: dynamic,
      consistency_level: 'Strong',
      fields: [
        { name: 'id', data_type: DataType.Int64, is_primary_key: true },
        { name: 'vector', data_type: DataType.FloatVector, dim: DIM },
        ...fields,
      ],
    }),
  );
  const field = { collection_name: name, field_name: 'vector' };
  ok(await client.createIndex({ ...field, index_type: index, metric_type: metric }));
  ok(await client.loadCollection({ collection_name: name }));
}

/** Numbers that differ from row to row and are exact in float32. */
export function vectorOf(id: number): number[] {
  return [id, 1, id % 7, -0.5];
}

/** Rows `from` to `to` (exclusive) with a value of each column, a function of the id. */
export function rowsOf(
  from: number,
  to: number,
  columns: Readonly<Record<string, (id: number) => unknown>> = {},
) {
  return Array.from({ length: to - from }, (_, i) => {
    const id = from + i;
    const values = Object.entries(columns).map(([name, value]) => [name, value(id)] as const);
    return { id, vector: vectorOf(id), ...(Object.fromEntries(values) as Record<string, never>) };
  });
}

/** Keys of the rows that match, in the order they came. */
export async function idsOf(client: MilvusClient, name: string, filter = 'id >= 0'): Promise<number[]> {
  const reply = ok(await client.query({ collection_name: name, filter, output_fields: ['id'] }));
  return reply.data.map(({ id }) => Number(id));
}

export async function countOf(client: MilvusClient, name: string, filter = ''): Promise<number> {
  return ok(await client.count({ collection_name: name, expr: filter })).data;
}
