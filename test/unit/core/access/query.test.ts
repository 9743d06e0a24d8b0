import { beforeAll, describe, expect, it } from 'vitest';
import { isSessionTs } from '../../../../src/core/access/consistency.ts';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { valuesOf } from '../../../model/columnValues.ts';
import { intKey, rowsOfReply, STRONG, scalar, vector, World } from './fixture.ts';

const V = [1, 2, 3, 4];
const ids = (rows: readonly { id?: unknown }[]): number[] => rows.map(({ id }) => Number(id));

async function filled(shards: number): Promise<World> {
  const world = await World.make({
    shards,
    dynamic: true,
    partitions: ['_default', 'odd'],
    fields: [intKey(), vector(), scalar('age', DataType.Int64)],
  });
  const numbers = Array.from({ length: 50 }, (_, i) => i);
  for (const [name, parity] of [
    ['_default', 0],
    ['odd', 1],
  ] as const) {
    const own = numbers.filter((i) => i % 2 === parity).toReversed();
    await world.insert(
      {
        id: own.map(BigInt),
        vec: own.map(() => V),
        age: own.map((i) => BigInt(i % 7)),
        $meta: own.map((i) => `{"dyn":${i}}`),
      },
      name,
    );
  }
  return world;
}

describe.each([1, 4])('query over %d shards', (shards) => {
  let world: World;
  beforeAll(async () => {
    world = await filled(shards);
  });

  it('gives rows in key order within offset and limit', async () => {
    expect(ids(await world.rows({ params: { limit: 5 } }))).toEqual([0, 1, 2, 3, 4]);
    expect(ids(await world.rows({ params: { limit: 5, offset: 47 } }))).toEqual([47, 48, 49]);
    expect(ids(await world.rows({ params: { limit: 5, offset: 100 } }))).toEqual([]);
    expect(
      ids(await world.rows({ filter: 'age == 3 and dyn > 20', params: { limit: 2, offset: 1 } })),
    ).toEqual([31, 38]);
    expect(ids(await world.rows({ filter: 'id >= 45' }))).toEqual([45, 46, 47, 48, 49]);
    expect(ids(await world.rows({ filter: 'id >= 45', params: { offset: 3 } }))).toEqual([
      45, 46, 47, 48, 49,
    ]);
  });

  it('gets by ids, whatever their order, leaving out absent ones', async () => {
    expect(ids(await world.rows({ filter: 'id in [33, 2, 777, 17]' }))).toEqual([2, 17, 33]);
    expect(await world.rows({ filter: 'id in []' })).toEqual([]);
  });

  it('counts', async () => {
    expect(await world.count()).toBe(50);
    expect(await world.count('age == 0')).toBe(8);
    expect(await world.count('', { partitionNames: ['odd'] })).toBe(25);
    const reply = await world.query({ outputFields: [' COUNT(*) '] });
    expect(reply.columns.map(({ field }) => field.name)).toEqual(['count(*)']);
    await expect(world.count('', { params: { limit: 1 } })).rejects.toThrow(
      'count entities with pagination is not allowed',
    );
    await expect(world.query({ outputFields: ['count(*)', 'id'] })).rejects.toThrow(
      'count(*) is not supported beside',
    );
  });

  it('keeps to partitions', async () => {
    expect(ids(await world.rows({ partitionNames: ['odd', 'odd'], params: { limit: 3 } }))).toEqual([
      1, 3, 5,
    ]);
    await expect(world.rows({ partitionNames: ['even'] })).rejects.toMatchObject({
      kind: 'NotFound',
      subject: 'partition',
      text: 'partition not found[partition=even]',
    });
  });

  it('gives columns as asked for', async () => {
    const names = async (outputFields: string[], filter = 'id == 3') => {
      const reply = await world.query({ filter, outputFields });
      return [reply.columns.map(({ field }) => field.name), reply.outputFields];
    };
    expect(await names([])).toEqual([['id'], ['id']]);
    expect(await names(['age'])).toEqual([
      ['age', 'id'],
      ['age', 'id'],
    ]);
    expect(await names(['*'])).toEqual([
      ['id', 'vec', 'age', '$meta'],
      ['id', 'vec', 'age', '$meta'],
    ]);
    expect(await names(['dyn', 'other', 'id'])).toEqual([
      ['$meta', 'id'],
      ['dyn', 'other', 'id'],
    ]);
    expect(await names(['vec', 'age'], 'id == 1000')).toEqual([
      ['vec', 'age', 'id'],
      ['vec', 'age', 'id'],
    ]);
    await expect(names(['sum(age)'])).rejects.toThrow('sum(age)');
  });

  it('iterates over one snapshot', async () => {
    const own = await filled(shards);
    const first = await own.query({
      filter: 'id < 9223372036854775807',
      params: { iterator: 'True', limit: 1, reduce_stop_for_best: 'True' },
    });
    expect(isSessionTs(first.sessionTs)).toBe(true);
    const consistency = { ...STRONG, guaranteeTs: first.sessionTs };
    const seen: number[] = [];
    for (let last = -1; ; ) {
      const params = { iterator: 'True', limit: 7, collection_id: 7 };
      const page = await own.query({ filter: `id > ${last} and (age < 100)`, params, consistency });
      expect(page.sessionTs).toBe(first.sessionTs);
      if (page.rows === 0) break;
      seen.push(...ids(rowsOfReply(page)));
      last = seen.at(-1)!;
      await own.delete(`id in [${last + 1}, ${last + 3}]`);
      await own.upsert({ id: [BigInt(last + 2), BigInt(1000 + last)], vec: [V, V], age: [500n, 1n] });
    }
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('begins an iterator after every acknowledged write, whatever timestamp the client sends', async () => {
    const own = await filled(shards);
    const { timestamp } = await own.insert({ id: [100n], vec: [V], age: [1n] });
    await own.insert({ id: [101n], vec: [V], age: [1n] });
    const page = await own.query({
      filter: 'id >= 100',
      params: { iterator: true, limit: 9 },
      consistency: { level: 1, useDefault: true, guaranteeTs: timestamp },
    });
    expect(ids(rowsOfReply(page))).toEqual([100, 101]);
  });

  it('has a session timestamp and sees every write', async () => {
    const own = await filled(shards);
    for (let id = 200n; id < 205n; id++) {
      const { timestamp } = await own.insert({ id: [id], vec: [V], age: [1n] });
      const reply = await own.query({
        filter: `id == ${id}`,
        consistency: { level: 3, useDefault: false, guaranteeTs: 1n },
      });
      expect([reply.rows, reply.sessionTs >= timestamp]).toEqual([1, true]);
    }
  });
});

describe('refused queries', () => {
  it('says what is wrong', async () => {
    const world = await filled(2);
    const failing: [Parameters<World['query']>[0], string][] = [
      [{}, 'empty expression should be used with limit'],
      [{ params: { limit: 0 } }, 'limit [0] is invalid, it should be an integer in range [1, 16384]'],
      [
        { params: { limit: 16_384, offset: 1 } },
        '(offset+limit) [16385] is invalid, it should be in range [1, 16384]',
      ],
      [{ params: { limit: 1, offset: -1 } }, 'offset [-1] is invalid'],
      [{ params: { limit: 'x' } }, 'limit [x] is invalid'],
      [{ params: { limit: 1, order_by_fields: 'age' } }, 'parameter order_by_fields is not supported'],
      [{ params: { limit: 1, group_by_fields: 'age' } }, 'parameter group_by_fields is not supported'],
      [{ params: { limit: 1, collection_id: 8 } }, 'collection_id [8] is not that of collection c [7]'],
      [{ filter: 'age >' }, 'failed to create query plan: cannot parse expression: age >'],
      [{ params: { limit: 1, iterator: 'maybe' } }, 'iterator [maybe] is invalid'],
    ];
    for (const [options, text] of failing) {
      await expect(world.query(options)).rejects.toMatchObject({
        kind: 'Invalid',
        message: expect.stringContaining(text),
      });
    }
    const plain = await World.make({ fields: [intKey(), vector()] });
    await expect(plain.query({ params: { limit: 1 }, outputFields: ['nope'] })).rejects.toThrow(
      'field nope not exist',
    );
    expect(
      (await plain.query({ params: { limit: 1 }, outputFields: ['vec'] })).columns.map(
        ({ column }) => column.rows,
      ),
    ).toEqual([0, 0]);
  });

  it('does not see growing rows when told so', async () => {
    const world = await filled(1);
    expect(await world.count('', { params: { ignore_growing: 'True' } })).toBe(0);
    expect(await world.count('', { params: { ignore_growing: 'False' } })).toBe(50);
  });
});

describe('load gate', () => {
  const fields = [intKey(), vector('a'), vector('b')];
  it('loads a collection on first use, once', async () => {
    const world = await World.make({ fields, load: 'unloaded' });
    await world.insert({ id: [1n], a: [V], b: [V] });
    expect(await world.count()).toBe(1);
    expect(await world.count()).toBe(1);
    expect(world.loads).toBe(1);
  });

  it('does not when it is off or the collection was released', async () => {
    for (const [load, loadOnFirstUse] of [
      ['unloaded', false],
      ['released', true],
    ] as const) {
      const world = await World.make({ fields, load, loadOnFirstUse });
      const text = 'collection not loaded[database=default][collection=c]';
      await expect(world.count()).rejects.toMatchObject({ kind: 'NotLoaded', subject: 'collection', text });
      const search = world.search([V], { params: { anns_field: 'a' } });
      await expect(search).rejects.toMatchObject({ kind: 'NotLoaded', subject: 'collection' });
      expect(world.loads).toBe(0);
    }
  });

  it('asks for the index of the searched field, or of all fields for a query', async () => {
    const world = await World.make({ fields, load: 'unloaded', indexed: ['a'] });
    await expect(world.count()).rejects.toMatchObject({ kind: 'NotFound', subject: 'index' });
    const search = world.search([V], { params: { anns_field: 'b' } });
    await expect(search).rejects.toMatchObject({ kind: 'NotFound', subject: 'index' });
    expect(world.loads).toBe(0);
    await world.search([V], { params: { anns_field: 'a' } });
    expect(world.loads).toBe(1);
  });

  it('honours partitions', async () => {
    const world = await filled(2);
    await world.change({ load: { state: 'loaded', partitionIds: [21], replicaNumber: 1 } });
    expect(await world.count()).toBe(25);
    expect(await world.count('', { partitionNames: ['odd'] })).toBe(25);
    await expect(world.count('', { partitionNames: ['_default'] })).rejects.toMatchObject({
      kind: 'NotLoaded',
      subject: 'partition',
      text: 'partition not loaded[partition=_default]',
    });
  });
});

it('reads again when the schema changed on the way', async () => {
  const world = await filled(1);
  const query = world.shards.query.bind(world.shards);
  let calls = 0;
  world.shards.query = async (request) => {
    if (calls++ === 0) {
      await world.change({ schema: { ...world.collection.schema, version: 4 } });
    }
    return query(request);
  };
  const reply = await world.query({ filter: 'id == 3' });
  expect([calls, valuesOf(reply.columns[0]!.column)]).toEqual([2, [3n]]);
});
