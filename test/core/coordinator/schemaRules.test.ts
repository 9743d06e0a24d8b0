import { describe, expect, it } from 'vitest';
import { newSchema, withField } from '../../../src/core/coordinator/schemaRules.ts';
import { DataType } from '../../../src/core/domain/dataTypes.ts';
import { ElanusError } from '../../../src/core/domain/errors.ts';
import type { FieldSchema } from '../../../src/core/domain/schema.ts';
import { field, ID, VECTOR } from './fixture.ts';

function fault(fields: readonly FieldSchema[], name = 'books'): string {
  try {
    newSchema({ name, description: '', fields, enableDynamicField: false, version: 0 });
  } catch (caught) {
    expect(caught).toBeInstanceOf(ElanusError);
    expect((caught as ElanusError).kind).toBe('Invalid');
    return (caught as ElanusError).text;
  }
  return 'accepted';
}

const text = (more: Partial<FieldSchema> = {}) => field('t', DataType.VarChar, { maxLength: 10, ...more });
const vectors = (count: number) => Array.from({ length: count }, (_, i) => ({ ...VECTOR, name: `v${i}` }));
const scalars = (count: number) => Array.from({ length: count }, (_, i) => field(`f${i}`, DataType.Int64));
const array = (elementType: number | undefined, more: Partial<FieldSchema> = {}) =>
  field('a', DataType.Array, {
    elementType: elementType as FieldSchema['elementType'],
    maxCapacity: 4,
    ...more,
  });

describe('schema rules', () => {
  it('numbers fields from 100 and puts $meta last', () => {
    const schema = newSchema({
      name: 'books',
      description: 'd',
      fields: [ID, VECTOR],
      enableDynamicField: true,
      version: 9,
    });
    expect(schema.fields.map((f) => [f.fieldId, f.name, f.isDynamic])).toEqual([
      [100, 'id', false],
      [101, 'vector', false],
      [102, '$meta', true],
    ]);
    expect(schema.version).toBe(0);
  });

  it.each<[string, readonly FieldSchema[]]>([
    ['plain', [ID, VECTOR]],
    ['64 fields', [ID, VECTOR, ...scalars(62)]],
    ['4 vectors', [ID, ...vectors(4)]],
    ['every scalar type', [ID, VECTOR, ...[1, 2, 3, 4, 10, 11, 23].map((t) => field(`x${t}`, t))]],
    ['VarChar key with autoID', [text({ isPrimaryKey: true, autoId: true }), VECTOR]],
    ['partition key', [ID, VECTOR, text({ isPartitionKey: true })]],
    ['clustering key', [ID, VECTOR, text({ isClusteringKey: true })]],
    ['array of text', [ID, VECTOR, array(DataType.VarChar, { maxLength: 3 })]],
    ['nullable array', [ID, VECTOR, array(DataType.Bool, { nullable: true })]],
    ['defaults', [ID, VECTOR, text({ defaultValue: 'é'.repeat(5) })]],
    [
      'int64 default',
      [ID, VECTOR, field('n', DataType.Int64, { defaultValue: -(2n ** 63n), nullable: true })],
    ],
    ['int8 default', [ID, VECTOR, field('n', DataType.Int8, { defaultValue: -128 })]],
    ['mmap', [ID, VECTOR, text({ typeParams: [{ key: 'mmap.enabled', value: 'True' }] })]],
  ])('accepts %s', (_, fields) => {
    expect(fault(fields)).toBe('accepted');
  });

  it.each<[RegExp, readonly FieldSchema[]]>([
    [/too many fields.*fields=65.*fieldsMax=64/, [ID, VECTOR, ...scalars(63)]],
    [/too many vector fields.*vectorFields=5/, [ID, ...vectors(5)]],
    [/does not contain a vector field/, [ID]],
    [/primary key is not specified/, [VECTOR]],
    [/more than one primary key.*id, t/, [ID, VECTOR, text({ isPrimaryKey: true })]],
    [/more than one partition key/, [ID, VECTOR, ...scalars(2).map((f) => ({ ...f, isPartitionKey: true }))]],
    [
      /more than one clustering key/,
      [ID, VECTOR, ...scalars(2).map((f) => ({ ...f, isClusteringKey: true }))],
    ],
    [/duplicated field name.*field=vector/, [ID, VECTOR, VECTOR]],
    [/primary key must be Int64 or VarChar/, [field('id', DataType.Int32, { isPrimaryKey: true }), VECTOR]],
    [/primary key cannot be nullable/, [{ ...ID, nullable: true }, VECTOR]],
    [/primary key cannot have a default/, [{ ...ID, defaultValue: 1n }, VECTOR]],
    [/primary key cannot be the partition key/, [{ ...ID, isPartitionKey: true }, VECTOR]],
    [/only the primary key can have autoID/, [ID, VECTOR, field('n', DataType.Int64, { autoId: true })]],
    [/partition key must be Int64/, [ID, VECTOR, field('n', DataType.Bool, { isPartitionKey: true })]],
    [/partition key cannot be nullable/, [ID, VECTOR, text({ isPartitionKey: true, nullable: true })]],
    [/clustering key must be/, [ID, VECTOR, field('n', DataType.JSON, { isClusteringKey: true })]],
    [/nullable vector fields are not supported/, [ID, { ...VECTOR, nullable: true }]],
    [/dim is not specified.*2\.\.32768.*field=vector/, [ID, { ...VECTOR, dim: 0, typeParams: [] }]],
    [/dim .*2\.\.32768.*dim=1/, [ID, { ...VECTOR, dim: 1, typeParams: [] }]],
    [/dim .*dim=32769/, [ID, { ...VECTOR, dim: 32_769, typeParams: [] }]],
    [/dim .*dim=many/, [ID, { ...VECTOR, dim: Number.NaN, typeParams: [{ key: 'dim', value: 'many' }] }]],
    [/max_length .*1\.\.65535.*max_length=65536/, [ID, VECTOR, text({ maxLength: 65_536 })]],
    [/max_length is not specified/, [ID, VECTOR, text({ maxLength: 0 })]],
    [/max_length is not specified/, [ID, VECTOR, array(DataType.VarChar)]],
    [/max_capacity .*1\.\.4096.*4097/, [ID, VECTOR, array(DataType.Int8, { maxCapacity: 4_097 })]],
    [/Array needs an element type.*none/, [ID, VECTOR, array(undefined)]],
    [/Array needs an element type.*JSON/, [ID, VECTOR, array(DataType.JSON)]],
    [/Array needs an element type.*FloatVector/, [ID, VECTOR, array(DataType.FloatVector)]],
    [/SparseFloatVector is not supported/, [ID, field('s', 104)]],
    [/BinaryVector is not supported/, [ID, field('s', 100)]],
    [/Float16Vector is not supported/, [ID, field('s', 102)]],
    [/ArrayOfStruct is not supported/, [ID, VECTOR, field('s', 200)]],
    [/Timestamptz is not supported/, [ID, VECTOR, field('s', 26)]],
    [/DataType\(99\) is not supported/, [ID, VECTOR, field('s', 99)]],
    [/name of a system field.*RowID/, [ID, VECTOR, field('RowID', DataType.Int64)]],
    [/name of a system field.*\$meta/, [ID, VECTOR, field('$meta', DataType.JSON)]],
    [/keyword.*field=LIKE/, [ID, VECTOR, field('LIKE', DataType.Int64)]],
    [/Invalid field name: 1a/, [ID, VECTOR, field('1a', DataType.Int64)]],
    [/Invalid field name: a-b/, [ID, VECTOR, field('a-b', DataType.Int64)]],
    [/Invalid field name: \. The name must not be empty/, [ID, VECTOR, field('', DataType.Int64)]],
    [/at most 255 bytes, it is 256/, [ID, VECTOR, field('a'.repeat(256), DataType.Int64)]],
    [/default value does not fit/, [ID, VECTOR, field('n', DataType.Int8, { defaultValue: 128 })]],
    [/default value does not fit/, [ID, VECTOR, field('n', DataType.Int64, { defaultValue: 1 })]],
    [/default value does not fit/, [ID, VECTOR, field('n', DataType.Int32, { defaultValue: 1.5 })]],
    [/default value does not fit/, [ID, VECTOR, field('n', DataType.Bool, { defaultValue: 1 })]],
    [/default value does not fit/, [ID, VECTOR, field('n', DataType.Float, { defaultValue: 1e300 })]],
    [/default value does not fit/, [ID, VECTOR, field('n', DataType.Double, { defaultValue: Number.NaN })]],
    [/longer than max_length.*max_length=10/, [ID, VECTOR, text({ defaultValue: 'é'.repeat(6) })]],
    [/cannot have a default value/, [ID, VECTOR, field('j', DataType.JSON, { defaultValue: '{}' })]],
    [
      /unknown type param.*param=colour/,
      [ID, VECTOR, text({ typeParams: [{ key: 'colour', value: 'red' }] })],
    ],
    [
      /true or false.*value=maybe/,
      [ID, VECTOR, text({ typeParams: [{ key: 'mmap.enabled', value: 'maybe' }] })],
    ],
    [
      /text analysis \(enable_match\)/,
      [ID, VECTOR, text({ typeParams: [{ key: 'enable_match', value: 'true' }] })],
    ],
  ])('refuses: %s', (pattern, fields) => {
    expect(fault(fields)).toMatch(pattern);
  });

  it.each([
    ['1books', /first character/],
    ['bo oks', /letters, numbers and underscores/],
    ['', /must not be empty/],
    ['ü', /first character/],
  ])('refuses the collection name %j', (name, pattern) => {
    expect(fault([ID, VECTOR], name)).toMatch(pattern);
  });
});

describe('an added field', () => {
  const schema = newSchema({
    name: 'books',
    description: '',
    fields: [ID, VECTOR],
    enableDynamicField: true,
    version: 0,
  });

  it('goes before $meta under a new id and raises the version', () => {
    const next = withField(schema, field('n', DataType.Int64, { nullable: true }));
    expect(next.fields.map((f) => [f.name, f.fieldId])).toEqual([
      ['id', 100],
      ['vector', 101],
      ['n', 103],
      ['$meta', 102],
    ]);
    expect(next.version).toBe(1);
  });

  it.each<[RegExp, FieldSchema]>([
    [/must be nullable or have a default/, field('n', DataType.Int64)],
    [/vector field cannot be added/, { ...VECTOR, name: 'w' }],
    [/primary key cannot be added/, { ...ID, name: 'other' }],
    [/partition key cannot be added/, field('p', DataType.Int64, { isPartitionKey: true, defaultValue: 1n })],
    [/duplicated field name/, field('vector', DataType.Int64, { nullable: true })],
  ])('is refused: %s', (pattern, added) => {
    expect(() => withField(schema, added)).toThrow(pattern);
  });
});
