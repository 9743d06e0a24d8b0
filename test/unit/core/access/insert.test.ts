import { describe, expect, it } from 'vitest';
import type { IncomingField } from '../../../../src/core/access/requests.ts';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { columnOfValues, scalarColumn, valuesOf } from '../../../model/columnValues.ts';
import { intKey, scalar, textKey, vector, World } from './fixture.ts';

const V = [1, 2, 3, 4];
const bytes = (length: number): string => 'x'.repeat(length);

async function wide(): Promise<World> {
  return World.make({
    dynamic: true,
    fields: [
      intKey(),
      vector(),
      scalar('name', DataType.VarChar, { nullable: true }),
      scalar('age', DataType.Int8, { nullable: true }),
      scalar('size', DataType.Int16, { nullable: true }),
      scalar('price', DataType.Float, { nullable: true }),
      scalar('doc', DataType.JSON, { nullable: true }),
      scalar('tags', DataType.Array, {
        elementType: DataType.VarChar,
        maxCapacity: 2,
        maxLength: 3,
        nullable: true,
      }),
      scalar('small', DataType.Array, { elementType: DataType.Int8, maxCapacity: 2, nullable: true }),
      scalar('grade', DataType.Int32, { defaultValue: 5 }),
      scalar('label', DataType.VarChar, { defaultValue: 'none' }),
    ],
  });
}

describe('checks of an insert', () => {
  const base = { id: [1n, 2n], vec: [V, V] };
  const cases: [
    string,
    Record<string, readonly (string | number | bigint | null | readonly unknown[])[]>,
    string,
  ][] = [
    [
      'a long text',
      { name: ['ok', bytes(17)] },
      'length of varchar field name exceeds max length, row number: 1, length: 17, max length: 16',
    ],
    [
      'a text of few characters and many bytes',
      { name: ['é'.repeat(9), ''] },
      'row number: 0, length: 18, max length: 16',
    ],
    [
      'NaN',
      { price: [1, Number.NaN] },
      "value 'NaN' is not a number or infinity, field: price, row number: 1",
    ],
    [
      'infinity in a vector',
      { vec: [V, [1, 2, Number.POSITIVE_INFINITY, 4]] },
      "value 'Infinity' is not a number or infinity, field: vec, row number: 1",
    ],
    [
      'a long array',
      { tags: [[], ['a', 'b', 'c']] },
      'array field tags exceeds max capacity, row number: 1, length: 3, max capacity: 2',
    ],
    ['a long array element', { tags: [['abcd'], []] }, 'length of varchar field tags exceeds max length'],
    ['invalid JSON', { doc: ['{}', '{'] }, 'invalid JSON in field doc, row number: 1'],
    ['long JSON', { doc: [`"${bytes(65_535)}"`, '1'] }, 'row number: 0, length: 65537, max length: 65536'],
    ['a dynamic row that is no object', { $meta: ['{}', '[1]'] }, 'must hold a JSON object, row number: 1'],
    ['a dynamic key $meta', { $meta: ['{"$meta":1}', '{}'] }, 'must not contain the key $meta'],
    [
      'a dynamic key that is a field',
      { $meta: ['{}', '{"x":1,"age":2}'] },
      'dynamic key age is the name of a declared field, row number: 1',
    ],
    ['such a key with escapes', { $meta: ['{"\\u0061ge":1}', '{}'] }, 'dynamic key age'],
    [
      'a column of another length',
      { name: ['a'] },
      'the num_rows (1) of field (name) is not equal to passed num_rows (2)',
    ],
    [
      'a null in a field that is not nullable',
      { id: [1n, null] },
      'the field id is not nullable but has no value, row number: 1',
    ],
  ];

  it.each(cases)('refuse %s', async (_name, values, text) => {
    const world = await wide();
    const insert = world.insert({ ...base, ...(values as typeof base) });
    await expect(insert).rejects.toMatchObject({ kind: 'Invalid', message: expect.stringContaining(text) });
    expect(await world.count()).toBe(0);
  });

  it('find a number that is not finite wherever it stands', async () => {
    const world = await wide();
    for (let at = 0; at < 4; at++) {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const insert = world.insert({ ...base, vec: [V, V.with(at, bad)] });
        await expect(insert).rejects.toThrow(
          `value '${bad}' is not a number or infinity, field: vec, row number: 1`,
        );
      }
    }
    const prices = [1, 2, 3, 4, 5];
    const ids = prices.map(BigInt);
    const insert = world.insert({ id: ids, vec: ids.map(() => V), price: prices.with(4, Number.NaN) });
    await expect(insert).rejects.toThrow('field: price, row number: 4');
  });

  it('refuse integers that do not fit, alone and in arrays', async () => {
    const world = await wide();
    const asInt32 = (name: string, dataType: DataType, list: number[]): IncomingField => ({
      ...world.incoming(name, { ...scalarColumn(DataType.Int32, list), dataType } as never),
    });
    const insert = (field: IncomingField) =>
      world.access.insert({ ...world.insertRequest(base), fields: [...world.columns(base), field] });
    await expect(insert(asInt32('age', DataType.Int8, [1, 128]))).rejects.toThrow(
      'field age is out of range for Int8, row number: 1, value: 128, range: [-128, 127]',
    );
    await expect(insert(asInt32('size', DataType.Int16, [-32_769, 0]))).rejects.toThrow(
      'range: [-32768, 32767]',
    );
    const elements = { ...scalarColumn(DataType.Int32, [1, 200]), dataType: DataType.Int8 };
    const array = { ...columnOfValues(world.field('small'), [[1], [2]]), elements } as never;
    await expect(insert(world.incoming('small', array, DataType.Array))).rejects.toThrow(
      'out of range for Int8',
    );
    await insert(asInt32('age', DataType.Int8, [-128, 127]));
    expect((await world.rows({ outputFields: ['age'] })).map(({ age }) => age)).toEqual([-128, 127]);
  });

  it('refuse fields that are unknown, doubled, missing, of another type or dimension', async () => {
    const world = await wide();
    const insert = (fields: IncomingField[], rows = 2) =>
      world.access.insert({ ...world.insertRequest(base), rows, fields });
    const good = world.columns(base);
    const text = scalarColumn(DataType.VarChar, ['a', 'b']);
    await expect(insert([...good, world.incoming('what', text)])).rejects.toThrow(
      'fieldName what not exist in collection schema',
    );
    await expect(insert([...good, good[0]!])).rejects.toThrow('duplicated data for field id');
    await expect(insert([good[0]!])).rejects.toThrow(
      'fieldSchema(vec) has no corresponding fieldData pass in',
    );
    await expect(insert([...good, world.incoming('age', text)])).rejects.toThrow(
      'the data type of field age is VarChar, expected Int8',
    );
    const short = columnOfValues({ ...world.field('vec'), dim: 3 }, [
      [1, 2, 3],
      [1, 2, 3],
    ]);
    await expect(insert([good[0]!, world.incoming('vec', short)])).rejects.toThrow(
      'the dim (3) of field data(vec) is not equal to schema dim (4)',
    );
    await expect(insert(good, 0)).rejects.toThrow('num_rows (0) should be greater than 0');
    const broken = { ...text, bytes: Uint8Array.of(0xc3, 0x28) };
    await expect(insert([...good, world.incoming('name', broken)])).rejects.toThrow(
      'not valid UTF-8, row number: 0',
    );
  });

  it('know the schema timestamp, the partition and the collection', async () => {
    const world = await wide();
    const request = world.insertRequest(base);
    const mismatch = world.access.insert({ ...request, schemaTimestamp: 5n });
    await expect(mismatch).rejects.toMatchObject({ kind: 'SchemaMismatch' });
    await world.access.insert({ ...request, schemaTimestamp: world.collection.updateTs });
    await expect(world.insert(base, 'nope')).rejects.toMatchObject({
      kind: 'NotFound',
      subject: 'partition',
    });
    const elsewhere = world.access.insert({ ...request, collectionName: 'nope' });
    await expect(elsewhere).rejects.toMatchObject({ kind: 'NotFound', subject: 'collection' });
  });
});

describe('what an insert stores', () => {
  it('fills in defaults, nulls and empty dynamic objects', async () => {
    const world = await wide();
    await world.insert({
      id: [1n, 2n],
      vec: [V, V],
      label: [null, 'mine'],
      grade: [null, 3],
      name: [null, ''],
      $meta: [null, '{"k":1}'],
    });
    const [first, second] = await world.rows({ outputFields: ['*'] });
    expect(first).toEqual({
      id: 1n,
      vec: V,
      name: null,
      age: null,
      size: null,
      price: null,
      doc: null,
      tags: null,
      small: null,
      grade: 5,
      label: 'none',
      $meta: '{}',
    });
    expect(second).toMatchObject({ id: 2n, name: '', label: 'mine', grade: 3, $meta: '{"k":1}' });
    const bare = world.insertRequest({ id: [3n], vec: [V] });
    await world.access.insert(bare);
    expect((await world.rows({ filter: 'id == 3', outputFields: ['label', '$meta'] }))[0]).toMatchObject({
      label: 'none',
      $meta: '{}',
    });
  });

  it('answers with keys, counts and a rising timestamp', async () => {
    const world = await wide();
    const reply = await world.insert({ id: [8n, 9n], vec: [V, V] });
    expect(reply).toMatchObject({ rows: 2, insertCount: 2, deleteCount: 0, upsertCount: 0 });
    expect(valuesOf(reply.keys!)).toEqual([8n, 9n]);
    expect((await world.insert({ id: [1n], vec: [V] })).timestamp).toBeGreaterThan(reply.timestamp);
  });

  it('lets the newest row of a key win, also within one request', async () => {
    const world = await wide();
    await world.insert({ id: [1n, 2n, 1n], vec: [V, V, V], name: ['a', 'b', 'c'] });
    await world.insert({ id: [2n], vec: [V], name: ['z'] });
    expect((await world.rows({ outputFields: ['name'] })).map(({ name }) => name)).toEqual(['c', 'z']);
    expect(await world.count()).toBe(2);
  });
});

describe('routing', () => {
  it.each([
    ['int64', false],
    ['text', true],
  ] as const)('spreads %s keys over shards and partitions', async (_n, texts) => {
    const partitions = Array.from({ length: 5 }, (_, i) => `_default_${i}`);
    const world = await World.make({
      shards: 3,
      partitions,
      fields: [
        texts ? textKey() : intKey(),
        vector(),
        scalar('tenant', DataType.VarChar, { isPartitionKey: true }),
        scalar('tags', DataType.Array, {
          elementType: DataType.VarChar,
          maxCapacity: 9,
          maxLength: 9,
          nullable: true,
        }),
        scalar('flag', DataType.Bool, { nullable: true }),
      ],
    });
    const rows = Array.from({ length: 200 }, (_, i) => ({
      id: texts ? `k${i}` : BigInt(i),
      vec: [i, i + 1, i + 2, i + 3],
      tenant: `t${i % 11}`,
      tags: i % 3 === 0 ? null : Array.from({ length: i % 4 }, (__, t) => `g${t}`),
      flag: i % 2 === 0 ? null : Number(i % 4 === 1),
    }));
    const values = Object.fromEntries(
      Object.keys(rows[0]!).map((name) => [name, rows.map((row) => row[name as 'id'])]),
    );
    await world.insert(values);
    expect(await world.count()).toBe(200);
    const sorted = texts ? rows.toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1)) : rows;
    expect(await world.rows({ outputFields: ['*'] })).toEqual(sorted);
    const perShard = await Promise.all(
      world.collection.vchannels.map(async ({ vchannel }) => {
        const common = { vchannel, collectionId: 7, schemaVersion: 3, filter: undefined, guaranteeTs: 0n };
        const request = {
          ...common,
          snapshotTs: undefined,
          ignoreGrowing: false,
          outputFieldIds: [],
          limit: undefined,
        };
        const byPartition = await Promise.all(
          [20, 21, 22, 23, 24].map((id) =>
            world.shards.query({ ...request, partitionIds: [id], countOnly: true }),
          ),
        );
        return byPartition.map(({ count }) => count);
      }),
    );
    for (const counts of perShard) expect(counts.filter((count) => count > 0).length).toBeGreaterThan(2);
    await expect(world.insert(values, '_default_0')).rejects.toThrow(
      'not support manually specifying the partition names if partition key mode is used',
    );
  });

  it('keeps the last of equal keys although their partitions differ', async () => {
    const world = await World.make({
      partitions: ['_default_0', '_default_1', '_default_2'],
      fields: [intKey(), vector(), scalar('tenant', DataType.Int64, { isPartitionKey: true })],
    });
    for (let tenant = 0n; tenant < 12n; tenant++) {
      await world.insert({ id: [1n, 1n], vec: [V, V], tenant: [tenant, 12n - tenant] });
      expect(await world.rows({ outputFields: ['tenant'] })).toEqual([{ id: 1n, tenant: 12n - tenant }]);
    }
  });

  it('hands a batch on without a copy when there is one place', async () => {
    const world = await World.make({ fields: [intKey(), vector()] });
    const fields = world.columns({ id: [1n], vec: [V] });
    const decoded = fields.map((field) => ({ ...field, column: field.decode(world.field(field.name), 1) }));
    let seen: unknown;
    const write = world.shards.write.bind(world.shards);
    world.shards.write = (request) => {
      seen = request.inserts[0]!.batch.columns.map(({ column }) => column);
      return write(request);
    };
    await world.access.insert({ ...world.insertRequest({ id: [1n], vec: [V] }), fields });
    expect(seen).toEqual(decoded.map(({ column }) => column));
    for (const [i, column] of (seen as { values: unknown }[]).entries()) {
      expect(column.values).toBe((decoded[i]!.column as { values: unknown }).values);
    }
  });
});

describe('generated keys', () => {
  it.each([
    ['int64', intKey],
    ['text', textKey],
  ] as const)('of %s', async (_name, key) => {
    const world = await World.make({ fields: [key({ autoId: true }), vector()], shards: 2 });
    const reply = await world.insert({ vec: [V, V, V] });
    const keys = valuesOf(reply.keys!);
    expect(new Set(keys).size).toBe(3);
    expect((await world.rows()).map(({ id }) => id)).toEqual(keys);
    const given = keys.map((id) => (typeof id === 'string' ? 'x' : 1n));
    await expect(world.insert({ id: given, vec: [V, V, V] })).rejects.toThrow(
      'can not assign primary field data when auto id enabled',
    );
  });

  it('may be given when the collection says so', async () => {
    const world = await World.make({
      fields: [intKey({ autoId: true }), vector()],
      properties: [{ key: 'allow_insert_auto_id', value: 'True' }],
    });
    await world.insert({ id: [77n], vec: [V] });
    expect((await world.rows()).map(({ id }) => id)).toEqual([77n]);
  });
});
