import { beforeAll, describe, expect, test } from 'vitest';
import type { CollectionInfo } from '../../../../src/core/domain/catalog.ts';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { METRICS, type Metric } from '../../../../src/core/domain/metric.ts';
import type { FieldSchema } from '../../../../src/core/domain/schema.ts';
import { parseFilter } from '../../../../src/core/expr/parseFilter.ts';
import type { SearchTaskInput, SegmentRead } from '../../../../src/core/query/reads.ts';
import { searchTask } from '../../../../src/core/query/searchTask.ts';
import { bitsetBytes, setBit } from '../../../../src/core/segment/bitset.ts';
import type { LocalSegment } from '../../../../src/core/segment/localSegment.ts';
import {
  countingSearches,
  graphIndex,
  type SegmentBench,
  schemaOf,
  segmentBench,
} from '../../../harness/segments.ts';
import { innerScore } from '../../../model/bruteForceShard.ts';
import { columnOfValues } from '../../../model/columnValues.ts';
import { RandomRows } from '../segment/randomRows.ts';
import { field } from '../streaming/fields.ts';

interface ModelRow {
  readonly vector: readonly number[];
  readonly a: number;
}

interface Hit {
  readonly segment: number;
  readonly row: number;
  readonly score: number;
}

let bench: SegmentBench;
beforeAll(async () => {
  bench = await segmentBench();
});

function fieldsOf(dim: number): [FieldSchema, FieldSchema, FieldSchema] {
  return [
    { ...field('id', DataType.Int64, { isPrimaryKey: true }), fieldId: 100 },
    { ...field('vector', DataType.FloatVector, { dim }), fieldId: 101 },
    { ...field('a', DataType.Int32), fieldId: 102 },
  ];
}

class Case {
  readonly dim: number;
  readonly random: RandomRows;
  readonly fields: [FieldSchema, FieldSchema, FieldSchema];
  readonly rows: ModelRow[] = [];
  readonly segment: LocalSegment;
  readonly metric: Metric;

  constructor(seed: number, dim: number, metric: Metric) {
    this.dim = dim;
    this.metric = metric;
    this.random = new RandomRows(seed);
    this.fields = fieldsOf(dim);
    this.segment = bench.segment(this.fields);
  }

  add(rows: number): void {
    const [id, vector, a] = this.fields;
    const added = Array.from({ length: rows }, (_, i) => ({
      key: BigInt(this.rows.length + i),
      vector: this.vector(),
      a: this.random.int(100),
    }));
    this.segment.append({
      rows,
      columns: [
        {
          fieldId: id.fieldId,
          column: columnOfValues(
            id,
            added.map(({ key }) => key),
          ),
        },
        {
          fieldId: vector.fieldId,
          column: columnOfValues(
            vector,
            added.map((row) => row.vector),
          ),
        },
        {
          fieldId: a.fieldId,
          column: columnOfValues(
            a,
            added.map((row) => row.a),
          ),
        },
      ],
    });
    this.rows.push(...added);
  }

  /** Small whole numbers: every score is exact in float32, and there are ties. */
  vector(): number[] {
    return Array.from({ length: this.dim }, () => this.random.int(9) - 4);
  }

  async index(): Promise<void> {
    const indexes = [graphIndex(this.fields[1], this.metric)];
    await this.segment.buildIndexes({ schema: schemaOf(this.fields), indexes } as unknown as CollectionInfo);
  }

  read(rowsLimit: number, hidden: ReadonlySet<number>): SegmentRead {
    const bits = new Uint8Array(bitsetBytes(this.rows.length) + this.random.int(3));
    for (const row of hidden) setBit(bits, row);
    return this.segment.read(rowsLimit, hidden.size === 0 ? undefined : bits, 101).read;
  }
}

function inputOf(base: Case, extra: Partial<SearchTaskInput>): SearchTaskInput {
  return {
    segments: [],
    fieldId: 101,
    metric: base.metric,
    dim: base.dim,
    filter: undefined,
    filterNumber: undefined,
    queries: Float32Array.from(base.vector()),
    queryCount: 1,
    k: 10,
    params: {},
    scoreAbove: Number.NEGATIVE_INFINITY,
    scoreAtMost: Number.POSITIVE_INFINITY,
    exact: false,
    ...extra,
  };
}

/** Hits of each query. */
function run(input: SearchTaskInput): { hits: Hit[][]; searches: Map<string, number> } {
  const { context, searches } = countingSearches(bench.compute.local);
  const { counts, scores, segments, rows } = searchTask(context, input);
  const hits: Hit[][] = [];
  let at = 0;
  for (const count of counts) {
    hits.push(
      Array.from({ length: count }, (_, i) => ({
        segment: segments[at + i]!,
        row: rows[at + i]!,
        score: scores[at + i]!,
      })),
    );
    at += count;
  }
  expect(at).toBe(rows.length);
  return { hits, searches };
}

/** Every row that may be found, best first. */
function qualifying(
  cases: readonly Case[],
  limits: readonly number[],
  hidden: readonly ReadonlySet<number>[],
  input: SearchTaskInput,
  query: number,
  passes: (row: ModelRow) => boolean,
): Hit[] {
  const vector = [...input.queries.subarray(query * input.dim, (query + 1) * input.dim)];
  return cases
    .flatMap(({ rows }, segment) =>
      rows.slice(0, limits[segment]).flatMap((row, number) => {
        if (hidden[segment]!.has(number) || !passes(row)) return [];
        return [{ segment, row: number, score: innerScore(input.metric, vector, row.vector) }];
      }),
    )
    .filter(({ score }) => score > input.scoreAbove && score <= input.scoreAtMost)
    .sort((a, b) => b.score - a.score);
}

function expectHits(found: readonly Hit[], all: readonly Hit[], k: number, tolerance: number): void {
  expect(found.length).toBe(Math.min(k, all.length));
  found.forEach(({ score }, i) => {
    expect(Math.abs(score - all[i]!.score)).toBeLessThanOrEqual(tolerance);
    if (i > 0) expect(score).toBeLessThanOrEqual(found[i - 1]!.score);
  });
  const scores = new Map(all.map(({ segment, row, score }) => [`${segment}/${row}`, score]));
  for (const { segment, row, score } of found)
    expect(Math.abs(score - scores.get(`${segment}/${row}`)!)).toBeLessThanOrEqual(tolerance);
  expect(new Set(found.map(({ segment, row }) => `${segment}/${row}`)).size).toBe(found.length);
}

describe.each(METRICS)('search by %s', (metric) => {
  const tolerance = metric === 'COSINE' ? 1e-6 : 0;

  test('scans agree with a model: several segments, snapshots, hidden rows, filters, bounds', () => {
    for (let seed = 1; seed <= 25; seed++) {
      const random = new RandomRows(seed);
      const dim = 1 + random.int(9);
      const cases = Array.from({ length: 1 + random.int(3) }, (_, i) => new Case(seed * 10 + i, dim, metric));
      for (const each of cases) for (let i = 0; i < 3; i++) each.add(1 + random.int(60));
      const [first] = cases as [Case];
      const limits = cases.map(({ rows }) => random.int(rows.length + 1));
      const hidden = cases.map(
        ({ rows }) => new Set(Array.from({ length: random.int(30) }, () => random.int(rows.length))),
      );
      const filtered = random.int(2) === 0;
      const filter = filtered ? parseFilter('a < 30', schemaOf(first.fields)) : undefined;
      const middle = innerScore(metric, first.vector(), first.rows[0]!.vector);
      const input = inputOf(first, {
        segments: cases.map((each, i) => each.read(limits[i]!, hidden[i]!)),
        filter,
        queries: Float32Array.from([...first.vector(), ...first.vector(), ...first.vector()]),
        queryCount: 3,
        k: 1 + random.int(40),
        ...(random.int(2) === 0 && { scoreAbove: middle }),
        ...(random.int(2) === 0 && { scoreAtMost: middle + random.int(5) }),
      });
      const { hits } = run(input);
      for (const query of [0, 1, 2]) {
        const passes = (row: ModelRow) => !filtered || row.a < 30;
        const all = qualifying(cases, limits, hidden, input, query, passes);
        // A score at a bound may be on either side of it after rounding.
        if (metric === 'COSINE' && (input.scoreAbove > -Infinity || input.scoreAtMost < Infinity)) continue;
        expectHits(hits[query]!, all, input.k, tolerance);
      }
      for (const { segment } of cases) segment.dispose();
    }
  });

  test('score bounds are exclusive below and inclusive above', () => {
    const one = new Case(3, 4, metric);
    one.add(200);
    const input = inputOf(one, { segments: [one.read(200, new Set())], k: 200 });
    const scores = run(input).hits[0]!.map(({ score }) => score);
    for (const bound of [...new Set(scores)].slice(0, 30)) {
      const above = run({ ...input, scoreAbove: bound }).hits[0]!;
      expect(above.map(({ score }) => score)).toEqual(scores.filter((score) => score > bound));
      const atMost = run({ ...input, scoreAtMost: bound }).hits[0]!;
      expect(atMost.map(({ score }) => score)).toEqual(scores.filter((score) => score <= bound));
    }
    one.segment.dispose();
  });
});

describe('search with a graph', () => {
  test('asks the index unless it must be exact, scans the tail that is not indexed, and always gives k hits when k rows qualify', async () => {
    const one = new Case(5, 64, 'L2');
    one.add(3_000);
    await one.index();
    one.add(500);
    const schema = schemaOf(one.fields);
    const none = new Set<number>();
    const hidden = new Set(Array.from({ length: 400 }, (_, i) => i * 7));
    const cases: {
      extra: Partial<SearchTaskInput>;
      limit?: number;
      hidden?: ReadonlySet<number>;
      passes?: (row: ModelRow) => boolean;
      asks: boolean;
    }[] = [
      { extra: {}, asks: true },
      { extra: { exact: true }, asks: false },
      { extra: { k: 1_000 }, asks: true },
      { extra: {}, hidden, asks: true },
      { extra: {}, limit: 2_900, asks: true },
      { extra: {}, limit: 40, asks: true },
      { extra: { filter: parseFilter('a < 90', schema) }, hidden, passes: ({ a }) => a < 90, asks: true },
      { extra: { filter: parseFilter('a == 5', schema) }, passes: ({ a }) => a === 5, asks: true },
      { extra: { filter: parseFilter('a == 5', schema), k: 60 }, passes: ({ a }) => a === 5, asks: true },
      { extra: { scoreAtMost: -500 }, asks: false },
      { extra: { scoreAbove: -700 }, asks: true },
    ];
    let recalled = 0;
    let wanted = 0;
    for (let round = 0; round < 10; round++) {
      for (const each of cases) {
        const limit = each.limit ?? 3_500;
        const gone = each.hidden ?? none;
        const input = inputOf(one, { params: { ef: 16 }, segments: [one.read(limit, gone)], ...each.extra });
        const { hits, searches } = run(input);
        expect(searches.has('hnsw')).toBe(each.asks);
        const all = qualifying([one], [limit], [gone], input, 0, each.passes ?? (() => true));
        if (!each.asks) {
          expectHits(hits[0]!, all, input.k, 0);
          continue;
        }
        expect(searches.has('flat')).toBe(limit > 3_000);
        expect(hits[0]!.length).toBe(
          each.extra.scoreAbove === undefined ? Math.min(input.k, all.length) : hits[0]!.length,
        );
        const scores = new Map(all.map(({ row, score }) => [row, score]));
        for (const { row, score } of hits[0]!) expect(score).toBe(scores.get(row));
        const best = Math.min(input.k, all.length);
        wanted += best;
        recalled += hits[0]!.filter(({ score }) => best > 0 && score >= all[best - 1]!.score).length;
      }
    }
    expect(recalled / wanted).toBeGreaterThan(0.7);
    one.segment.dispose();
  });
});
