import { DataType, type MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ElanusServer } from '../harness/elanusServer.ts';
import { connect, countOf, createCollection, fault, idsOf, ok, rowsOf, vectorOf } from './client.ts';

const server = new ElanusServer();
let client: MilvusClient;

beforeAll(async () => {
  await server.start();
  client = await connect(server.address);
});
afterAll(async () => {
  await client.closeConnection();
  await server.remove();
});

const YEAR = { name: 'year', data_type: DataType.Int32 } as const;

test('every type comes back as it went in, after a flush and a restart too', async () => {
  await createCollection(client, 'types', {
    dynamic: true,
    fields: [
      { name: 'yes', data_type: DataType.Bool },
      { name: 'i8', data_type: DataType.Int8 },
      { name: 'i16', data_type: DataType.Int16 },
      { name: 'i32', data_type: DataType.Int32 },
      { name: 'i64', data_type: DataType.Int64 },
      { name: 'f32', data_type: DataType.Float },
      { name: 'f64', data_type: DataType.Double },
      { name: 'text', data_type: DataType.VarChar, max_length: 100 },
      { name: 'facts', data_type: DataType.JSON },
      { name: 'numbers', data_type: DataType.Array, element_type: DataType.Int32, max_capacity: 5 },
      {
        name: 'words',
        data_type: DataType.Array,
        element_type: DataType.VarChar,
        max_capacity: 5,
        max_length: 20,
      },
      { name: 'maybe', data_type: DataType.Int32, nullable: true },
      { name: 'usual', data_type: DataType.VarChar, max_length: 20, default_value: 'as usual' },
    ],
  });
  const full = {
    id: '9223372036854775807',
    vector: [1.5, -2, 0.25, 3],
    yes: true,
    i8: -128,
    i16: 32767,
    i32: -2147483648,
    i64: '-9223372036854775808',
    f32: 0.5,
    f64: 0.1,
    text: 'žluťoučký 🐎',
    facts: { a: [1, { b: null }], c: 'd' },
    numbers: [1, -2, 3],
    words: ['', 'b'],
    maybe: 7,
    usual: 'not this time',
    undeclared: 'key',
  };
  const bare = {
    ...full,
    id: '-5',
    i64: '12',
    facts: 4,
    numbers: [],
    words: [],
    maybe: null,
    usual: undefined,
    undeclared: undefined,
  };
  const { insert_cnt, IDs } = ok(
    await client.insert({ collection_name: 'types', data: [full, bare] as never }),
  );
  expect([insert_cnt, IDs]).toMatchObject(['2', { int_id: { data: [full.id, bare.id] } }]);

  const { undeclared: _key, ...columns } = full;
  const expected = [
    {
      ...columns,
      id: '-5',
      i64: '12',
      facts: 4,
      numbers: [],
      words: [],
      maybe: null,
      usual: 'as usual',
      $meta: {},
    },
    { ...columns, $meta: { undeclared: 'key' } },
  ];
  const read = async () =>
    ok(await client.query({ collection_name: 'types', filter: 'i32 < 0', output_fields: ['*'] })).data;
  expect(await read()).toEqual(expected);
  ok(await client.flush({ collection_names: ['types'] }));
  expect(await read()).toEqual(expected);
  await client.closeConnection();
  await server.kill();
  await server.start();
  client = await connect(server.address);
  expect(await read()).toEqual(expected);
});

test('int64 keys beyond 2^53 are exact as strings, in ids, filters and templates', async () => {
  await createCollection(client, 'big');
  const ids = ['9007199254740993', '9007199254740992', '-9007199254740993'];
  ok(await client.insert({ collection_name: 'big', data: ids.map((id) => ({ id, vector: vectorOf(1) })) }));
  const got = ok(
    await client.get({ collection_name: 'big', ids: ['9007199254740993'], output_fields: ['id'] }),
  );
  expect(got.data).toEqual([{ id: '9007199254740993' }]);
  const filtered = await client.query({
    collection_name: 'big',
    filter: 'id > 9007199254740992',
    output_fields: ['id'],
  });
  expect(ok(filtered).data).toEqual([{ id: '9007199254740993' }]);
  expect(ok(await client.delete({ collection_name: 'big', ids: ['9007199254740992'] })).delete_cnt).toBe('1');
  const rest = ok(await client.query({ collection_name: 'big', filter: 'id != 0', output_fields: ['id'] }));
  expect(rest.data.map(({ id }) => id)).toEqual(['-9007199254740993', '9007199254740993']);
});

test('insert, upsert and delete: counts are exact, the newest row wins, deleted rows are gone', async () => {
  await createCollection(client, 'rows', { fields: [YEAR] });
  ok(await client.insert({ collection_name: 'rows', data: rowsOf(0, 100, { year: () => 1 }) }));
  const upserted = ok(
    await client.upsert({ collection_name: 'rows', data: rowsOf(90, 110, { year: () => 2 }) }),
  );
  expect(upserted.upsert_cnt).toBe('20');
  expect(await countOf(client, 'rows')).toBe(110);
  expect(await countOf(client, 'rows', 'year == 2')).toBe(20);
  ok(await client.insert({ collection_name: 'rows', data: rowsOf(0, 10, { year: () => 3 }) }));
  expect(await countOf(client, 'rows')).toBe(110);

  expect(ok(await client.delete({ collection_name: 'rows', ids: [0, 1, 2] })).delete_cnt).toBe('3');
  ok(await client.deleteEntities({ collection_name: 'rows', filter: 'id >= 50 and year == 1' }));
  ok(await client.delete({ collection_name: 'rows', filter: 'id in {ids}', exprValues: { ids: [3, 4] } }));
  const left = [...Array(45).keys()].map((i) => i + 5).concat([...Array(20).keys()].map((i) => i + 90));
  expect(await idsOf(client, 'rows')).toEqual(left);
  ok(await client.flush({ collection_names: ['rows'] }));
  expect(await idsOf(client, 'rows')).toEqual(left);
  ok(await client.delete({ collection_name: 'rows', ids: [5] }));
  expect(await idsOf(client, 'rows')).toEqual(left.slice(1));
});

test('automatic keys are handed out and returned', async () => {
  ok(
    await client.createCollection({
      collection_name: 'auto',
      fields: [
        { name: 'key', data_type: DataType.Int64, is_primary_key: true, autoID: true },
        { name: 'vector', data_type: DataType.FloatVector, dim: 4 },
      ],
      index_params: { field_name: 'vector', index_type: 'AUTOINDEX', metric_type: 'COSINE' },
    }),
  );
  const data = [{ vector: vectorOf(1) }, { vector: vectorOf(2) }];
  const { IDs } = ok(await client.insert({ collection_name: 'auto', data }));
  const keys = (IDs as unknown as { int_id: { data: string[] } }).int_id.data;
  expect(new Set(keys).size).toBe(2);
  const got = ok(await client.get({ collection_name: 'auto', ids: keys, output_fields: ['vector'] }));
  expect(got.data.map(({ vector }) => vector)).toEqual(data.map(({ vector }) => vector));
});

test('undeclared keys: filtered and returned; the SDK leaves them together', async () => {
  await createCollection(client, 'dynamic', { dynamic: true });
  const color = (id: number) => (id % 2 === 0 ? 'red' : 'green');
  ok(
    await client.insert({
      collection_name: 'dynamic',
      data: rowsOf(0, 10, { color, depth: (id) => ({ m: id }) }),
    }),
  );
  const reply = await client.query({
    collection_name: 'dynamic',
    filter: 'color == "red" and depth["m"] > 4',
    output_fields: ['color', 'depth'],
  });
  expect(ok(reply).data).toEqual([
    { id: '6', $meta: { color: 'red', depth: { m: 6 } } },
    { id: '8', $meta: { color: 'red', depth: { m: 8 } } },
  ]);
});

test('a query with limit and offset goes through the rows in order', async () => {
  await createCollection(client, 'paged', { shards: 3 });
  ok(await client.insert({ collection_name: 'paged', data: rowsOf(0, 57) }));
  const seen: string[] = [];
  for (let offset = 0; offset < 60; offset += 10) {
    const page = await client.query({
      collection_name: 'paged',
      filter: 'id % 2 == 1',
      output_fields: ['id'],
      limit: 10,
      offset,
    });
    seen.push(...ok(page).data.map(({ id }) => id as string));
  }
  expect(seen).toEqual([...Array(28).keys()].map((i) => String(2 * i + 1)));
});

test('a refused write says why and leaves nothing behind', async () => {
  await createCollection(client, 'strict', {
    fields: [{ name: 'word', data_type: DataType.VarChar, max_length: 5 }],
  });
  const insert = (...data: object[]) =>
    fault(client.insert({ collection_name: 'strict', data: data as never }));
  const good = { id: 1, vector: vectorOf(1), word: 'fine' };
  expect(await insert(good, { ...good, id: 2, word: 'too long' })).toMatch(/word.*5/);
  expect(await insert(good, { ...good, id: 2, vector: [1, 2, 3, Number.NaN] })).toMatch(/NaN|Inf/);
  expect(await insert({ id: 1, vector: vectorOf(1) })).toMatch(/word/);
  expect(await fault(client.query({ collection_name: 'strict', filter: 'word ==' }))).toMatch(/^1100 .*pars/);
  expect(await fault(client.query({ collection_name: 'strict', filter: 'nothing == 1' }))).toMatch(
    /^1100 .*nothing/,
  );
  expect(await countOf(client, 'strict')).toBe(0);
  expect(await fault(client.insert({ collection_name: 'nowhere', data: [good] }))).toMatch(/nowhere/);
});
