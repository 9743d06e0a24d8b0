import { describe, expect, it } from 'vitest';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { valuesOf } from '../../../model/columnValues.ts';
import { intKey, scalar, textKey, vector, World } from './fixture.ts';

const V = [1, 2, 3, 4];
const W = [5, 6, 7, 8];

const fields = [
  intKey(),
  vector(),
  scalar('name', DataType.VarChar, { nullable: true }),
  scalar('age', DataType.Int64),
  scalar('grade', DataType.Int32, { defaultValue: 5 }),
];

const people = { id: [1n, 2n, 3n], vec: [V, V, V], name: ['a', null, 'c'], age: [10n, 20n, 30n] };

describe('upsert', () => {
  it('replaces rows by key at one timestamp and counts as Milvus does', async () => {
    const world = await World.make({ fields, shards: 3 });
    await world.insert(people);
    const reply = await world.upsert({ id: [2n, 9n], vec: [W, W], age: [21n, 90n] });
    expect(reply).toMatchObject({ rows: 2, insertCount: 2, deleteCount: 2, upsertCount: 2 });
    expect(valuesOf(reply.keys!)).toEqual([2n, 9n]);
    const rows = await world.rows({ outputFields: ['age', 'grade'] });
    expect(rows).toEqual([
      { id: 1n, age: 10n, grade: 5 },
      { id: 2n, age: 21n, grade: 5 },
      { id: 3n, age: 30n, grade: 5 },
      { id: 9n, age: 90n, grade: 5 },
    ]);
  });

  it('needs keys, and all that an insert needs', async () => {
    const world = await World.make({ fields });
    await expect(world.upsert({ vec: [V], age: [1n] })).rejects.toThrow('must assign pk when upsert');
    await expect(world.upsert({ id: [1n], vec: [V] })).rejects.toThrow(
      'fieldSchema(age) has no corresponding',
    );
    expect(await world.count()).toBe(0);
  });

  it.each([
    ['int64', intKey],
    ['text', textKey],
  ] as const)('gives rows with generated %s keys new ones', async (_n, key) => {
    const world = await World.make({
      fields: [key({ autoId: true }), vector(), scalar('age', DataType.Int64)],
      shards: 3,
    });
    const before = valuesOf((await world.insert({ vec: [V, V, V], age: [1n, 2n, 3n] })).keys!);
    const reply = await world.upsert({ id: [before[1]!, before[2]!], vec: [W, W], age: [22n, 33n] });
    const after = valuesOf(reply.keys!);
    expect(new Set([...before, ...after]).size).toBe(5);
    const rows = await world.rows({ outputFields: ['age'] });
    expect(rows).toEqual([
      { id: before[0], age: 1n },
      { id: after[0], age: 22n },
      { id: after[1], age: 33n },
    ]);
  });
});

describe('partial update', () => {
  it('keeps what was not sent and merges dynamic keys, digits and all', async () => {
    const world = await World.make({ fields, dynamic: true, shards: 2 });
    await world.insert({ ...people, $meta: ['{"a":9007199254740993,"b":1}', '{}', '{"a\\"b":[1, 2]}'] });
    await world.upsert(
      { id: [1n, 3n], age: [11n, 31n], $meta: ['{"b":2,"c":{"d":null}}', '{"e":1.50}'] },
      { partialUpdate: true },
    );
    const rows = await world.rows({ outputFields: ['*'] });
    expect(rows.map(({ name, age, vec }) => [name, age, vec])).toEqual([
      ['a', 11n, V],
      [null, 20n, V],
      ['c', 31n, V],
    ]);
    expect(rows.map(({ $meta }) => $meta)).toEqual([
      '{"a":9007199254740993,"b":2,"c":{"d":null}}',
      '{}',
      '{"a\\"b":[1, 2],"e":1.50}',
    ]);
  });

  it('inserts keys that are not stored when all is there that an insert needs', async () => {
    const world = await World.make({ fields });
    await world.insert(people);
    const partial = { partialUpdate: true };
    await expect(world.upsert({ id: [1n, 8n], age: [1n, 8n] }, partial)).rejects.toThrow(
      'fieldSchema(vec) has no corresponding fieldData pass in and its key is not stored, row number: 1',
    );
    await world.upsert({ id: [1n, 8n], vec: [W, W], age: [1n, 8n] }, partial);
    expect(
      await world.rows({ filter: 'id in [1, 8]', outputFields: ['name', 'vec', 'grade', 'age'] }),
    ).toEqual([
      { id: 1n, name: 'a', vec: W, grade: 5, age: 1n },
      { id: 8n, name: null, vec: W, grade: 5, age: 8n },
    ]);
  });

  it('looks into the named partition only', async () => {
    const world = await World.make({ fields, partitions: ['_default', 'other'] });
    await world.insert(people, 'other');
    const partial = { partialUpdate: true };
    await expect(world.upsert({ id: [1n], age: [1n] }, partial)).rejects.toThrow('its key is not stored');
    await world.upsert({ id: [1n], age: [99n] }, { ...partial, partitionName: 'other' });
    expect((await world.rows({ filter: 'id == 1', outputFields: ['age', 'name'] }))[0]).toEqual({
      id: 1n,
      age: 99n,
      name: 'a',
    });
  });

  it('gives rows with generated keys new ones and keeps the rest', async () => {
    const world = await World.make({
      fields: [intKey({ autoId: true }), vector(), scalar('age', DataType.Int64)],
    });
    const [first] = valuesOf((await world.insert({ vec: [V], age: [1n] })).keys!);
    const reply = await world.upsert({ id: [first!], age: [2n] }, { partialUpdate: true });
    expect(await world.rows({ outputFields: ['vec', 'age'] })).toEqual([
      { id: valuesOf(reply.keys!)[0], vec: V, age: 2n },
    ]);
  });

  it('needs the collection to be loaded', async () => {
    const world = await World.make({ fields, load: 'released' });
    await world.insert(people);
    await expect(world.upsert({ id: [1n], age: [2n] }, { partialUpdate: true })).rejects.toMatchObject({
      kind: 'NotLoaded',
    });
  });
});

describe('delete', () => {
  it('by keys needs no load and counts the keys given', async () => {
    const world = await World.make({ fields, shards: 3, load: 'released' });
    await world.insert(people);
    const reply = await world.delete('id in [1, 3, 1000]');
    expect(reply).toMatchObject({ keys: undefined, insertCount: 0, deleteCount: 3, upsertCount: 0 });
    expect(reply.timestamp).toBeGreaterThan(0n);
    expect((await world.delete('id == 4')).deleteCount).toBe(1);
    await world.change({ load: { state: 'loaded', partitionIds: undefined, replicaNumber: 1 } });
    expect((await world.rows()).map(({ id }) => id)).toEqual([2n]);
  });

  it('by text keys and templates', async () => {
    const world = await World.make({ fields: [textKey(), vector()], shards: 2 });
    await world.insert({ id: ['a', 'b', 'ü'], vec: [V, V, V] });
    await world.delete('id in {gone}', { templates: new Map([['gone', ['a', 'ü']]]) });
    expect((await world.rows()).map(({ id }) => id)).toEqual(['b']);
  });

  it('by any expression deletes and counts what matches, and needs a load', async () => {
    const world = await World.make({ fields, shards: 3 });
    await world.insert(people);
    expect((await world.delete('age >= {min}', { templates: new Map([['min', 20n]]) })).deleteCount).toBe(2);
    expect((await world.rows()).map(({ id }) => id)).toEqual([1n]);
    const none = await world.delete('age > 1000');
    expect(none.deleteCount).toBe(0);
    expect(none.timestamp).toBeGreaterThan(0n);
    await world.change({ load: { state: 'released', partitionIds: undefined, replicaNumber: 1 } });
    await expect(world.delete('age > 1')).rejects.toMatchObject({ kind: 'NotLoaded' });
  });

  it('keeps to its partition', async () => {
    const world = await World.make({ fields, partitions: ['_default', 'other'] });
    await world.insert(people);
    await world.insert({ id: [4n, 5n], vec: [V, V], age: [10n, 20n] }, 'other');
    await world.delete('id in [1, 4]', { partitionName: 'other' });
    await world.delete('age == 20', { partitionName: 'other' });
    expect((await world.rows()).map(({ id }) => id)).toEqual([1n, 2n, 3n]);
    await expect(world.delete('id == 1', { partitionName: 'no' })).rejects.toMatchObject({
      kind: 'NotFound',
    });
  });

  it('refuses an empty and a broken expression', async () => {
    const world = await World.make({ fields });
    await expect(world.delete(' ')).rejects.toThrow('delete expression should not be empty');
    await expect(world.delete('age >')).rejects.toThrow(
      'failed to create delete plan: cannot parse expression: age >',
    );
  });
});

it('reports a write that failed on one shard only after the others have ended', async () => {
  const world = await World.make({ fields, shards: 2 });
  const write = world.shards.write.bind(world.shards);
  let ended = 0;
  world.shards.write = async (request) => {
    if (request.vchannel.endsWith('v0')) throw new Error('disk on fire');
    await Promise.resolve();
    const reply = await write(request);
    ended++;
    return reply;
  };
  const ids = Array.from({ length: 20 }, (_, i) => BigInt(i));
  await expect(world.insert({ id: ids, vec: ids.map(() => V), age: ids })).rejects.toThrow('disk on fire');
  expect(ended).toBe(1);
});
