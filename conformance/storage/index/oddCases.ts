import assert from 'node:assert/strict';
import { METRICS } from '../../../src/core/domain/metric.ts';
import { fails } from '../checks.ts';
import type { BedCase } from './bedCase.ts';
import { recallOf, soundHits } from './hits.ts';
import { clustered, gaussian } from './model.ts';

/** Data and calls at the edges. */
export const ODD_CASES: readonly BedCase[] = [
  [
    'odd: an empty index → no hits; one row → that row; k beyond the rows → all of them',
    async (bed) => {
      const rows = gaussian(30 * 5, 1);
      for (const metric of METRICS) {
        const store = bed.store({ dim: 5, rowsMax: 30 }, new Float32Array(0));
        const handle = bed.handle(store, metric, 30);
        bed.kernel.create(handle);
        assert.deepEqual(bed.search(handle, store, gaussian(5, 2), { k: 3 }).rows, []);
        for (const count of [1, 2, 30]) {
          bed.appendRows(store, rows.subarray(store.vectors.rows * 5, count * 5));
          bed.append(handle, store, count);
          const query = gaussian(5, 2);
          const found = bed.search(handle, store, query, { k: 100 });
          soundHits(
            found,
            { metric, rows, query, k: 100, rowsLimit: count },
            count,
            `${metric}, ${count} rows`,
          );
        }
        bed.release(handle);
        store.free();
      }
    },
  ],
  [
    'odd: zero rows and a zero query → finite scores, zero rows have cosine 0',
    async (bed) => {
      const rows = gaussian(3_000 * 40, 3);
      for (let row = 0; row < 3_000; row += 3) rows.fill(0, row * 40, row * 40 + 40);
      const store = bed.store({ dim: 40, rowsMax: 3_000 }, rows);
      for (const metric of METRICS) {
        const handle = bed.build(store, metric);
        for (const query of [gaussian(40, 4), new Float32Array(40)]) {
          const question = { metric, rows, query, k: 50, rowsLimit: 3_000 };
          const found = bed.search(handle, store, query, { k: 50, params: { ef: 200 } });
          soundHits(found, question, 50, metric);
          assert.ok(recallOf(found, question) >= 0.9, `${metric}: recall ${recallOf(found, question)}`);
        }
        bed.release(handle);
      }
    },
  ],
  [
    'odd: magnitudes up to the end of float32, mixed with tiny ones → finite scores, k hits',
    async (bed) => {
      for (const scale of [1e-30, 1e-15, 1e8, 1e18, 3e37]) {
        const rows = gaussian(2_000 * 36, 7).map((value) => Math.max(-9, Math.min(9, value)) * scale);
        rows.set(gaussian(36 * 10, 8), 100 * 36);
        const store = bed.store({ dim: 36, rowsMax: 2_000 }, rows);
        for (const metric of METRICS) {
          const handle = bed.build(store, metric);
          const query = gaussian(36, 9).map((value) => value * scale);
          const found = bed.search(handle, store, query, { k: 20 });
          assert.equal(found.rows.length, 20, `${metric} at ${scale}`);
          assert.equal(new Set(found.rows).size, 20, `${metric} at ${scale}`);
          assert.ok(
            found.scores.every((score) => Number.isFinite(score)),
            `${metric} at ${scale}: ${found.scores}`,
          );
          bed.release(handle);
        }
        store.free();
      }
    },
  ],
  [
    'odd: a query of another dimension, k out of bounds, a row limit beyond the rows → Invalid',
    async (bed) => {
      const store = bed.store({ dim: 8, rowsMax: 100 }, gaussian(800, 10));
      const handle = bed.build(store, 'L2');
      await fails('Invalid', () => bed.search(handle, store, gaussian(7, 1), { k: 1 }));
      await fails('Invalid', () => bed.search(handle, store, gaussian(8, 1), { k: 0 }));
      await fails('Invalid', () => bed.search(handle, store, gaussian(8, 1), { k: 16_385 }));
      await fails('Invalid', () => bed.search(handle, store, gaussian(8, 1), { k: 1, rowsLimit: 101 }));
    },
  ],
];

/** Graphs tend to lose what lies around a cluster of equal rows. */
export function equalRowsCase(recallMin: number): BedCase {
  return [
    `odd: 10,000 equal rows among 2,000 others → both are found, recall at least ${recallMin}`,
    async (bed) => {
      const dim = 40;
      const others = clustered(2_000, dim, 20, 5);
      const same = gaussian(dim, 6);
      const rows = new Float32Array(12_000 * dim);
      rows.set(others.subarray(0, 1_000 * dim));
      for (let row = 1_000; row < 11_000; row++) rows.set(same, row * dim);
      rows.set(others.subarray(1_000 * dim), 11_000 * dim);
      const store = bed.store({ dim, rowsMax: 12_000 }, rows);
      for (const metric of ['L2', 'COSINE'] as const) {
        const handle = bed.build(store, metric);
        let recall = 0;
        const queries = [
          same,
          ...Array.from({ length: 30 }, (_, i) => others.slice(i * 60 * dim, (i * 60 + 1) * dim)),
        ];
        for (const query of queries) {
          const question = { metric, rows, query, k: 10, rowsLimit: 12_000 };
          const found = bed.search(handle, store, query, { k: 10 });
          soundHits(found, question, 10, metric);
          recall += recallOf(found, question) / queries.length;
        }
        assert.ok(recall >= recallMin, `${metric}: recall ${recall}`);
        const all = bed.search(handle, store, same, { k: 12_000 });
        assert.equal(new Set(all.rows).size, 12_000, `${metric}: every row can be had`);
        bed.release(handle);
      }
    },
  ];
}
