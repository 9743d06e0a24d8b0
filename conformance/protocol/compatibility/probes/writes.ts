import { expect } from 'vitest';
import { BoolArray, DoubleArray, FieldData, LongArray } from '../../../../src/gen/milvus/schema.ts';
import { freshCollection, ID, plainCollection, range, shelfColumns, VECTOR } from '../shelf.ts';
import { bools, column, doubles, jsons, longs, vectorColumn } from '../wireValues.ts';
import type { World } from '../world.ts';
import { countOf, described, type Probe, type Probes, queried, refused } from './probe.ts';

async function loaded(world: World, rows: number): Promise<string> {
  return freshCollection(world, { rows, load: true });
}

/** Inserts three rows and checks that a request changed by `broken` is refused. */
function written(rpc: string, broken: object, name: string): Probe {
  return async (world) => {
    const collectionName = await loaded(world, 0);
    const request = { collectionName, fieldsData: shelfColumns([0, 1, 2]), numRows: 3 };
    await world.ok(rpc, request);
    expect(await queried(world, 'id >= 0', { collectionName })).toEqual([0, 1, 2]);
    await refused(world, rpc, { ...request, ...broken }, 1100, name);
    expect(await queried(world, 'id >= 0', { collectionName })).toEqual([0, 1, 2]);
  };
}

function schemaTimestamp(rpc: string): Probe {
  return async (world) => {
    const collectionName = await loaded(world, 0);
    const { updateTimestamp } = await described(world, collectionName);
    const request = { collectionName, fieldsData: shelfColumns([0]), numRows: 1 };
    await world.ok(rpc, { ...request, schemaTimestamp: updateTimestamp });
    await refused(world, rpc, { ...request, schemaTimestamp: updateTimestamp - 1n }, 109, 'schema');
  };
}

/** An insert whose column `n` is replaced by one that does not fit. */
function brokenColumn(fieldData: Uint8Array, name: string): Probe {
  return async (world) => {
    const collectionName = await loaded(world, 0);
    const fieldsData = shelfColumns([0, 1]);
    fieldsData[3] = fieldData;
    await refused(world, 'Insert', { collectionName, fieldsData, numRows: 2 }, 1100, name);
  };
}

const NS = longs([5, 6]);
const NS_BYTES = LongArray.encode(NS).finish();

/** Rows of the shelf whose n is in the range the filter names by `{x}`, with this value for x. */
function template(value: object, expr: string, rows: number[]): Probe {
  return async (world) =>
    expect(await queried(world, expr, { exprTemplateValues: { x: value } })).toEqual(rows);
}

const list = (values: object) => ({ arrayVal: values });

export const WRITE_PROBES: Probes = {
  'field Insert.fields_data': written('Insert', { fieldsData: [] }, 'id'),
  'field Insert.num_rows': written('Insert', { numRows: 2 }, 'num_rows (2)'),
  'field Insert.schema_timestamp': schemaTimestamp('Insert'),
  'field Upsert.fields_data': written('Upsert', { fieldsData: [] }, 'pk'),
  'field Upsert.num_rows': written('Upsert', { numRows: 2 }, 'num_rows (2)'),
  'field Upsert.schema_timestamp': schemaTimestamp('Upsert'),
  'field Upsert.partial_update': async (world) => {
    const collectionName = await loaded(world, 3);
    const fieldsData = [
      column('id', 5, { longData: longs([1]) }),
      column('name', 21, { stringData: { data: ['new'] } }),
    ];
    const request = { collectionName, fieldsData, numRows: 1 };
    await refused(world, 'Upsert', request, 1100, 'vector');
    await world.ok('Upsert', { ...request, partialUpdate: true });
    expect(await queried(world, 'name == "new" and n == 1 and d == 1', { collectionName })).toEqual([1]);
    expect(await countOf(world, collectionName)).toBe(3);
  },
  'field Delete.expr': async (world) => {
    const collectionName = await loaded(world, 6);
    await world.ok('Delete', { collectionName, expr: 'n > 3' });
    expect(await queried(world, 'id >= 0', { collectionName })).toEqual(range(0, 4));
    await refused(world, 'Delete', { collectionName }, 1100, 'empty');
  },

  'field FieldData.type': brokenColumn(column('n', 4, { intData: NS }), 'Int32'),
  'field FieldData.field_name': brokenColumn(column('nowhere', 5, { longData: NS }), 'nowhere'),
  'field FieldData.scalars': brokenColumn(column('n', 5, { longData: longs([5]) }), 'num_rows (1)'),
  'field FieldData.vectors': async (world) => {
    const collectionName = await loaded(world, 0);
    const fieldsData = shelfColumns([0]);
    fieldsData[1] = vectorColumn('vector', [[1, 2, 3]]);
    await refused(world, 'Insert', { collectionName, fieldsData, numRows: 1 }, 1100, 'dim (3)');
  },
  'field FieldData.is_dynamic': async (world) => {
    const collectionName = await loaded(world, 0);
    const fieldsData = shelfColumns([0]);
    fieldsData[9] = column('', 23, { jsonData: jsons([{ colour: 'red' }]) }, { isDynamic: true });
    await world.ok('Insert', { collectionName, fieldsData, numRows: 1 });
    expect(await queried(world, 'colour == "red"', { collectionName })).toEqual([0]);
    fieldsData[9] = column('', 23, { jsonData: jsons([{}]) });
    await refused(world, 'Insert', { collectionName, fieldsData, numRows: 1 }, 1100, 'not exist');
  },
  'field FieldData.valid_data': async (world) => {
    const collectionName = await plainCollection(world, [
      ID,
      VECTOR,
      { name: 'x', dataType: 5, nullable: true },
    ]);
    const fieldsData = [
      column('id', 5, { longData: longs([0, 1, 2]) }),
      vectorColumn('vector', [
        [1, 1],
        [1, 1],
        [1, 1],
      ]),
      column('x', 5, { longData: longs([7]) }, { valid: [false, true, false] }),
    ];
    await world.ok('Insert', { collectionName, fieldsData, numRows: 3 });
    await world.ok('CreateIndex', { collectionName, fieldName: 'vector' });
    expect(await queried(world, 'x is null', { collectionName })).toEqual([0, 2]);
    expect(await queried(world, 'x == 7', { collectionName })).toEqual([1]);
  },

  'field *.expr_template_values': async (world) => {
    const exprTemplateValues = { x: { int64Val: 2n } };
    expect(await queried(world, 'n < {x}', { exprTemplateValues })).toEqual([0, 1]);
    const collectionName = await loaded(world, 5);
    await world.ok('Delete', { collectionName, expr: 'n < {x}', exprTemplateValues });
    expect(await queried(world, 'id >= 0', { collectionName })).toEqual([2, 3, 4]);
  },
  'field TemplateValue.bool_val': template({ boolVal: true }, 'flag == {x} and n < 4', [0, 2]),
  'field TemplateValue.int64_val': template({ int64Val: 3n }, 'n == {x}', [3]),
  'field TemplateValue.float_val': template({ floatVal: 2.5 }, 'n < {x}', [0, 1, 2]),
  'field TemplateValue.string_val': template({ stringVal: 'r7' }, 'name == {x}', [7]),
  'field TemplateValue.array_val': template(list({ longData: NS_BYTES }), 'n in {x}', [5, 6]),
  'field TemplateArrayValue.bool_data': template(
    list({ boolData: BoolArray.encode(bools([true])).finish() }),
    'flag in {x} and n < 4',
    [0, 2],
  ),
  'field TemplateArrayValue.long_data': template(list({ longData: NS_BYTES }), 'n in {x}', [5, 6]),
  'field TemplateArrayValue.double_data': template(
    list({ doubleData: DoubleArray.encode(doubles([5, 6])).finish() }),
    'j["k"] in {x}',
    [5, 6],
  ),
  'field TemplateArrayValue.string_data': template(
    list({ stringData: { data: ['r1', 'r2'] } }),
    'name in {x}',
    [1, 2],
  ),
  'field TemplateArrayValue.array_data': template(
    list({ arrayData: { data: [{ longData: NS_BYTES }] } }),
    'json_contains_any(j["list"], {x}) or n == 1',
    [1],
  ),
  'field TemplateArrayValue.json_data': template(list({ jsonData: jsons([3, 4]) }), 'j["k"] in {x}', [3, 4]),
};

export const WRITE_REFUSALS: Probes = {
  'field FieldData.struct_arrays': brokenColumn(
    FieldData.encode(
      FieldData.fromPartial({ type: 200, fieldName: 'n', structArrays: { fields: [] } }),
    ).finish(),
    'field n',
  ),
};
