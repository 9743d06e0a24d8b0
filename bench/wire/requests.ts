import * as common from '../../src/gen/milvus/common.ts';
import * as milvus from '../../src/gen/milvus/milvus.ts';
import * as schema from '../../src/gen/milvus/schema.ts';
import type { EncodedCall } from '../load/connection.ts';

/** Calls of MilvusService that every version since 2.3 understands, encoded. */
const SERVICE = '/milvus.proto.milvus.MilvusService/';
export const FIELD = { id: 'id', rank: 'rank', vector: 'vector' } as const;
export const HNSW = { m: 16, efConstruction: 200 } as const;
export const INDEX_NAME = 'graph';
/** Reads at a timestamp of 1 wait for nothing. */
const EVENTUALLY_TIMESTAMP = 1n;
const CONSISTENCY = { strong: 0, eventually: 3 } as const;

export function rpc(name: string, message: { finish(): Uint8Array }): EncodedCall {
  return { path: SERVICE + name, message: message.finish() };
}

/** Named rows of (id Int64, rank Int64, vector FloatVector). */
export function createCollection(name: string, dim: number): EncodedCall {
  const field = (options: Parameters<typeof schema.FieldSchema.fromPartial>[0]) =>
    schema.FieldSchema.fromPartial(options);
  const collection = schema.CollectionSchema.fromPartial({
    name,
    fields: [
      field({ fieldID: 100n, name: FIELD.id, dataType: 5, isPrimaryKey: true }),
      field({ fieldID: 101n, name: FIELD.rank, dataType: 5 }),
      field({
        fieldID: 102n,
        name: FIELD.vector,
        dataType: 101,
        typeParams: [{ key: 'dim', value: String(dim) }],
      }),
    ],
  });
  const request = milvus.CreateCollectionRequest.fromPartial({
    collectionName: name,
    schema: schema.CollectionSchema.encode(collection).finish(),
    shardsNum: 1,
    consistencyLevel: CONSISTENCY.strong,
  });
  return rpc('CreateCollection', milvus.CreateCollectionRequest.encode(request));
}

export interface Rows {
  /** Whole numbers. */
  readonly ids: ArrayLike<number>;
  readonly ranks: ArrayLike<number>;
  /** Row-major. */
  readonly vectors: Float32Array;
  readonly dim: number;
}

export function insert(collection: string, rows: Rows): EncodedCall {
  const longs = (name: string, values: ArrayLike<number>) =>
    schema.FieldData.encode(
      schema.FieldData.fromPartial({
        type: 5,
        fieldName: name,
        scalars: { longData: { data: packedVarints(values) } },
      }),
    ).finish();
  const { buffer, byteOffset, byteLength } = rows.vectors;
  const vectors = schema.FieldData.fromPartial({
    type: 101,
    fieldName: FIELD.vector,
    vectors: {
      dim: BigInt(rows.dim),
      floatVector: { data: new Uint8Array(buffer, byteOffset, byteLength) },
    },
  });
  const request = milvus.InsertRequest.fromPartial({
    collectionName: collection,
    fieldsData: [
      longs(FIELD.id, rows.ids),
      longs(FIELD.rank, rows.ranks),
      schema.FieldData.encode(vectors).finish(),
    ],
    numRows: rows.ids.length,
  });
  return rpc('Insert', milvus.InsertRequest.encode(request));
}

/** Not negative, below 2^53. */
function packedVarints(values: ArrayLike<number>): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < values.length; i++) {
    let rest = values[i]!;
    while (rest >= 128) {
      bytes.push((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}

export interface SearchOptions {
  readonly limit: number;
  readonly ef: number;
  readonly filter?: string;
  readonly strong?: boolean;
}

/** One query vector. */
export function search(collection: string, query: Float32Array, options: SearchOptions): EncodedCall {
  const group = common.PlaceholderGroup.fromPartial({
    placeholders: [
      {
        tag: '$0',
        type: 101,
        values: [new Uint8Array(query.buffer, query.byteOffset, query.byteLength)],
      },
    ],
  });
  const params = {
    anns_field: FIELD.vector,
    topk: String(options.limit),
    metric_type: 'COSINE',
    round_decimal: '-1',
    params: JSON.stringify({ ef: options.ef }),
  };
  const request = milvus.SearchRequest.fromPartial({
    collectionName: collection,
    dsl: options.filter ?? '',
    dslType: 1,
    placeholderGroup: common.PlaceholderGroup.encode(group).finish(),
    searchParams: keyValues(params),
    nq: 1n,
    consistencyLevel: options.strong === true ? CONSISTENCY.strong : CONSISTENCY.eventually,
    guaranteeTimestamp: options.strong === true ? 0n : EVENTUALLY_TIMESTAMP,
  });
  return rpc('Search', milvus.SearchRequest.encode(request));
}

export type IndexType = 'HNSW' | 'FLAT';

export function createIndex(collection: string, indexType: IndexType): EncodedCall {
  const params = indexType === 'HNSW' ? { M: HNSW.m, efConstruction: HNSW.efConstruction } : {};
  const request = milvus.CreateIndexRequest.fromPartial({
    collectionName: collection,
    fieldName: FIELD.vector,
    indexName: INDEX_NAME,
    extraParams: keyValues({
      index_type: indexType,
      metric_type: 'COSINE',
      params: JSON.stringify(params),
    }),
  });
  return rpc('CreateIndex', milvus.CreateIndexRequest.encode(request));
}

export function countRows(collection: string): EncodedCall {
  const request = milvus.QueryRequest.fromPartial({
    collectionName: collection,
    outputFields: ['count(*)'],
    consistencyLevel: CONSISTENCY.strong,
  });
  return rpc('Query', milvus.QueryRequest.encode(request));
}

function keyValues(values: Readonly<Record<string, string>>): { key: string; value: string }[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}
