import { CollectionSchema, DataType } from '../../../src/gen/milvus/schema.ts';
import { bools, column, jsons, keyValues, longs, vectorColumn } from './wireValues.ts';
import type { World } from './world.ts';

/** Loaded, never flushed: rows 0..9 in `_default`, 10..19 in `p1`. Probes only read it. */
export const SHELF = 'shelf';
export const SHELF_ROWS = 20;
/** A database with a collection of the same name and 3 rows. */
export const BRANCH = 'branch';

type FieldPartial = Parameters<typeof CollectionSchema.fromPartial>[0]['fields'] extends
  | readonly (infer Field)[]
  | undefined
  ? Field
  : never;

export const ID: FieldPartial = { name: 'id', dataType: DataType.Int64, isPrimaryKey: true };
export const VECTOR: FieldPartial = {
  name: 'vector',
  dataType: DataType.FloatVector,
  typeParams: keyValues({ dim: 2 }),
};

const FIELDS: FieldPartial[] = [
  ID,
  VECTOR,
  { name: 'other', dataType: DataType.FloatVector, typeParams: keyValues({ dim: 2 }) },
  { name: 'n', dataType: DataType.Int64 },
  { name: 'flag', dataType: DataType.Bool },
  { name: 'name', dataType: DataType.VarChar, typeParams: keyValues({ max_length: 64 }) },
  {
    name: 'tags',
    dataType: DataType.Array,
    elementType: DataType.Int64,
    typeParams: keyValues({ max_capacity: 8 }),
  },
  { name: 'j', dataType: DataType.JSON },
  { name: 'maybe', dataType: DataType.Int64, nullable: true },
];

export function schemaBytes(
  name: string,
  fields: readonly FieldPartial[] = FIELDS,
  more: Parameters<typeof CollectionSchema.fromPartial>[0] = { enableDynamicField: fields === FIELDS },
): Uint8Array {
  const schema = CollectionSchema.fromPartial({ name, fields: [...fields], ...more });
  return CollectionSchema.encode(schema).finish();
}

/** Row i has n = i, name `ri`, vector [i, 1], other [1, i], tags [i, i + 1], j {"k": i}, d: i; maybe i when i is even. */
export function shelfColumns(ids: readonly number[]): Uint8Array[] {
  const arrays = ids.map((i) => longs([i, i + 1]).data);
  return [
    column('id', DataType.Int64, { longData: longs(ids) }),
    vectorColumn(
      'vector',
      ids.map((i) => [i, 1]),
    ),
    vectorColumn(
      'other',
      ids.map((i) => [1, i]),
    ),
    column('n', DataType.Int64, { longData: longs(ids) }),
    column('flag', DataType.Bool, { boolData: bools(ids.map((i) => i % 2 === 0)) }),
    column('name', DataType.VarChar, { stringData: { data: ids.map((i) => `r${i}`) } }),
    column('tags', DataType.Array, {
      arrayData: { data: arrays.map(asLongArray), elementType: DataType.Int64 },
    }),
    column('j', DataType.JSON, { jsonData: jsons(ids.map((k) => ({ k }))) }),
    column(
      'maybe',
      DataType.Int64,
      { longData: longs(ids.filter((i) => i % 2 === 0)) },
      { valid: ids.map((i) => i % 2 === 0) },
    ),
    column('$meta', DataType.JSON, { jsonData: jsons(ids.map((d) => ({ d }))) }, { isDynamic: true }),
  ];
}

/** A ScalarField of longs, as an element of an array column. */
function asLongArray(data: Uint8Array): Uint8Array {
  return Uint8Array.of(0x1a, data.length + 2, 0x0a, data.length, ...data);
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

const HNSW = { index_type: 'HNSW', metric_type: 'L2', M: 8, efConstruction: 64 };

export interface FreshOptions {
  readonly name?: string;
  readonly dbName?: string;
  readonly rows?: number;
  readonly load?: boolean;
  /** Instead of HNSW with L2. */
  readonly vectorIndex?: Readonly<Record<string, unknown>>;
  /** More fields of CreateCollection. */
  readonly create?: object;
}

/** A collection of the shelf's schema with an index on both vector fields; its name. */
export async function freshCollection(world: World, options: FreshOptions = {}): Promise<string> {
  const collectionName = options.name ?? world.newName();
  const target = { collectionName, ...(options.dbName === undefined ? {} : { dbName: options.dbName }) };
  await world.ok('CreateCollection', { ...target, schema: schemaBytes(collectionName), ...options.create });
  const extraParams = keyValues(options.vectorIndex ?? HNSW);
  await world.ok('CreateIndex', { ...target, fieldName: 'vector', extraParams });
  const flat = keyValues({ index_type: 'FLAT', metric_type: 'IP' });
  await world.ok('CreateIndex', { ...target, fieldName: 'other', extraParams: flat });
  const numRows = options.rows ?? 0;
  if (numRows > 0)
    await world.ok('Insert', { ...target, fieldsData: shelfColumns(range(0, numRows)), numRows });
  if (options.load === true) await world.ok('LoadCollection', target);
  return collectionName;
}

/** A collection of an own schema without index; its name. */
export async function plainCollection(
  world: World,
  fields: readonly FieldPartial[] = [ID, VECTOR],
  create: object = {},
): Promise<string> {
  const collectionName = world.newName();
  await world.ok('CreateCollection', {
    collectionName,
    schema: schemaBytes(collectionName, fields),
    ...create,
  });
  return collectionName;
}

export async function fillShelf(world: World): Promise<void> {
  await freshCollection(world, { name: SHELF, rows: 10 });
  await world.ok('CreatePartition', { collectionName: SHELF, partitionName: 'p1' });
  const fieldsData = shelfColumns(range(10, SHELF_ROWS));
  await world.ok('Insert', { collectionName: SHELF, partitionName: 'p1', fieldsData, numRows: 10 });
  await world.ok('CreateAlias', { collectionName: SHELF, alias: 'shelf_alias' });
  await world.ok('LoadCollection', { collectionName: SHELF });
  await world.ok('CreateDatabase', { dbName: BRANCH });
  await freshCollection(world, { name: SHELF, dbName: BRANCH, rows: 3, load: true });
}
