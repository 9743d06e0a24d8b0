import type {
  CollectionInfo,
  ConsistencyLevel,
  DatabaseInfo,
  IndexInfo,
  LoadInfo,
  PartitionInfo,
} from '../domain/catalog.ts';
import type { DataType } from '../domain/dataTypes.ts';
import type { Metric } from '../domain/metric.ts';
import type { FieldSchema, KeyValue, ScalarValue } from '../domain/schema.ts';
import { vchannelName } from './shards.ts';

/** Catalogue entries as compact JSON: bigints are decimal text, what has its usual value is left out. Version 1. */
const VERSION = 1;

type Pairs = readonly (readonly [string, string])[];

interface StoredField {
  id: number;
  n: string;
  t: number;
  d?: string;
  flags?: string;
  def?: StoredScalar;
  el?: number;
  dim?: number;
  len?: number;
  cap?: number;
  tp?: Pairs;
}

type StoredScalar = boolean | number | string | { i: string };

interface StoredIndex {
  id: number;
  n: string;
  f: number;
  fn: string;
  t: string;
  m?: Metric;
  p: Pairs;
  ts: string;
}

interface StoredCollection {
  v: number;
  id: number;
  db: number;
  name: string;
  d?: string;
  dyn?: 1;
  sv: number;
  fields: StoredField[];
  aliases?: readonly string[];
  parts: readonly (readonly [number, string, string])[];
  chans: readonly string[];
  cl: number;
  props?: Pairs;
  idx?: StoredIndex[];
  load?: readonly [LoadInfo['state'], readonly number[] | null, number];
  ct: string;
  ut: string;
  tt?: string;
  rev: number;
}

interface StoredDatabase {
  v: number;
  id: number;
  name: string;
  props: Pairs;
  ct: string;
}

export function storedDatabase(info: DatabaseInfo): unknown {
  const stored: StoredDatabase = {
    v: VERSION,
    id: info.databaseId,
    name: info.name,
    props: pairsOf(info.properties),
    ct: String(info.createdTs),
  };
  return stored;
}

export function databaseOf(value: unknown): DatabaseInfo {
  const stored = value as StoredDatabase;
  return {
    databaseId: stored.id,
    name: stored.name,
    properties: keyValuesOf(stored.props),
    createdTs: BigInt(stored.ct),
  };
}

export function storedCollection(info: CollectionInfo): unknown {
  const { schema, load } = info;
  const stored: StoredCollection = {
    v: VERSION,
    id: info.collectionId,
    db: info.databaseId,
    name: schema.name,
    ...(schema.description === '' ? {} : { d: schema.description }),
    ...(schema.enableDynamicField ? { dyn: 1 as const } : {}),
    sv: schema.version,
    fields: schema.fields.map(storedField),
    ...(info.aliases.length === 0 ? {} : { aliases: info.aliases }),
    parts: info.partitions.map((p) => [p.partitionId, p.name, String(p.createdTs)] as const),
    chans: info.vchannels.map((channel) => channel.pchannel),
    cl: info.consistencyLevel,
    ...(info.properties.length === 0 ? {} : { props: pairsOf(info.properties) }),
    ...(info.indexes.length === 0 ? {} : { idx: info.indexes.map(storedIndex) }),
    ...(load.state === 'unloaded'
      ? {}
      : { load: [load.state, load.partitionIds ?? null, load.replicaNumber] as const }),
    ct: String(info.createdTs),
    ut: String(info.updateTs),
    ...(info.truncatedTs === 0n ? {} : { tt: String(info.truncatedTs) }),
    rev: info.revision,
  };
  return stored;
}

/** `databaseName` says the name of a database by its id. */
export function collectionOf(value: unknown, databaseName: (databaseId: number) => string): CollectionInfo {
  const stored = value as StoredCollection;
  const createdTs = BigInt(stored.ct);
  return {
    collectionId: stored.id,
    databaseId: stored.db,
    databaseName: databaseName(stored.db),
    schema: {
      name: stored.name,
      description: stored.d ?? '',
      fields: stored.fields.map(fieldOf),
      enableDynamicField: stored.dyn === 1,
      version: stored.sv,
    },
    aliases: stored.aliases ?? NONE,
    partitions: stored.parts.map(
      ([partitionId, name, ts]): PartitionInfo => ({
        partitionId,
        name,
        createdTs: ts === stored.ct ? createdTs : BigInt(ts),
      }),
    ),
    vchannels: stored.chans.map((pchannel, shard) => ({
      vchannel: vchannelName(pchannel, stored.id, shard),
      pchannel,
    })),
    consistencyLevel: stored.cl as ConsistencyLevel,
    properties: keyValuesOf(stored.props),
    indexes: stored.idx?.map(indexOf) ?? NONE,
    load: stored.load === undefined ? UNLOADED : loadOf(stored.load),
    createdTs,
    updateTs: stored.ut === stored.ct ? createdTs : BigInt(stored.ut),
    truncatedTs: stored.tt === undefined ? 0n : BigInt(stored.tt),
    revision: stored.rev,
  };
}

export const UNLOADED: LoadInfo = { state: 'unloaded', partitionIds: undefined, replicaNumber: 0 };

const NONE: readonly never[] = [];

function loadOf([state, partitionIds, replicaNumber]: NonNullable<StoredCollection['load']>): LoadInfo {
  return { state, partitionIds: partitionIds ?? undefined, replicaNumber };
}

/** One letter a flag that is set. */
const FLAGS: readonly (readonly [
  string,
  'isPrimaryKey' | 'autoId' | 'isPartitionKey' | 'isClusteringKey' | 'isDynamic' | 'nullable',
])[] = [
  ['k', 'isPrimaryKey'],
  ['a', 'autoId'],
  ['p', 'isPartitionKey'],
  ['c', 'isClusteringKey'],
  ['d', 'isDynamic'],
  ['n', 'nullable'],
];

function storedField(field: FieldSchema): StoredField {
  let flags = '';
  for (const [letter, name] of FLAGS) if (field[name]) flags += letter;
  return {
    id: field.fieldId,
    n: field.name,
    t: field.dataType,
    ...(field.description === '' ? {} : { d: field.description }),
    ...(flags === '' ? {} : { flags }),
    ...(field.defaultValue === undefined ? {} : { def: storedScalar(field.defaultValue) }),
    ...(field.elementType === undefined ? {} : { el: field.elementType }),
    ...(field.dim === 0 ? {} : { dim: field.dim }),
    ...(field.maxLength === 0 ? {} : { len: field.maxLength }),
    ...(field.maxCapacity === 0 ? {} : { cap: field.maxCapacity }),
    ...(field.typeParams.length === 0 ? {} : { tp: pairsOf(field.typeParams) }),
  };
}

function fieldOf(stored: StoredField): FieldSchema {
  const flags = stored.flags ?? '';
  return {
    fieldId: stored.id,
    name: stored.n,
    description: stored.d ?? '',
    dataType: stored.t as DataType,
    isPrimaryKey: flags.includes('k'),
    autoId: flags.includes('a'),
    isPartitionKey: flags.includes('p'),
    isClusteringKey: flags.includes('c'),
    isDynamic: flags.includes('d'),
    nullable: flags.includes('n'),
    defaultValue: scalarOf(stored.def),
    elementType: stored.el as DataType | undefined,
    dim: stored.dim ?? 0,
    maxLength: stored.len ?? 0,
    maxCapacity: stored.cap ?? 0,
    typeParams: keyValuesOf(stored.tp),
  };
}

function storedScalar(value: ScalarValue): StoredScalar {
  return typeof value === 'bigint' ? { i: String(value) } : value;
}

function scalarOf(stored: StoredScalar | undefined): ScalarValue | undefined {
  return typeof stored === 'object' ? BigInt(stored.i) : stored;
}

function storedIndex(index: IndexInfo): StoredIndex {
  return {
    id: index.indexId,
    n: index.indexName,
    f: index.fieldId,
    fn: index.fieldName,
    t: index.indexType,
    ...(index.metric === undefined ? {} : { m: index.metric }),
    p: pairsOf(index.params),
    ts: String(index.createdTs),
  };
}

function indexOf(stored: StoredIndex): IndexInfo {
  return {
    indexId: stored.id,
    indexName: stored.n,
    fieldId: stored.f,
    fieldName: stored.fn,
    indexType: stored.t,
    metric: stored.m,
    params: keyValuesOf(stored.p),
    createdTs: BigInt(stored.ts),
  };
}

function pairsOf(entries: readonly KeyValue[]): Pairs {
  return entries.map(({ key, value }) => [key, value] as const);
}

function keyValuesOf(pairs: Pairs | undefined): readonly KeyValue[] {
  return pairs === undefined || pairs.length === 0 ? NONE : pairs.map(([key, value]) => ({ key, value }));
}
