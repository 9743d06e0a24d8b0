import { describe, expect, it } from 'vitest';
import { checkedIndex } from '../../../src/core/coordinator/indexRules.ts';
import { DataType } from '../../../src/core/domain/dataTypes.ts';
import type { FieldSchema } from '../../../src/core/domain/schema.ts';
import { field, ID, pairs, VECTOR } from './fixture.ts';

const text = field('t', DataType.VarChar, { maxLength: 5 });
const json = field('j', DataType.JSON);
const flag = field('b', DataType.Bool);
const float = field('f', DataType.Float);
const list = field('a', DataType.Array, { elementType: DataType.Int32, maxCapacity: 2 });

describe('index rules', () => {
  it('defaults to AUTOINDEX with COSINE and describes it', () => {
    expect(checkedIndex(VECTOR, [])).toEqual({
      indexType: 'AUTOINDEX',
      metric: 'COSINE',
      params: pairs({ index_type: 'AUTOINDEX', metric_type: 'COSINE' }),
    });
  });

  it('takes build parameters flat, as JSON, or both, and keeps the JSON', () => {
    const params = pairs({
      index_type: 'HNSW',
      metric_type: 'l2',
      params: '{"M":16,"efConstruction":"200"}',
      M: '16',
    });
    expect(checkedIndex(VECTOR, params)).toEqual({
      indexType: 'HNSW',
      metric: 'L2',
      params: pairs({
        index_type: 'HNSW',
        metric_type: 'l2',
        M: '16',
        efConstruction: '200',
        params: '{"M":16,"efConstruction":"200"}',
      }),
    });
  });

  it.each<[string, FieldSchema, Record<string, string>]>([
    ['FLAT', VECTOR, { index_type: 'FLAT', metric_type: 'IP' }],
    ['AUTOINDEX with empty JSON', VECTOR, { index_type: 'AUTOINDEX', metric_type: 'IP', params: '{}' }],
    ['INVERTED', list, { index_type: 'INVERTED' }],
    ['STL_SORT on text', text, { index_type: 'STL_SORT' }],
    ['STL_SORT on the key', ID, { index_type: 'STL_SORT' }],
    ['Trie', text, { index_type: 'marisa-trie' }],
    ['BITMAP', flag, { index_type: 'BITMAP', bitmap_cardinality_limit: '1000' }],
    ['BITMAP on an array', list, { index_type: 'BITMAP' }],
    ['NGRAM', text, { index_type: 'NGRAM', min_gram: '2', max_gram: '3' }],
    ['scalar AUTOINDEX', float, {}],
    ['JSON path', json, { index_type: 'INVERTED', json_path: 'j["a"]["b"]', json_cast_type: 'double' }],
  ])('accepts %s', (_, onField, params) => {
    expect(() => checkedIndex(onField, pairs(params))).not.toThrow();
  });

  it.each<[RegExp, FieldSchema, Record<string, string>]>([
    [/index type IVF_FLAT is not supported for FloatVector/, VECTOR, { index_type: 'IVF_FLAT' }],
    [/does not support metric type: HAMMING/, VECTOR, { index_type: 'FLAT', metric_type: 'HAMMING' }],
    [/M must be an integer in 2\.\.2048/, VECTOR, { index_type: 'HNSW', M: '1' }],
    [/M must be an integer in 2\.\.2048/, VECTOR, { index_type: 'HNSW', M: '2049' }],
    [/M must be an integer/, VECTOR, { index_type: 'HNSW', M: '16.5' }],
    [
      /efConstruction must be an integer in 1\.\.2147483647/,
      VECTOR,
      { index_type: 'HNSW', efConstruction: '0' },
    ],
    [/not valid JSON/, VECTOR, { index_type: 'HNSW', params: '{M:1}' }],
    [/must be a JSON object/, VECTOR, { index_type: 'HNSW', params: '[1]' }],
    [/conflicting values/, VECTOR, { index_type: 'HNSW', M: '8', params: '{"M":16}' }],
    [/only metric type can be passed/, VECTOR, { index_type: 'AUTOINDEX', nlist: '8' }],
    [/only metric type can be passed/, VECTOR, { params: '{"M":16}' }],
    [/index type HNSW is not supported/, text, { index_type: 'HNSW' }],
    [/no metric type/, text, { index_type: 'INVERTED', metric_type: 'L2' }],
    [/STL_SORT are only supported/, flag, { index_type: 'STL_SORT' }],
    [/TRIE are only supported/, ID, { index_type: 'Trie' }],
    [/primary key/, ID, { index_type: 'BITMAP' }],
    [/BITMAP index are only/, float, { index_type: 'BITMAP' }],
    [/bitmap_cardinality_limit/, flag, { index_type: 'BITMAP', bitmap_cardinality_limit: '1001' }],
    [/min_gram/, text, { index_type: 'NGRAM', min_gram: '3', max_gram: '2' }],
    [/min_gram/, text, { index_type: 'NGRAM' }],
    [/json index must specify cast type/, json, { index_type: 'INVERTED' }],
    [/json_cast_type is not supported/, json, { index_type: 'INVERTED', json_cast_type: 'INT' }],
    [/json_cast_function/, json, { json_cast_type: 'VARCHAR', json_cast_function: 'STRING_TO_DOUBLE' }],
  ])('refuses: %s', (pattern, onField, params) => {
    expect(() => checkedIndex(onField, pairs(params))).toThrow(pattern);
  });
});
