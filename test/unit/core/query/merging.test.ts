import { describe, expect, test } from 'vitest';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { TopK } from '../../../../src/core/query/topK.ts';
import { concatHits, type Hits, mergeHits, sliceHits } from '../../../../src/core/rank/mergeHits.ts';
import { mergeRows } from '../../../../src/core/rank/mergeRows.ts';
import { columnOfValues, valuesOf } from '../../../model/columnValues.ts';
import { RandomRows } from '../segment/randomRows.ts';
import { field } from '../streaming/fields.ts';

const KEY = { ...field('id', DataType.Int64), fieldId: 100 };
const TEXT = { ...field('t', DataType.VarChar, { nullable: true }), fieldId: 101 };

test('the best k of several sorted lists', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new RandomRows(seed);
    const k = 1 + random.int(20);
    const top = new TopK(k);
    const all: { score: number; segment: number; row: number }[] = [];
    for (let segment = 0; segment < 1 + random.int(6); segment++) {
      const hits = Array.from({ length: random.int(k + 1) }, (_, i) => ({
        score: random.int(10),
        segment,
        row: i,
      }));
      hits.sort((a, b) => b.score - a.score);
      const scores = Float32Array.from(hits, ({ score }) => score);
      top.merge(
        segment,
        scores,
        Uint32Array.from(hits, ({ row }) => row),
        hits.length,
      );
      all.push(...hits);
    }
    // Array.prototype.sort keeps ties in the order in which they came.
    const best = all.sort((a, b) => b.score - a.score).slice(0, k);
    const found = Array.from({ length: top.count }, (_, i) => ({
      score: top.scores[i],
      segment: top.segments[i],
      row: top.rows[i],
    }));
    expect(found).toEqual(best);
  }
});

interface ModelHit {
  readonly key: bigint;
  readonly score: number;
}

function hitsOf(queries: readonly (readonly ModelHit[])[]): Hits {
  const all = queries.flat();
  return {
    counts: Uint32Array.from(queries, (hits) => hits.length),
    scores: Float32Array.from(all, ({ score }) => score),
    keys: columnOfValues(
      KEY,
      all.map(({ key }) => key),
    ),
    output: {
      rows: all.length,
      columns: [
        {
          fieldId: 101,
          column: columnOfValues(
            TEXT,
            all.map(({ key }) => (key % 3n === 0n ? null : `t${key}`)),
          ),
        },
      ],
    },
  };
}

function plain(hits: Hits): ModelHit[][] {
  const keys = valuesOf(hits.keys) as bigint[];
  const texts = valuesOf(hits.output.columns[0]!.column);
  expect(texts).toEqual(keys.map((key) => (key % 3n === 0n ? null : `t${key}`)));
  expect(hits.output.rows).toBe(keys.length);
  const lists: ModelHit[][] = [];
  let at = 0;
  for (const count of hits.counts) {
    lists.push(keys.slice(at, at + count).map((key, i) => ({ key, score: hits.scores[at + i]! })));
    at += count;
  }
  expect(at).toBe(keys.length);
  return lists;
}

function bestFirst(hits: readonly ModelHit[]): ModelHit[] {
  return [...hits].sort((a, b) => b.score - a.score || Number(a.key - b.key));
}

describe('hits of shards', () => {
  test('are merged by score, then key, with offset and limit', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new RandomRows(seed);
      const queryCount = 1 + random.int(3);
      let nextKey = 0;
      const shards = Array.from({ length: 1 + random.int(4) }, () =>
        Array.from({ length: queryCount }, () => {
          const hits = Array.from({ length: random.int(12) }, () => ({
            key: BigInt((nextKey++ * 37) % 1_009) - 500n,
            score: random.int(5),
          }));
          // Best first, ties in any order, as a shard answers.
          return hits.sort((a, b) => b.score - a.score);
        }),
      );
      const offset = random.int(3) === 0 ? random.int(8) : 0;
      const limit = 1 + random.int(15);
      const merged = plain(mergeHits(shards.map(hitsOf), offset, limit));
      const expected = Array.from({ length: queryCount }, (_, query) =>
        bestFirst(shards.flatMap((shard) => shard[query]!)).slice(offset, offset + limit),
      );
      expect(merged).toEqual(expected);
    }
  });

  test('are cut and joined', () => {
    const hits = hitsOf([Array.from({ length: 9 }, (_, i) => ({ key: BigInt(i), score: 9 - i }))]);
    const [all] = plain(hits);
    for (let from = 0; from <= 9; from++) {
      expect(plain(sliceHits(hits, from, 9))).toEqual([all!.slice(from)]);
      const joined = concatHits(sliceHits(hits, 0, from), sliceHits(hits, from, 9));
      expect(plain(joined)).toEqual([all]);
    }
  });
});

test('rows of shards are merged in the order of their keys, with offset and limit', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new RandomRows(seed);
    const keys = Array.from({ length: random.int(40) }, (_, i) => BigInt((i * 37) % 101) - 50n);
    const shards: bigint[][] = Array.from({ length: 1 + random.int(4) }, () => []);
    for (const key of keys) shards[random.int(shards.length)]!.push(key);
    const order = (a: bigint, b: bigint) => Number(a - b);
    const replies = shards.map((list) => {
      const { keys: column, output } = hitsOf([list.sort(order).map((key) => ({ key, score: 0 }))]);
      return { keys: column, output };
    });
    const offset = random.int(2) === 0 ? random.int(45) : 0;
    const limit = random.int(3) === 0 ? undefined : random.int(45);
    const merged = mergeRows(replies, offset, limit);
    const expected = keys.sort(order).slice(offset, limit === undefined ? undefined : offset + limit);
    expect(valuesOf(merged.keys)).toEqual(expected);
    expect(valuesOf(merged.output.columns[0]!.column)).toEqual(
      expected.map((key) => (key % 3n === 0n ? null : `t${key}`)),
    );
  }
});
