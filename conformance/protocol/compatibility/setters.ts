import { PlaceholderType } from '../../../src/gen/milvus/common.ts';
import { DataType, FunctionType } from '../../../src/gen/milvus/schema.ts';
import { camelCase, fieldsOf, RPCS } from './protocol.ts';
import { SAMPLES, searchSample } from './samples.ts';
import { ID, plainCollection, schemaBytes, shelfColumns, VECTOR } from './shelf.ts';
import type { Row } from './table.ts';
import { column, keyValues, longs, placeholders } from './wireValues.ts';
import type { Headers, World } from './world.ts';

/** Two requests that differ in one thing. */
export interface Pair {
  readonly rpc: string;
  readonly without: object;
  readonly with: object;
  readonly headers?: Headers;
}

export type Setter = (world: World) => Promise<Pair>;

/** What sets the thing of a row in an otherwise valid request; undefined when it takes a probe of its own. */
export function setterOf(row: Row): Setter | undefined {
  const own = OWN[`${row.kind} ${row.what}`];
  if (own !== undefined) return own;
  if (row.kind === 'field') return fieldSetter(row.what);
  return BY_KIND[row.kind]?.(row.what);
}

/** Sets a field of an RPC's request, or one of the requests of a hybrid search. */
export function fieldSetter(what: string): Setter | undefined {
  const inner = /^HybridSearch\.requests\[\]\.(\w+)$/.exec(what)?.[1];
  if (inner !== undefined) return hybridSetter(inner);
  const [rpc = '', field = ''] = what.split('.');
  if (SAMPLES[rpc] === undefined) return undefined;
  const type = fieldsOf(`milvus.${RPCS.get(rpc)!.requestType}`)[field];
  if (type === undefined) throw new Error(`docs/compatibility.md: ${rpc} has no field ${field}`);
  return async (world) => {
    const changed = { [camelCase(field)]: FIELD_VALUES[field] ?? otherValue(type) };
    const request = await SAMPLES[rpc]!(world);
    return { rpc, without: await SAMPLES[rpc]!(world), with: { ...request, ...changed } };
  };
}

function hybridSetter(field: string): Setter {
  const type = fieldsOf('milvus.SearchRequest')[field];
  if (type === undefined) throw new Error(`docs/compatibility.md: SearchRequest has no field ${field}`);
  return async (world) => {
    const sample = (await SAMPLES.HybridSearch!(world)) as { requests: object[] };
    const value = FIELD_VALUES[field] ?? otherValue(type);
    const changed = { ...sample.requests[0]!, [camelCase(field)]: value };
    return {
      rpc: 'HybridSearch',
      without: sample,
      with: { ...sample, requests: [changed, ...sample.requests.slice(1)] },
    };
  };
}

/** Values of fields whose type alone makes none that is valid. */
const FIELD_VALUES: Readonly<Record<string, unknown>> = {
  flush_all_tss: { channel: 7n },
  field_ops: [{ fieldName: 'name', op: 0 }],
  hash_keys: Uint8Array.of(1),
};

/** Something other than the default of a type. */
function otherValue(type: string): unknown {
  const value = plainValue(type.split(' ').at(-1)!);
  return type.startsWith('repeated ') ? [value] : value;
}

function plainValue(type: string): unknown {
  if (type === 'string') return 'something';
  if (type === 'bool') return true;
  if (type === 'bytes') return Uint8Array.of(1);
  if (type.endsWith('int64')) return 7n;
  if (type.endsWith('int32')) return 1;
  if (type === 'common.MsgBase') return { msgType: 1, msgID: 5n, timestamp: 7n, sourceID: 3n, targetID: 2n };
  if (type === 'common.ClientInfo') return { sdkType: 'test', sdkVersion: '1' };
  const isEnum = /Level$|Type$/.test(type);
  return isEnum ? 1 : {};
}

type SetterOfName = (name: string) => Setter;

function params(rpc: string, list: string, more: (name: string) => Record<string, unknown>): SetterOfName {
  return (name) => async (world) => {
    const sample = (await SAMPLES[rpc]!(world)) as Record<string, readonly object[]>;
    const added = keyValues(more(name));
    return { rpc, without: sample, with: { ...sample, [list]: [...(sample[list] ?? []), ...added] } };
  };
}

/** Names whose values are checked need a fitting one. */
function valued(name: string): Record<string, unknown> {
  const isFlag = /enabled$|^enable_|isolation$|^allow_/.test(name);
  return { [name]: isFlag ? 'true' : name === 'metric_type' ? 'L2' : '1' };
}

const BY_KIND: Readonly<Record<string, SetterOfName>> = {
  metadata: (name) => async () => ({
    rpc: 'Search',
    without: searchSample,
    with: searchSample,
    headers: { [name]: name === 'authorization' ? 'cm9vdDpNaWx2dXM=' : '7' },
  }),
  'search param': params('Search', 'searchParams', valued),
  'query param': params('Query', 'queryParams', valued),
  'rank param': params('HybridSearch', 'rankParams', valued),
  'load param': (name) => async (world) => ({
    rpc: 'LoadCollection',
    without: await SAMPLES.LoadCollection!(world),
    with: { ...(await SAMPLES.LoadCollection!(world)), loadParams: { [name]: 'high' } },
  }),
  'vector index type': (name) => newIndex('vector', { index_type: name }),
  metric: (name) => newIndex('vector', { index_type: 'FLAT', metric_type: name }),
  'index param': (name) => newIndex('vector', { index_type: 'HNSW', ...valued(name) }),
  'scalar index type': (name) => newIndex('n', { index_type: name }),
  'scalar index param': (name) => newIndex('n', { index_type: 'INVERTED', ...valued(name) }),
  'collection property': (name) => newCollection({ properties: keyValues(valued(name)) }),
  'database property': (name) => async (world) => ({
    rpc: 'CreateDatabase',
    without: { dbName: world.newName() },
    with: { dbName: world.newName(), properties: keyValues(valued(name)) },
  }),
  'field property': (name) =>
    newSchema([ID, VECTOR, textField()], [ID, VECTOR, textField(keyValues(valued(name)))]),
  'index property': (name) => async (world) => {
    const sample = await SAMPLES.AlterIndex!(world);
    return { rpc: 'AlterIndex', without: sample, with: { ...sample, extraParams: keyValues(valued(name)) } };
  },
  'data type': (name) =>
    newSchema([ID, VECTOR], [ID, VECTOR, { name: 'x', dataType: DataType[name as keyof typeof DataType] }]),
  'function type': (name) =>
    newSchema([ID, VECTOR], [ID, VECTOR], {
      functions: [{ name, type: FunctionType[name as keyof typeof FunctionType] }],
    }),
  'placeholder type': (name) => async () => ({
    rpc: 'Search',
    without: searchSample,
    with: {
      ...searchSample,
      placeholderGroup: placeholders([[3, 1]], {
        type: PlaceholderType[name as keyof typeof PlaceholderType],
      }),
    },
  }),
};

function newIndex(fieldName: string, extraParams: Record<string, unknown>): Setter {
  return async (world) => {
    const fields = [ID, VECTOR, { name: 'n', dataType: DataType.Int64 }];
    const request = async (given: Record<string, unknown>) => ({
      collectionName: await plainCollection(world, fields),
      fieldName,
      extraParams: keyValues(given),
    });
    return { rpc: 'CreateIndex', without: await request({}), with: await request(extraParams) };
  };
}

function newCollection(more: object): Setter {
  return async (world) => {
    const request = () => {
      const collectionName = world.newName();
      return { collectionName, schema: schemaBytes(collectionName) };
    };
    return { rpc: 'CreateCollection', without: request(), with: { ...request(), ...more } };
  };
}

type Fields = NonNullable<Parameters<typeof schemaBytes>[1]>;

function textField(typeParams: { key: string; value: string }[] = []): Fields[number] {
  const given = [...keyValues({ max_length: 9 }), ...typeParams];
  return { name: 'text', dataType: DataType.VarChar, typeParams: given };
}

function newSchema(
  without: Fields,
  changed: Fields,
  more: NonNullable<Parameters<typeof schemaBytes>[2]> = {},
): Setter {
  return async (world) => {
    const request = (fields: Fields, extra: object) => {
      const collectionName = world.newName();
      return { collectionName, schema: schemaBytes(collectionName, fields, extra) };
    };
    return { rpc: 'CreateCollection', without: request(without, {}), with: request(changed, more) };
  };
}

function schemaPart(more: NonNullable<Parameters<typeof schemaBytes>[2]>): Setter {
  return newSchema([ID, VECTOR], [ID, VECTOR], more);
}

function fieldPart(more: Fields[number]): Setter {
  const field = { name: 'x', dataType: DataType.Int64 };
  return newSchema([ID, VECTOR, field], [ID, VECTOR, { ...field, ...more }]);
}

function inserted(rpc: string, change: (columns: Uint8Array[]) => Uint8Array[], more: object = {}): Setter {
  return async (world) => ({
    rpc,
    without: await SAMPLES[rpc]!(world),
    with: { ...(await SAMPLES[rpc]!(world)), fieldsData: change(shelfColumns([0, 1, 2])), ...more },
  });
}

const OWN: Readonly<Record<string, Setter>> = {
  'field CollectionSchema.autoID': schemaPart({ autoID: true }),
  'field CollectionSchema.functions': schemaPart({ functions: [{ name: 'f' }] }),
  'field CollectionSchema.dbName': schemaPart({ dbName: 'elsewhere' }),
  'field CollectionSchema.struct_array_fields': schemaPart({ structArrayFields: [{ name: 's' }] }),
  'field CollectionSchema.version': schemaPart({ version: 5 }),
  'field CollectionSchema.external_source': schemaPart({ externalSource: 's3://bucket' }),
  'field CollectionSchema.external_spec': schemaPart({ externalSpec: '{}' }),
  'field CollectionSchema.do_physical_backfill': schemaPart({ doPhysicalBackfill: true }),
  'field CollectionSchema.file_resource_ids': schemaPart({ fileResourceIds: [7n] }),
  'field CollectionSchema.enable_namespace': schemaPart({ enableNamespace: true }),
  'field FieldSchema.fieldID': fieldPart({ fieldID: 777n }),
  'field FieldSchema.index_params': fieldPart({ indexParams: keyValues({ index_type: 'FLAT' }) }),
  'field FieldSchema.state': fieldPart({ state: 1 }),
  'field FieldSchema.is_dynamic': fieldPart({ isDynamic: true }),
  'field FieldSchema.is_function_output': fieldPart({ isFunctionOutput: true }),
  'field FieldSchema.external_field': fieldPart({ externalField: 'x' }),
  'field ValueField.bytes_data': fieldPart({ defaultValue: { bytesData: Uint8Array.of(1) } }),
  'field ValueField.timestamptz_data': fieldPart({ defaultValue: { timestamptzData: 1n } }),
  'field ValueField.date_data': fieldPart({ defaultValue: { dateData: 1 } }),
  'field ValueField.time_data': fieldPart({ defaultValue: { timeData: 1n } }),
  'field FieldData.field_id': inserted('Insert', ([, ...rest]) => [
    column('id', DataType.Int64, { longData: longs([0, 1, 2]) }, { fieldId: 777n }),
    ...rest,
  ]),
  'field FieldPartialUpdateOp.field_name': inserted('Upsert', (columns) => columns, {
    fieldOps: [{ fieldName: 'n', op: 0 }],
  }),
  'field FieldPartialUpdateOp.op': inserted('Upsert', (columns) => columns, {
    fieldOps: [{ fieldName: 'tags', op: 1 }],
  }),
  'field PlaceholderValue.tag': async () => ({
    rpc: 'Search',
    without: searchSample,
    with: { ...searchSample, placeholderGroup: placeholders([[3, 1]], { tag: '$7' }) },
  }),
  'field PlaceholderValue.element_level': async () => ({
    rpc: 'Search',
    without: searchSample,
    with: { ...searchSample, placeholderGroup: placeholders([[3, 1]], { elementLevel: true }) },
  }),
  'field TemplateValue.bytes_val': async (world) => {
    const sample = await SAMPLES.Query!(world);
    const exprTemplateValues = { bytes_val: { bytesVal: Uint8Array.of(1) } };
    return {
      rpc: 'Query',
      without: sample,
      with: { ...sample, expr: 'n in {bytes_val}', exprTemplateValues },
    };
  },
};
