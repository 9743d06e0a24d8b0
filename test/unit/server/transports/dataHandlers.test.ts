import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import type { Column } from '../../../../src/core/domain/columns.ts';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import type { Logger } from '../../../../src/core/ports/logger.ts';
import {
  DeleteRequest,
  HybridSearchRequest,
  InsertRequest,
  MutationResult,
  QueryRequest,
  QueryResults,
  SearchRequest,
  SearchResults,
  UpsertRequest,
} from '../../../../src/gen/milvus/milvus.ts';
import { LongArray } from '../../../../src/gen/milvus/schema.ts';
import { dataHandlers } from '../../../../src/server/transports/grpc/handlers/data.ts';
import type { DataCodec } from '../../../../src/server/transports/grpc/handlers/dataCodec.ts';
import { packedVarints } from '../../../../src/server/transports/grpc/handlers/packedNumbers.ts';
import type { UnaryHandlers } from '../../../../src/server/transports/grpc/unaryMethods.ts';
import type { RowValue } from '../../../model/columnValues.ts';
import { columnOfValues, scalarColumn, valuesOf } from '../../../model/columnValues.ts';
import { intKey, keyValues, scalar, vector, World } from '../../core/access/fixture.ts';

/** Columns as JSON: a column codec of its own, so that these tests are about everything else. */
const encode = (value: unknown): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify(value, (_key, inner) => (typeof inner === 'bigint' ? `${inner}n` : inner)),
  );
const decode = (bytes: Uint8Array) =>
  JSON.parse(new TextDecoder().decode(bytes), (_key, inner) =>
    typeof inner === 'string' && /^-?\d+n$/.test(inner) ? BigInt(inner.slice(0, -1)) : inner,
  );

const codec: DataCodec = {
  incomingField(bytes) {
    const { name, dataType, values } = decode(bytes);
    return { name, dataType, isDynamic: false, decode: (field) => columnOfValues(field, values) };
  },
  encodeFieldData: (field, column) => encode({ name: field.name, values: valuesOf(column) }),
  decodeIds: (bytes): Column => scalarColumn(DataType.Int64, decode(bytes)),
  encodeIds: (keys) => encode(valuesOf(keys)),
  decodePlaceholders(bytes) {
    const vectors = decode(bytes) as number[][];
    return { count: vectors.length, values: Float32Array.from(vectors.flat()) };
  },
};

const context = {
  metadata: (key: string) => (key === 'dbname' ? 'default' : undefined),
  signal: new AbortController().signal,
  deadlineMs: Number.POSITIVE_INFINITY,
  peer: 'test',
};

const silent: Logger = {
  child: () => silent,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

interface Calls {
  Insert(request: InsertRequest, call: typeof context): Promise<MutationResult>;
  Upsert(request: UpsertRequest, call: typeof context): Promise<MutationResult>;
  Delete(request: DeleteRequest, call: typeof context): Promise<MutationResult>;
  Search(request: SearchRequest, call: typeof context): Promise<SearchResults>;
  HybridSearch(request: HybridSearchRequest, call: typeof context): Promise<SearchResults>;
  Query(request: QueryRequest, call: typeof context): Promise<QueryResults>;
}

function callable(handlers: UnaryHandlers): Calls {
  return handlers as unknown as Calls;
}

async function make() {
  const world = await World.make({ fields: [intKey(), vector(), scalar('age', DataType.Int64)], shards: 2 });
  return { world, handlers: callable(dataHandlers({ access: world.access, codec, logger: silent })) };
}

/** Through the bytes of the wire, as a server would get it. */
function sent<Message>(
  type: { encode(message: Message): BinaryWriter; decode(bytes: Uint8Array): Message },
  message: Message,
): Message {
  return type.decode(type.encode(message).finish());
}

function unpack(bytes: Uint8Array): number[] {
  const reader = new BinaryReader(bytes);
  const values: number[] = [];
  while (reader.pos < reader.len) values.push(reader.uint32());
  return values;
}

function floats(bytes: Uint8Array): number[] {
  const reader = new BinaryReader(bytes);
  const values: number[] = [];
  while (reader.pos < reader.len) values.push(reader.float());
  return values;
}

const rows = {
  id: Array.from({ length: 300 }, (_, i) => BigInt(i)),
  vec: Array.from({ length: 300 }, (_, i) => [i, 0, 0, 0]),
  age: Array.from({ length: 300 }, (_, i) => BigInt(i % 10)),
};
const types = { id: DataType.Int64, vec: DataType.FloatVector, age: DataType.Int64 };

function fieldsData(values: Partial<Record<keyof typeof types, readonly RowValue[]>>): Uint8Array[] {
  return Object.entries(values).map(([name, list]) =>
    encode({ name, dataType: types[name as 'id'], values: list }),
  );
}

const insertion = sent(
  InsertRequest,
  InsertRequest.fromPartial({ collectionName: 'c', numRows: 300, fieldsData: fieldsData(rows) }),
);

const search = (vectors: number[][], params: Record<string, unknown> = {}) =>
  sent(
    SearchRequest,
    SearchRequest.fromPartial({
      collectionName: 'c',
      placeholderGroup: encode(vectors),
      nq: BigInt(vectors.length),
      searchParams: keyValues({ topk: 3, ...params }),
      useDefaultConsistency: true,
      guaranteeTimestamp: 1n,
    }),
  );

describe('data handlers', () => {
  it('insert, upsert and delete', async () => {
    const { handlers } = await make();
    const inserted = sent(MutationResult, await handlers.Insert(insertion, context));
    expect(inserted.status).toMatchObject({ code: 0, errorCode: 0 });
    expect(unpack(inserted.succIndex)).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expect(decode(inserted.IDs)).toEqual(rows.id);
    expect([inserted.insertCnt, inserted.deleteCnt, inserted.upsertCnt, inserted.timestamp > 0n]).toEqual([
      300n,
      0n,
      0n,
      true,
    ]);

    const upsert = {
      collectionName: 'c',
      numRows: 1,
      fieldsData: fieldsData({ id: [5n], age: [77n] }),
      partialUpdate: true,
    };
    const upserted = await handlers.Upsert(sent(UpsertRequest, UpsertRequest.fromPartial(upsert)), context);
    expect([upserted.insertCnt, upserted.deleteCnt, upserted.upsertCnt]).toEqual([1n, 1n, 1n]);
    const ops = UpsertRequest.fromPartial({ ...upsert, fieldOps: [{ fieldName: 'age', op: 1 }] });
    expect((await handlers.Upsert(ops, context)).status!.reason).toBe(
      'field_ops other than REPLACE is not supported, field: age',
    );

    const deletion = DeleteRequest.fromPartial({
      collectionName: 'c',
      expr: 'age in {ages}',
      exprTemplateValues: { ages: { arrayVal: { longData: longs([77n, -1n], 'packed') } } },
    });
    const deleted = sent(MutationResult, await handlers.Delete(sent(DeleteRequest, deletion), context));
    expect([deleted.IDs.length, deleted.deleteCnt, unpack(deleted.succIndex)]).toEqual([0, 1n, []]);
  });

  it('search by vectors and ids', async () => {
    const { handlers } = await make();
    await handlers.Insert(insertion, context);
    const found = sent(
      SearchResults,
      await handlers.Search(
        search([
          [10, 0, 0, 0],
          [299, 0, 0, 0],
        ]),
        context,
      ),
    );
    const results = found.results!;
    expect([results.numQueries, results.topK, results.primaryFieldName]).toEqual([2n, 3n, 'id']);
    expect(unpack(results.topks)).toEqual([3, 3]);
    expect(decode(results.ids)).toEqual([10n, 9n, 11n, 299n, 298n, 297n]);
    expect(floats(results.scores)).toEqual([0, 1, 1, 0, 1, 4]);
    expect([found.collectionName, found.sessionTs > 0n, results.searchIteratorV2Results]).toEqual([
      'c',
      true,
      undefined,
    ]);

    const byIds = {
      ...search([], {}),
      placeholderGroup: undefined,
      ids: encode([7n]),
      outputFields: ['age'],
    };
    const near = (await handlers.Search(sent(SearchRequest, byIds), context)).results!;
    expect(decode(near.ids)).toEqual([7n, 6n, 8n]);
    expect(near.fieldsData.map(decode)).toEqual([{ name: 'age', values: [7n, 6n, 8n] }]);
    const neither = await handlers.Search({ ...byIds, ids: undefined }, context);
    expect(neither.status!.reason).toContain('placeholder_group or ids');
  });

  it('search page by page', async () => {
    const { handlers } = await make();
    await handlers.Insert(insertion, context);
    const iterator = { iterator: 'True', search_iter_v2: 'True', search_iter_batch_size: 2 };
    const page = sent(SearchResults, await handlers.Search(search([[0, 0, 0, 0]], iterator), context));
    expect(page.results!.searchIteratorV2Results).toEqual({
      token: expect.stringMatching(/^[0-9a-f-]{36}$/),
      lastBound: 1,
    });
  });

  it('search with several vectors fields at once', async () => {
    const { handlers } = await make();
    await handlers.Insert(insertion, context);
    const request = HybridSearchRequest.fromPartial({
      collectionName: 'c',
      rankParams: keyValues({ limit: 2 }),
      outputFields: ['age'],
      requests: [search([[10, 0, 0, 0]]), search([[11, 0, 0, 0]])],
    });
    const { results } = await handlers.HybridSearch(sent(HybridSearchRequest, request), context);
    expect(decode(results!.ids)).toEqual([10n, 11n]);
    expect(results!.fieldsData.map(decode)).toEqual([{ name: 'age', values: [0n, 1n] }]);
  });

  it('query', async () => {
    const { handlers } = await make();
    await handlers.Insert(insertion, context);
    const request = QueryRequest.fromPartial({
      collectionName: 'c',
      expr: 'id in {ids}',
      outputFields: ['age'],
      exprTemplateValues: { ids: { arrayVal: { longData: longs([3n, 250n], 'single') } } },
    });
    const reply = sent(QueryResults, await handlers.Query(sent(QueryRequest, request), context));
    expect(reply.fieldsData.map(decode)).toEqual([
      { name: 'age', values: [3n, 0n] },
      { name: 'id', values: [3n, 250n] },
    ]);
    expect([reply.outputFields, reply.primaryFieldName, reply.sessionTs > 0n]).toEqual([
      ['age', 'id'],
      'id',
      true,
    ]);
  });

  it('name what they refuse', async () => {
    const { handlers } = await make();
    const refused: [Partial<SearchRequest>, string][] = [
      [{ functionScore: { functions: [], params: [] } }, 'function_score is not supported'],
      [{ highlighter: { type: 0, params: [] } }, 'highlighter is not supported'],
      [{ functionChains: [{} as never] }, 'function_chains is not supported'],
      [{ searchAggregation: {} as never }, 'search_aggregation is not supported'],
      [{ namespace: 'n' }, 'namespace is not supported'],
    ];
    for (const [part, text] of refused) {
      const reply = sent(
        SearchResults,
        await handlers.Search({ ...search([[0, 0, 0, 0]]), ...part }, context),
      );
      expect(reply.status).toMatchObject({ code: 1100, errorCode: 5, reason: text });
    }
  });
});

/** A LongArray message whose numbers are packed, or each a field of its own. */
function longs(values: readonly bigint[], form: 'packed' | 'single'): Uint8Array {
  const writer = new BinaryWriter();
  if (form === 'single') {
    for (const value of values) writer.uint32(8).int64(value);
    return writer.finish();
  }
  for (const value of values) writer.int64(value);
  return LongArray.encode({ data: writer.finish() }).finish();
}

it('packs numbers as protobuf does', () => {
  const values = [0, 1, 127, 128, 16_383, 16_384, 2 ** 28, 2 ** 32 - 1];
  const writer = new BinaryWriter();
  for (const value of values) writer.uint32(value);
  expect([...packedVarints(Uint32Array.from(values))]).toEqual([...writer.finish()]);
});
