import { expect } from 'vitest';
import { freshCollection, plainCollection } from '../shelf.ts';
import { keyValues } from '../wireValues.ts';
import type { Reply, World } from '../world.ts';
import { hitsOf, type Probe, type Probes, queried, refused, searching } from './probe.ts';

type Params = Readonly<Record<string, unknown>>;

async function descriptions(world: World, collectionName: string): Promise<Reply[]> {
  const answer = await world.call('DescribeIndex', { collectionName });
  return answer.code === 700 ? [] : answer.reply.indexDescriptions;
}

/** What DescribeIndex says of the parameters of an index. */
async function paramsOf(world: World, collectionName: string, indexName: string): Promise<Params> {
  const found = (await descriptions(world, collectionName)).find((one) => one.indexName === indexName);
  expect(found, `index ${indexName}`).toBeDefined();
  const params: { key: string; value: string }[] = found.params;
  return Object.fromEntries(params.map(({ key, value }) => [key, value]));
}

/** An index of `vector` is described as it was made, and is searched: rows i are [i, 1], searched is [3, 1]. */
function vectorIndex(given: Params, described: Params, nearest: number[]): Probe {
  return async (world) => {
    const collectionName = await freshCollection(world, { vectorIndex: given, rows: 50, load: true });
    expect(await paramsOf(world, collectionName, 'vector')).toMatchObject(described);
    const { ids } = await hitsOf(world, searching({ params: { topk: 3 } }, { collectionName }));
    expect(ids).toEqual(nearest);
  };
}

async function notIndexed(world: World, fieldName: string, params: Params, name: string): Promise<void> {
  const collectionName = await freshCollection(world);
  const request = { collectionName, fieldName, extraParams: keyValues(params) };
  if (fieldName === 'vector') await world.ok('DropIndex', { collectionName, indexName: 'vector' });
  await refused(world, 'CreateIndex', request, 1100, name);
}

/** A scalar index is taken, described and dropped, and a filter finds the same rows with it. */
function scalarIndex(fieldName: string, params: Params, filter: string, rows: number[]): Probe {
  return async (world) => {
    const collectionName = await freshCollection(world, { rows: 10, load: true });
    const target = { collectionName, fieldName, indexName: 'scalar' };
    expect(await queried(world, filter, { collectionName })).toEqual(rows);
    await world.ok('CreateIndex', { ...target, extraParams: keyValues(params) });
    expect(await paramsOf(world, collectionName, 'scalar')).toMatchObject(params);
    expect(await queried(world, filter, { collectionName })).toEqual(rows);
    await world.ok('DropIndex', target);
    expect(await descriptions(world, collectionName)).toHaveLength(2);
  };
}

function scalarParam(fieldName: string, params: Params, broken: Params, name: string): Probe {
  return async (world) => {
    await scalarIndex(fieldName, params, 'n == 3', [3])(world);
    await notIndexed(world, fieldName, broken, name);
  };
}

const JSON_PATH = { index_type: 'INVERTED', json_path: 'j["k"]', json_cast_type: 'DOUBLE' };
const NEAREST_L2 = [3, 2, 4];

export const INDEX_PROBES: Probes = {
  'field CreateIndex.field_name': async (world) => {
    const request = { collectionName: await plainCollection(world), fieldName: 'nothing' };
    await refused(world, 'CreateIndex', request, 1700, 'nothing');
  },
  'field CreateIndex.extra_params': vectorIndex(
    { index_type: 'FLAT', metric_type: 'L2' },
    { index_type: 'FLAT', metric_type: 'L2' },
    NEAREST_L2,
  ),
  'field CreateIndex.index_name': async (world) => {
    const collectionName = await plainCollection(world);
    await world.ok('CreateIndex', { collectionName, fieldName: 'vector', indexName: 'mine' });
    expect((await descriptions(world, collectionName))[0].indexName).toBe('mine');
  },
  'field DropIndex.field_name': async (world) => {
    const collectionName = await freshCollection(world);
    await world.ok('DropIndex', { collectionName, fieldName: 'vector' });
    expect((await descriptions(world, collectionName)).map((one) => one.fieldName)).toEqual(['other']);
  },
  'field DropIndex.index_name': async (world) => {
    const collectionName = await freshCollection(world);
    await world.ok('DropIndex', { collectionName, indexName: 'nothing' });
    await world.ok('DropIndex', { collectionName, indexName: 'other' });
    expect((await descriptions(world, collectionName)).map((one) => one.fieldName)).toEqual(['vector']);
  },
  'field AlterIndex.extra_params': async (world) => {
    const collectionName = await freshCollection(world);
    const extraParams = keyValues({ 'mmap.enabled': 'true' });
    await world.ok('AlterIndex', { collectionName, indexName: 'vector', extraParams });
    expect(await paramsOf(world, collectionName, 'vector')).toMatchObject({ 'mmap.enabled': 'true' });
  },
  'field AlterIndex.delete_keys': async (world) => {
    const index = { collectionName: await freshCollection(world), indexName: 'vector' };
    await world.ok('AlterIndex', { ...index, extraParams: keyValues({ 'mmap.enabled': 'true' }) });
    await world.ok('AlterIndex', { ...index, deleteKeys: ['mmap.enabled'] });
    expect(await paramsOf(world, index.collectionName, 'vector')).not.toHaveProperty('mmap.enabled');
  },

  'vector index type FLAT': vectorIndex(
    { index_type: 'FLAT', metric_type: 'L2' },
    { index_type: 'FLAT' },
    NEAREST_L2,
  ),
  'vector index type HNSW': vectorIndex(
    { index_type: 'HNSW', metric_type: 'L2' },
    { index_type: 'HNSW' },
    NEAREST_L2,
  ),
  'vector index type AUTOINDEX': vectorIndex({ metric_type: 'L2' }, { index_type: 'AUTOINDEX' }, NEAREST_L2),
  'metric L2': vectorIndex({ metric_type: 'L2' }, { metric_type: 'L2' }, NEAREST_L2),
  'metric IP': vectorIndex({ metric_type: 'IP' }, { metric_type: 'IP' }, [49, 48, 47]),
  'metric COSINE': vectorIndex({}, { metric_type: 'COSINE' }, [3, 4, 5]),
  'index param index_type': vectorIndex(
    { index_type: '', metric_type: 'L2' },
    { index_type: 'AUTOINDEX' },
    NEAREST_L2,
  ),
  'index param metric_type': vectorIndex(
    { index_type: 'FLAT', metric_type: 'IP' },
    { metric_type: 'IP' },
    [49, 48, 47],
  ),
  'index param params': async (world) => {
    const params = { index_type: 'HNSW', metric_type: 'L2', params: '{"M":9}' };
    await vectorIndex(params, { M: '9' }, NEAREST_L2)(world);
    await notIndexed(world, 'vector', { ...params, params: '{"M":1}' }, 'M');
  },
  'index param M': async (world) => {
    await vectorIndex({ index_type: 'HNSW', metric_type: 'L2', M: 9 }, { M: '9' }, NEAREST_L2)(world);
    await notIndexed(world, 'vector', { index_type: 'HNSW', M: 1 }, 'M must be an integer in 2..2048');
  },
  'index param efConstruction': async (world) => {
    const given = { index_type: 'HNSW', metric_type: 'L2', efConstruction: 99 };
    await vectorIndex(given, { efConstruction: '99' }, NEAREST_L2)(world);
    await notIndexed(world, 'vector', { index_type: 'HNSW', efConstruction: 0 }, 'efConstruction must be');
  },

  'scalar index param index_type': scalarParam(
    'n',
    { index_type: 'STL_SORT' },
    { index_type: 'Trie' },
    'indexType=Trie',
  ),
  'scalar index param params': scalarParam(
    'name',
    { index_type: 'NGRAM', params: '{"min_gram":2,"max_gram":3}' },
    { index_type: 'NGRAM', params: '{"min_gram":3,"max_gram":2}' },
    'min_gram',
  ),
  'scalar index param json_path': scalarParam('j', JSON_PATH, { ...JSON_PATH, json_path: 'j[' }, 'json_path'),
  'scalar index param json_cast_type': scalarParam(
    'j',
    JSON_PATH,
    { ...JSON_PATH, json_cast_type: 'COLOUR' },
    'json_cast_type=COLOUR',
  ),
  'scalar index param json_cast_function': scalarParam(
    'j',
    { ...JSON_PATH, json_cast_function: 'STRING_TO_DOUBLE' },
    { ...JSON_PATH, json_cast_function: 'ROUND' },
    'json_cast_function=ROUND',
  ),
  'scalar index param min_gram': scalarParam(
    'name',
    { index_type: 'NGRAM', min_gram: '2', max_gram: '3' },
    { index_type: 'NGRAM', max_gram: '3' },
    'min_gram=none',
  ),
  'scalar index param max_gram': scalarParam(
    'name',
    { index_type: 'NGRAM', min_gram: '2', max_gram: '3' },
    { index_type: 'NGRAM', min_gram: '2', max_gram: '1' },
    'max_gram=1',
  ),
  'scalar index param bitmap_cardinality_limit': scalarParam(
    'n',
    { index_type: 'BITMAP', bitmap_cardinality_limit: '100' },
    { index_type: 'BITMAP', bitmap_cardinality_limit: '1001' },
    'bitmap_cardinality_limit=1001',
  ),
};

/** Taken, described, and of no consequence. */
export const KEPT_INDEXES: Probes = {
  'scalar index type INVERTED': scalarIndex('n', { index_type: 'INVERTED' }, 'n > 7', [8, 9]),
  'scalar index type STL_SORT': scalarIndex('n', { index_type: 'STL_SORT' }, 'n > 7', [8, 9]),
  'scalar index type Trie': scalarIndex('name', { index_type: 'Trie' }, 'name == "r4"', [4]),
  'scalar index type BITMAP': scalarIndex('n', { index_type: 'BITMAP' }, 'n in [1, 2]', [1, 2]),
  'scalar index type HYBRID': scalarIndex(
    'tags',
    { index_type: 'HYBRID' },
    'array_contains(tags, 5)',
    [4, 5],
  ),
  'scalar index type NGRAM': scalarIndex(
    'name',
    { index_type: 'NGRAM', min_gram: '2', max_gram: '3' },
    'name like "%r4%"',
    [4],
  ),
  'scalar index type AUTOINDEX': scalarIndex('flag', { index_type: 'AUTOINDEX' }, 'flag and n < 3', [0, 2]),
};
