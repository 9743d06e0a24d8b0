import { expect } from 'vitest';
import type { DataType, ScalarField } from '../../../../src/gen/milvus/schema.ts';
import { ID, plainCollection, schemaBytes, VECTOR } from '../shelf.ts';
import {
  bools,
  column,
  doubles,
  floats,
  ints,
  jsons,
  keyValues,
  longs,
  vectorColumn,
} from '../wireValues.ts';
import type { Reply, World } from '../world.ts';
import { columnOf, described, type Probe, type Probes, refused } from './probe.ts';

type Fields = NonNullable<Parameters<typeof schemaBytes>[1]>;
type Field = Fields[number];
type Scalars = NonNullable<Parameters<typeof ScalarField.fromPartial>[0]>;

const TEXT: Field = { name: 'x', dataType: 21, typeParams: keyValues({ max_length: 9 }) };
const ARRAY: Field = { name: 'x', dataType: 22, elementType: 5, typeParams: keyValues({ max_capacity: 4 }) };

/** Creates a collection with one more field `x`; how it is described. */
async function fieldAsDescribed(world: World, field: Field, others: Fields = [ID, VECTOR]): Promise<Reply> {
  const name = await plainCollection(world, [...others, { name: 'x', dataType: 5, ...field }]);
  return (await described(world, name)).fields[field.name ?? 'x'];
}

async function refusedFields(world: World, fields: Fields, name: string, more: object = {}): Promise<void> {
  const collectionName = world.newName();
  const schema = schemaBytes(collectionName, fields, more);
  await refused(world, 'CreateCollection', { collectionName, schema }, 1100, name);
}

function keepsField(field: Field, expected: object): Probe {
  return async (world) => expect(await fieldAsDescribed(world, field)).toMatchObject(expected);
}

/** A row that leaves `x` out gets the default. */
function defaultValue(dataType: number, value: NonNullable<Field['defaultValue']>, filter: string): Probe {
  return async (world) => {
    const field = { name: 'x', dataType, defaultValue: value, typeParams: TEXT.typeParams! } as Field;
    expect(await storedAs(world, field, undefined, filter)).toBe(1);
  };
}

/** Rows of `filter` after an insert of one row with this value of `x`, written and read over the wire. */
async function storedAs(world: World, field: Field, scalars: Scalars | undefined, filter: string) {
  const collectionName = await plainCollection(world, [ID, VECTOR, field]);
  const fieldsData = [column('id', 5, { longData: longs([1]) }), vectorColumn('vector', [[1, 2]])];
  if (scalars !== undefined) fieldsData.push(column('x', field.dataType as DataType, scalars));
  await world.ok('Insert', { collectionName, fieldsData, numRows: 1 });
  await world.ok('CreateIndex', { collectionName, fieldName: 'vector' });
  const reply = await world.ok('Query', { collectionName, expr: filter, outputFields: ['id', 'x'] });
  return columnOf(reply.fieldsData, 'id').length;
}

function dataType(field: Field, scalars: Scalars, filter: string): Probe {
  return async (world) => expect(await storedAs(world, { name: 'x', ...field }, scalars, filter)).toBe(1);
}

/** A size is described; one out of range is refused by name. */
function sized(field: Field, name: string, fine: number, broken: number): Probe {
  const withSize = (size: number): Field => {
    const others = (field.typeParams ?? []).filter(({ key }) => key !== name);
    return { ...field, typeParams: [...others, ...keyValues({ [name]: size })] };
  };
  return async (world) => {
    const { typeParams } = await fieldAsDescribed(world, withSize(fine));
    expect(typeParams).toContainEqual({ key: name, value: String(fine) });
    await refusedFields(world, [ID, VECTOR, withSize(broken)], name);
  };
}

/** Taken, and described as given. */
function keptProperty(name: string, value = 'true'): Probe {
  return async (world) => {
    const given = keyValues({ [name]: value });
    const collection = await plainCollection(world, undefined, { properties: given });
    expect((await described(world, collection)).properties).toEqual(given);
  };
}

function keptTypeParam(name: string, value = 'true'): Probe {
  const typeParams = [...TEXT.typeParams!, ...keyValues({ [name]: value })];
  return keepsField({ ...TEXT, typeParams }, { typeParams });
}

function keptIndexProperty(name: string): Probe {
  return async (world) => {
    const collectionName = await plainCollection(world);
    await world.ok('CreateIndex', { collectionName, fieldName: 'vector', indexName: 'i' });
    const extraParams = keyValues({ [name]: 'true' });
    await world.ok('AlterIndex', { collectionName, indexName: 'i', extraParams });
    const { indexDescriptions } = await world.ok('DescribeIndex', { collectionName });
    expect(indexDescriptions[0].params).toContainEqual(extraParams[0]);
  };
}

const KEY: Field = { name: 'x', dataType: 5, isPartitionKey: true };

export const SCHEMA_PROBES: Probes = {
  'field CreateCollection.schema': keepsField({ name: 'x' }, { name: 'x', dataType: 5 }),
  'field CreateCollection.num_partitions': async (world) => {
    const name = await plainCollection(world, [ID, VECTOR, KEY], { numPartitions: 5 });
    expect((await described(world, name)).numPartitions).toBe(5n);
    const collectionName = world.newName();
    const request = { collectionName, schema: schemaBytes(collectionName, [ID, VECTOR]), numPartitions: 5 };
    await refused(world, 'CreateCollection', request, 1100, 'num_partitions');
  },
  'field CollectionSchema.name': async (world) => {
    const request = { collectionName: world.newName(), schema: schemaBytes('elsewhere', [ID, VECTOR]) };
    await refused(world, 'CreateCollection', request, 1100, 'elsewhere');
  },
  'field CollectionSchema.description': (world) =>
    schemaAsDescribed(world, { description: 'rows' }, { description: 'rows' }),
  'field CollectionSchema.enable_dynamic_field': (world) =>
    schemaAsDescribed(world, { enableDynamicField: true }, { enableDynamicField: true }),
  'field CollectionSchema.fields': async (world) => {
    const { schema } = await described(world, await plainCollection(world));
    expect(schema.fields.map((field: Field) => field.name)).toEqual(['id', 'vector']);
    await refusedFields(world, [ID], 'vector field');
  },
  'field CollectionSchema.properties': async (world) => {
    const properties = keyValues({ 'mmap.enabled': 'true' });
    const collectionName = world.newName();
    const schema = schemaBytes(collectionName, [ID, VECTOR], { properties });
    await world.ok('CreateCollection', { collectionName, schema });
    expect((await described(world, collectionName)).properties).toEqual(properties);
  },

  'field FieldSchema.name': (world) => refusedFields(world, [ID, VECTOR, { name: '1x', dataType: 5 }], '1x'),
  'field FieldSchema.is_primary_key': (world) =>
    refusedFields(world, [VECTOR, { name: 'x', dataType: 5 }], 'primary key is not specified'),
  'field FieldSchema.description': keepsField({ description: 'of x' }, { description: 'of x' }),
  'field FieldSchema.data_type': keepsField({ dataType: 4 }, { dataType: 4 }),
  'field FieldSchema.type_params': keepsField(TEXT, { typeParams: TEXT.typeParams }),
  'field FieldSchema.autoID': async (world) => {
    const collectionName = await plainCollection(world, [{ ...ID, autoID: true }, VECTOR]);
    const fieldsData = [vectorColumn('vector', [[1, 2]])];
    expect((await world.ok('Insert', { collectionName, fieldsData, numRows: 1 })).insertCnt).toBe(1n);
    const withKeys = [column('id', 5, { longData: longs([1]) }), ...fieldsData];
    const request = { collectionName, fieldsData: withKeys, numRows: 1 };
    await refused(world, 'Insert', request, 1100, 'auto id');
  },
  'field FieldSchema.element_type': async (world) => {
    expect(await fieldAsDescribed(world, ARRAY)).toMatchObject({ elementType: 5 });
    await refusedFields(world, [ID, VECTOR, { ...ARRAY, elementType: 0 }], 'element type');
  },
  'field FieldSchema.default_value': keepsField(
    { defaultValue: { longData: 7n } },
    { defaultValue: { longData: 7n } },
  ),
  'field FieldSchema.is_partition_key': async (world) => {
    const name = await plainCollection(world, [ID, VECTOR, KEY]);
    expect((await described(world, name)).numPartitions).toBe(16n);
    await refused(
      world,
      'CreatePartition',
      { collectionName: name, partitionName: 'p' },
      1100,
      'partition key',
    );
  },
  'field FieldSchema.nullable': (world) => storedNull(world),
  'field ValueField.bool_data': defaultValue(1, { boolData: true }, 'x == true'),
  'field ValueField.int_data': defaultValue(4, { intData: 7 }, 'x == 7'),
  'field ValueField.long_data': defaultValue(5, { longData: 7n }, 'x == 7'),
  'field ValueField.float_data': defaultValue(10, { floatData: 0.5 }, 'x == 0.5'),
  'field ValueField.double_data': defaultValue(11, { doubleData: 0.1 }, 'x == 0.1'),
  'field ValueField.string_data': defaultValue(21, { stringData: 'seven' }, 'x == "seven"'),

  'data type Bool': dataType({ dataType: 1 }, { boolData: bools([true]) }, 'x'),
  'data type Int8': dataType({ dataType: 2 }, { intData: ints([-128]) }, 'x == -128'),
  'data type Int16': dataType({ dataType: 3 }, { intData: ints([32_767]) }, 'x == 32767'),
  'data type Int32': dataType({ dataType: 4 }, { intData: ints([-2_147_483_648]) }, 'x == -2147483648'),
  'data type Int64': dataType(
    { dataType: 5 },
    { longData: longs([2n ** 62n + 1n]) },
    `x == ${2n ** 62n + 1n}`,
  ),
  'data type Float': dataType({ dataType: 10 }, { floatData: floats([0.1]) }, 'x == 0.1'),
  'data type Double': dataType({ dataType: 11 }, { doubleData: doubles([0.1]) }, 'x == 0.1'),
  'data type VarChar': dataType(TEXT, { stringData: { data: ['ä'] } }, 'x == "ä"'),
  'data type Array': dataType(
    ARRAY,
    { arrayData: { data: [Uint8Array.of(0x1a, 3, 0x0a, 1, 7)], elementType: 5 } },
    'x[0] == 7',
  ),
  'data type JSON': dataType({ dataType: 23 }, { jsonData: jsons([{ a: [1, 2] }]) }, 'x["a"][1] == 2'),
  'data type FloatVector': async (world) =>
    expect((await described(world, await plainCollection(world))).fields.vector.dataType).toBe(101),

  'field property dim': sized({ ...VECTOR, name: 'x' }, 'dim', 3, 1),
  'field property max_length': sized(TEXT, 'max_length', 65_535, 65_536),
  'field property max_capacity': sized(ARRAY, 'max_capacity', 4_096, 4_097),
  'collection property allow_insert_auto_id': async (world) => {
    const properties = keyValues({ allow_insert_auto_id: 'true' });
    const collectionName = await plainCollection(world, [{ ...ID, autoID: true }, VECTOR], { properties });
    const fieldsData = [column('id', 5, { longData: longs([7]) }), vectorColumn('vector', [[1, 2]])];
    await world.ok('Insert', { collectionName, fieldsData, numRows: 1 });
    await world.ok('CreateIndex', { collectionName, fieldName: 'vector' });
    const reply = await world.ok('Query', { collectionName, expr: 'id == 7', outputFields: ['id'] });
    expect(columnOf(reply.fieldsData, 'id')).toEqual(['7']);
  },
  'collection property dynamicfield.enabled': async (world) => {
    const collectionName = await plainCollection(world);
    const properties = keyValues({ 'dynamicfield.enabled': 'true' });
    await world.ok('AlterCollection', { collectionName, properties });
    expect((await described(world, collectionName)).schema.enableDynamicField).toBe(true);
    const off = { collectionName, properties: keyValues({ 'dynamicfield.enabled': 'false' }) };
    await refused(world, 'AlterCollection', off, 1100, 'dynamicfield.enabled');
  },
};

/** Taken, described, and of no consequence. */
export const KEPT_PROPERTIES: Probes = {
  'field FieldSchema.is_clustering_key': keepsField({ isClusteringKey: true }, { isClusteringKey: true }),
  'field property mmap.enabled': keptTypeParam('mmap.enabled'),
  'field property warmup': keptTypeParam('warmup', 'sync'),
  'field property analyzer_params': keptTypeParam('analyzer_params', '{"type":"english"}'),
  'field property multi_analyzer_params': keptTypeParam('multi_analyzer_params', '{}'),
  'index property mmap.enabled': keptIndexProperty('mmap.enabled'),
  'index property indexoffsetcache.enabled': keptIndexProperty('indexoffsetcache.enabled'),
  'index property warmup': keptIndexProperty('warmup'),
  ...Object.fromEntries(
    [
      'mmap.enabled',
      'lazyload.enabled',
      'collection.autocompaction.enabled',
      'partitionkey.isolation',
      'collection.replica.number',
      'collection.resource_groups',
      'timezone',
      'warmup.vectorIndex',
    ].map((name) => [`collection property ${name}`, keptProperty(name)]),
  ),
};

async function schemaAsDescribed(world: World, more: object, expected: object): Promise<void> {
  const collectionName = world.newName();
  const schema = schemaBytes(collectionName, [ID, VECTOR], more);
  await world.ok('CreateCollection', { collectionName, schema });
  expect((await described(world, collectionName)).schema).toMatchObject(expected);
}

async function storedNull(world: World): Promise<void> {
  expect(await storedAs(world, { name: 'x', dataType: 5, nullable: true }, undefined, 'x is null')).toBe(1);
  const collectionName = await plainCollection(world, [ID, VECTOR, { name: 'x', dataType: 5 }]);
  const fieldsData = [column('id', 5, { longData: longs([1]) }), vectorColumn('vector', [[1, 2]])];
  await refused(world, 'Insert', { collectionName, fieldsData, numRows: 1 }, 1100, 'x');
}
