import { DataType, IndexType, MetricType, type MilvusClient } from '@zilliz/milvus2-sdk-node';
import { expectOk } from './replies.ts';
import { DIM } from './rows.ts';

export interface CrashCollection {
  readonly name: string;
  readonly shards: number;
}

/** One shard, where a request is all or nothing, and several, where each has all or none of its part. */
export const COLLECTIONS: readonly CrashCollection[] = [
  { name: 'one_shard', shards: 1 },
  { name: 'three_shards', shards: 3 },
];

export async function createCollection(
  client: MilvusClient,
  { name, shards }: CrashCollection,
): Promise<void> {
  expectOk(
    await client.createCollection({
      collection_name: name,
      shards_num: shards,
      enable_dynamic_field: true,
      consistency_level: 'Strong',
      fields: [
        { name: 'id', data_type: DataType.Int64, is_primary_key: true },
        { name: 'writer', data_type: DataType.Int32 },
        { name: 'slot', data_type: DataType.Int32 },
        { name: 'version', data_type: DataType.Int64 },
        { name: 'text', data_type: DataType.VarChar, max_length: 200 },
        { name: 'vector', data_type: DataType.FloatVector, dim: DIM },
      ],
    }),
  );
  expectOk(
    await client.createIndex({
      collection_name: name,
      field_name: 'vector',
      index_type: IndexType.HNSW,
      metric_type: MetricType.L2,
      params: { M: 16, efConstruction: 100 },
    }),
  );
  expectOk(await client.loadCollection({ collection_name: name }));
}
