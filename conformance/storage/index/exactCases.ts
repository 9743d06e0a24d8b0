import assert from 'node:assert/strict';
import { METRICS, type Metric } from '../../../src/core/domain/metric.ts';
import type { BedCase } from './bedCase.ts';
import { gaussian, modelSearch, seededUniform } from './model.ts';
import type { RowStore } from './rowStore.ts';
import type { Hits, IndexBed, SearchOptions } from './subject.ts';

const DIMS = [2, 3, 7, 8, 33, 100, 384, 1536] as const;

/** Same rows in the same order; where scores are within rounding of each other, rows may change places. */
export function sameHits(found: Hits, model: Hits, what: string): void {
  assert.equal(found.rows.length, model.rows.length, `${what}: number of hits`);
  for (let i = 0; i < model.rows.length; i++) {
    const expected = model.scores[i]!;
    const tolerance = 1e-5 * Math.max(1, Math.abs(expected));
    assert.ok(
      Math.abs(found.scores[i]! - expected) <= tolerance,
      `${what}: score ${i} is ${found.scores[i]}, expected ${expected}`,
    );
    if (found.rows[i] === model.rows[i]) continue;
    const at = model.rows.indexOf(found.rows[i]!);
    const tied = at < 0 ? model.scores.at(-1)! : model.scores[at]!;
    assert.ok(Math.abs(tied - expected) <= 2 * tolerance, `${what}: hit ${i} is row ${found.rows[i]}`);
  }
  assert.equal(new Set(found.rows).size, found.rows.length, `${what}: a row occurs twice`);
}

function compare(
  bed: IndexBed,
  store: RowStore,
  rows: Float32Array,
  metric: Metric,
  query: Float32Array,
  options: SearchOptions & { readonly isAllowed?: (row: number) => boolean },
): void {
  const handle = bed.build(store, metric);
  const limit = options.rowsLimit ?? store.vectors.rows;
  const found = bed.search(handle, store, query, options);
  const model = modelSearch(metric, rows, query, options.k, limit, options.isAllowed);
  sameHits(found, model, `${metric} dim ${store.dim} k ${options.k}`);
  bed.release(handle);
}

/** What an exact index promises: the answers of a brute-force search. */
export const EXACT_CASES: readonly BedCase[] = [
  ...DIMS.map(
    (dim): BedCase => [
      `exact: every metric at dimension ${dim} → as the model`,
      async (bed) => {
        const count = dim > 500 ? 300 : 1500;
        const rows = gaussian(count * dim, dim);
        const store = bed.store({ dim, rowsMax: count, chunkRowsLog2: 8 }, rows);
        for (const metric of METRICS) {
          for (const k of [1, 10, 100]) compare(bed, store, rows, metric, gaussian(dim, dim + k), { k });
        }
      },
    ],
  ),
  [
    'exact: chunks of 1 to 4,096 rows and a wide stride → as the model',
    async (bed) => {
      const rows = gaussian(500 * 20, 1);
      for (const chunkRowsLog2 of [0, 3, 6, 12]) {
        const store = bed.store({ dim: 20, rowsMax: 500, chunkRowsLog2, strideBytes: 128 }, rows);
        for (const metric of METRICS) compare(bed, store, rows, metric, gaussian(20, 2), { k: 10 });
        store.free();
      }
    },
  ],
  [
    'exact: k of 16,384 → every row in order',
    async (bed) => {
      const rows = gaussian(20_000 * 4, 3);
      const store = bed.store({ dim: 4, rowsMax: 20_000 }, rows);
      for (const metric of METRICS) compare(bed, store, rows, metric, gaussian(4, 4), { k: 16_384 });
    },
  ],
  [
    'exact: bitsets and row limits at every alignment → only allowed rows below the limit',
    async (bed) => {
      const rows = gaussian(400 * 5, 5);
      const store = bed.store({ dim: 5, rowsMax: 400, chunkRowsLog2: 7 }, rows);
      for (const rowsLimit of [0, 1, 63, 64, 65, 127, 128, 200, 399, 400]) {
        for (const share of [0, 0.02, 0.5, 0.98, 1]) {
          const uniform = seededUniform(rowsLimit + 1);
          const chosen = Array.from({ length: 400 }, () => uniform() < share);
          const isAllowed = (row: number): boolean => chosen[row]!;
          const allowed = bed.allow(store, rowsLimit, isAllowed);
          compare(bed, store, rows, 'L2', gaussian(5, 6), { k: 25, rowsLimit, allowed, isAllowed });
          bed.arena.free(allowed.ref);
        }
      }
    },
  ],
  [
    'exact: bits beyond the row limit in the last byte → not answers',
    async (bed) => {
      const rows = gaussian(16 * 2, 7);
      const store = bed.store({ dim: 2, rowsMax: 16 }, rows);
      const allowed = bed.allow(store, 16, () => true);
      for (let rowsLimit = 1; rowsLimit < 16; rowsLimit++) {
        compare(bed, store, rows, 'IP', gaussian(2, 8), {
          k: 16,
          rowsLimit,
          allowed: { ref: allowed.ref, count: rowsLimit },
        });
      }
    },
  ],
  [
    'exact: scoreBelow → pages through all rows without loss or repeat',
    async (bed) => {
      const rows = gaussian(1_000 * 6, 9);
      const store = bed.store({ dim: 6, rowsMax: 1_000 }, rows);
      const query = gaussian(6, 10);
      for (const metric of METRICS) {
        const handle = bed.build(store, metric);
        const seen: number[] = [];
        let scoreBelow = Number.POSITIVE_INFINITY;
        for (;;) {
          const page = bed.search(handle, store, query, { k: 64, scoreBelow });
          if (page.rows.length === 0) break;
          assert.ok(page.scores.every((score) => score < scoreBelow));
          seen.push(...page.rows);
          scoreBelow = page.scores.at(-1)!;
        }
        const model = modelSearch(metric, rows, query, 1_000, 1_000);
        assert.equal(seen.length, 1_000, metric);
        assert.deepEqual(
          [...seen].sort((a, b) => a - b),
          [...model.rows].sort((a, b) => a - b),
        );
      }
    },
  ],
  [
    'exact: equal rows → the smaller row first',
    async (bed) => {
      const rows = new Float32Array(300 * 3).fill(0.5);
      const store = bed.store({ dim: 3, rowsMax: 300 }, rows);
      for (const metric of METRICS) {
        const handle = bed.build(store, metric);
        const found = bed.search(handle, store, Float32Array.of(1, 2, 3), { k: 20 });
        assert.deepEqual(
          found.rows,
          Array.from({ length: 20 }, (_, i) => i),
          metric,
        );
      }
    },
  ],
];
