import assert from 'node:assert/strict';
import { METRICS } from '../../../src/core/domain/metric.ts';
import { fails } from '../checks.ts';
import type { BedCase } from './bedCase.ts';
import { recallOf, soundHits } from './hits.ts';
import { clustered, seededUniform } from './model.ts';

const DIM = 20;
const ROWS = 3_000;

/** Indexes that grow, move to larger regions, and come back from bytes. */
export const GROWTH_CASES: readonly BedCase[] = [
  [
    'growth: appended in steps of 1 to 97 rows, searched after each → sound hits among the rows appended',
    async (bed) => {
      const rows = clustered(ROWS, DIM, 30, 1);
      for (const metric of METRICS) {
        const store = bed.store({ dim: DIM, rowsMax: ROWS, chunkRowsLog2: 7 }, new Float32Array(0));
        const handle = bed.handle(store, metric, ROWS);
        bed.kernel.create(handle);
        const uniform = seededUniform(2);
        let recall = 0;
        let searches = 0;
        while (store.vectors.rows < ROWS) {
          const before = store.vectors.rows;
          const end = Math.min(ROWS, before + 1 + Math.floor(uniform() * 97));
          bed.appendRows(store, rows.subarray(before * DIM, end * DIM));
          bed.append(handle, store, end);
          assert.ok(bed.kernel.indexedRows(handle) >= end, 'indexedRows');
          const query = rows.slice((end - 1) * DIM, end * DIM);
          const question = { metric, rows, query, k: 10, rowsLimit: end };
          const found = bed.search(handle, store, query, { k: 10 });
          soundHits(found, question, Math.min(10, end), `${metric}, ${end} rows`);
          recall += recallOf(found, question);
          searches++;
        }
        assert.ok(recall / searches >= 0.95, `${metric}: recall ${recall / searches}`);
        bed.release(handle);
        store.free();
      }
    },
  ],
  [
    'growth: a budget of 0 ms → at least one row a step, and indexedRows says which',
    async (bed) => {
      const store = bed.store({ dim: DIM, rowsMax: 200 }, clustered(200, DIM, 5, 3));
      const handle = bed.handle(store, 'L2', 200);
      bed.kernel.create(handle);
      let reached = 0;
      let steps = 0;
      while (reached < 200 && steps++ < 200) reached = bed.kernel.append(handle, store.vectors, 200, 0);
      assert.equal(reached, 200);
      assert.ok(bed.kernel.indexedRows(handle) >= 200);
    },
  ],
  [
    'growth: resized three times while it grows → nothing is lost, the smaller ones still answer',
    async (bed) => {
      const rows = clustered(ROWS, DIM, 30, 4);
      const store = bed.store({ dim: DIM, rowsMax: ROWS }, rows);
      let handle = bed.handle(store, 'L2', 300);
      bed.kernel.create(handle);
      bed.append(handle, store, 300);
      for (const capacity of [700, 1_500, ROWS]) {
        const larger = bed.handle(store, 'L2', capacity);
        bed.kernel.resize(handle, larger);
        assert.ok(bed.kernel.indexedRows(larger) >= Math.min(capacity, bed.kernel.indexedRows(handle)));
        const query = rows.slice(0, DIM);
        const limit = handle.rowsCapacity;
        const question = { metric: 'L2', rows, query, k: 10, rowsLimit: limit } as const;
        for (const either of [handle, larger]) {
          soundHits(
            bed.search(either, store, query, { k: 10, rowsLimit: limit }),
            question,
            10,
            `${capacity}`,
          );
        }
        bed.append(larger, store, capacity);
        bed.release(handle);
        handle = larger;
      }
      let recall = 0;
      for (let row = 0; row < ROWS; row += 100) {
        const query = rows.slice(row * DIM, row * DIM + DIM);
        const question = { metric: 'L2', rows, query, k: 10, rowsLimit: ROWS } as const;
        recall += recallOf(bed.search(handle, store, query, { k: 10 }), question) / (ROWS / 100);
      }
      assert.ok(recall >= 0.95, `recall ${recall}`);
    },
  ],
  [
    'growth: saved and loaded, also with more room → the same answers, and it grows on',
    async (bed) => {
      const rows = clustered(ROWS, DIM, 30, 5);
      const store = bed.store({ dim: DIM, rowsMax: ROWS }, rows);
      for (const metric of METRICS) {
        const handle = bed.handle(store, metric, 2_000);
        bed.kernel.create(handle);
        bed.append(handle, store, 2_000);
        const saved = bed.kernel.save(handle);
        const loaded = bed.handle(store, metric, ROWS);
        bed.kernel.load(loaded, saved.slice());
        if (saved.length > 0) assert.equal(bed.kernel.savedRows(saved), 2_000);
        assert.ok(bed.kernel.indexedRows(loaded) >= 2_000);
        for (let row = 0; row < 2_000; row += 200) {
          const query = rows.slice(row * DIM, row * DIM + DIM);
          const options = { k: 20, rowsLimit: 2_000 };
          assert.deepEqual(
            bed.search(loaded, store, query, options),
            bed.search(handle, store, query, options),
          );
        }
        bed.append(loaded, store, ROWS);
        const query = rows.slice(2_500 * DIM, 2_501 * DIM);
        const question = { metric, rows, query, k: 10, rowsLimit: ROWS };
        const found = bed.search(loaded, store, query, { k: 10 });
        soundHits(found, question, 10, `${metric} after load`);
        assert.ok(recallOf(found, question) >= 0.8, metric);
        bed.release(handle);
        bed.release(loaded);
      }
    },
  ],
  [
    'growth: saved bytes with a flipped bit, cut short or made longer → Corrupt; another metric or dimension → Invalid',
    async (bed) => {
      const rows = clustered(500, DIM, 5, 6);
      const store = bed.store({ dim: DIM, rowsMax: 500 }, rows);
      const saved = bed.kernel.save(bed.build(store, 'L2'));
      const into = bed.handle(store, 'L2', 500);
      const longer = new Uint8Array(saved.length + 1);
      longer.set(saved);
      await fails('Corrupt', () => bed.kernel.load(into, longer));
      if (saved.length === 0) return;
      const uniform = seededUniform(7);
      const flips = [
        0,
        8,
        12,
        saved.length - 1,
        ...Array.from({ length: 40 }, () => Math.floor(uniform() * saved.length)),
      ];
      for (const at of flips) {
        const bytes = saved.slice();
        bytes[at]! ^= 1 << Math.floor(uniform() * 8);
        await fails('Corrupt', () => bed.kernel.load(into, bytes));
      }
      for (const length of [0, 7, 64, saved.length >> 1, saved.length - 1]) {
        await fails('Corrupt', () => bed.kernel.load(into, saved.slice(0, length)));
        await fails('Corrupt', () => bed.kernel.savedRows(saved.slice(0, length)));
      }
      await fails('Invalid', () => bed.kernel.load(bed.handle(store, 'IP', 500), saved));
      await fails('Invalid', () => bed.kernel.load(bed.handle(store, 'L2', 499), saved));
      bed.kernel.load(into, saved);
      assert.equal(bed.kernel.indexedRows(into), 500);
    },
  ],
];
