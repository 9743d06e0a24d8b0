import assert from 'node:assert/strict';
import type { ComputeOptions } from '../../../src/core/ports/compute.ts';
import type { BedCase } from './bedCase.ts';
import { recallOf, soundHits } from './hits.ts';
import { clustered } from './model.ts';
import { type Hits, type IndexBed, searchRequest } from './subject.ts';
import type { AppendInput, SearchInput } from './tasks.ts';

const DIM = 40;
const ROWS = 12_000;
const SEARCH: ComputeOptions = { priority: 'search', costMicros: 1_000 };

/** For indexes that every thread can search: one thread appends while others search. The bed has two workers. */
export const SHARED_CASES: readonly BedCase[] = [
  [
    'threads: searched by this thread and another while a third appends → sound hits at every moment',
    async (bed) => {
      const rows = clustered(ROWS, DIM, 60, 1);
      const store = bed.store({ dim: DIM, rowsMax: ROWS }, rows);
      const handle = bed.handle(store, 'L2', ROWS);
      bed.kernel.create(handle);
      const append: AppendInput = { handle, vectors: store.vectors, toRow: ROWS, budgetMs: 60_000 };
      let appended = false;
      const appending = bed.compute
        .run<number>('append', append, { ...SEARCH, affinity: 0 })
        .then((reached) => {
          appended = true;
          return reached;
        });
      let beside = 0;
      let searches = 0;
      let recall = 0;
      while (!appended || searches < 40) {
        if (!appended) beside++;
        const seen = bed.kernel.indexedRows(handle);
        const row = Math.max(0, seen - 1 - (searches % 50));
        const query = rows.slice(row * DIM, row * DIM + DIM);
        const question = { metric: 'L2', rows, query, k: 10, rowsLimit: seen } as const;
        const options = { k: 10, rowsLimit: seen };
        const input: SearchInput = {
          handle,
          vectors: store.vectors,
          request: searchRequest(store, query, options),
        };
        const other = bed.compute.run<Hits>('search', input, { ...SEARCH, affinity: 1 });
        for (const found of [bed.search(handle, store, query, options), await other]) {
          soundHits(found, question, Math.min(10, seen), `${seen} rows`);
          recall += recallOf(found, question);
          searches++;
        }
      }
      assert.equal(await appending, ROWS);
      if (!bed.kernel.capabilities.exact)
        assert.ok(beside > 10, `only ${beside} rounds ran beside the append`);
      assert.ok(recall / searches >= 0.95, `recall ${recall / searches}`);
    },
  ],
];

/** For indexes that one thread owns: all tasks carry the affinity of the index. */
export const OWNED_CASES: readonly BedCase[] = [
  [
    'threads: created, appended and searched in the thread of its affinity → sound hits',
    async (bed) => {
      const rows = clustered(2_000, DIM, 20, 2);
      const store = bed.store({ dim: DIM, rowsMax: 2_000 }, rows);
      const handle = bed.handle(store, 'L2', 2_000);
      const own = { ...SEARCH, affinity: handle.id };
      await bed.compute.run('create', handle, own);
      const append: AppendInput = { handle, vectors: store.vectors, toRow: 2_000, budgetMs: 60_000 };
      assert.equal(await bed.compute.run('append', append, own), 2_000);
      await searchAll(bed, rows, async (query) => {
        const request = searchRequest(store, query, { k: 10 });
        return bed.compute.run<Hits>(
          'search',
          { handle, vectors: store.vectors, request } satisfies SearchInput,
          own,
        );
      });
    },
  ],
];

async function searchAll(
  bed: IndexBed,
  rows: Float32Array,
  search: (query: Float32Array) => Promise<Hits>,
): Promise<void> {
  assert.ok(bed.compute.threads > 0);
  for (let row = 0; row < 2_000; row += 100) {
    const query = rows.slice(row * DIM, row * DIM + DIM);
    const question = { metric: 'L2', rows, query, k: 10, rowsLimit: 2_000 } as const;
    soundHits(await search(query), question, 10, `row ${row}`);
  }
}
