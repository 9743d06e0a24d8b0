import assert from 'node:assert/strict';
import { METRICS, type Metric } from '../../../src/core/domain/metric.ts';
import type { VectorIndexHandle } from '../../../src/core/ports/vectorIndex.ts';
import type { BedCase } from './bedCase.ts';
import { recallOf, soundHits } from './hits.ts';
import { clustered, gaussian, seededUniform } from './model.ts';
import type { RowStore } from './rowStore.ts';
import type { IndexBed, SearchOptions } from './subject.ts';

const QUERIES = 40;

/** Builds an index and asks. */
function buildAndAsk(bed: IndexBed, store: RowStore, question: RecallQuestion): void {
  const handle = bed.build(store, question.metric);
  askAll(bed, store, handle, question);
  bed.release(handle);
}

interface RecallQuestion extends SearchOptions {
  readonly metric: Metric;
  readonly rows: Float32Array;
  readonly queries: Float32Array;
  readonly isAllowed?: (row: number) => boolean;
  readonly recallMin: number;
}

/** Asks every query; all hits must be sound and the mean recall at least `recallMin`. */
function askAll(bed: IndexBed, store: RowStore, handle: VectorIndexHandle, question: RecallQuestion): void {
  const { metric, queries, k, recallMin } = question;
  const rowsLimit = question.rowsLimit ?? store.vectors.rows;
  const count = queries.length / store.dim;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const query = queries.subarray(i * store.dim, (i + 1) * store.dim);
    const asked = { ...question, query, rowsLimit };
    const found = bed.search(handle, store, query, question);
    soundHits(found, asked, Math.min(k, question.allowed?.count ?? rowsLimit), `${metric} query ${i}`);
    sum += recallOf(found, asked);
  }
  const recall = sum / count;
  assert.ok(recall >= recallMin, `${metric} dim ${store.dim} k ${k}: recall ${recall} is below ${recallMin}`);
}

function splitOff(values: Float32Array, dim: number): { rows: Float32Array; queries: Float32Array } {
  const end = values.length - QUERIES * dim;
  return { rows: values.subarray(0, end), queries: values.subarray(end) };
}

function dataCase(
  name: string,
  dim: number,
  recallMin: number,
  make: () => Float32Array,
  ef = 64,
  metrics: readonly Metric[] = METRICS,
): BedCase {
  return [
    `recall: ${name} → at least ${recallMin} with ef ${ef}`,
    async (bed) => {
      const { rows, queries } = splitOff(make(), dim);
      const store = bed.store({ dim, rowsMax: rows.length / dim }, rows);
      for (const metric of metrics)
        buildAndAsk(bed, store, { metric, rows, queries, k: 10, params: { ef }, recallMin });
    },
  ];
}

function transformed(values: Float32Array, change: (value: number) => number): Float32Array {
  return values.map(change);
}

const BASIC_CASES: readonly BedCase[] = [
  ...[2, 3, 7, 100, 384].map((dim) =>
    dataCase(`clustered rows of dimension ${dim}`, dim, 0.95, () => clustered(4_000, dim, 50, dim), 64, [
      'L2',
      'COSINE',
    ]),
  ),
  ...[8, 100, 384].map((dim) =>
    dataCase(`clustered rows of dimension ${dim}, IP`, dim, 0.95, () => clustered(4_000, dim, 50, dim), 64, [
      'IP',
    ]),
  ),
  dataCase('1,500 rows of dimension 1536', 1536, 0.95, () => clustered(1_500, 1536, 30, 1), 64, [
    'L2',
    'COSINE',
  ]),
  dataCase('values 0..255', 64, 0.95, () =>
    transformed(clustered(4_000, 64, 40, 3), (x) => Math.max(0, Math.min(255, Math.round(40 + 50 * x)))),
  ),
  dataCase(
    'rows far from the origin',
    48,
    0.95,
    () => transformed(clustered(4_000, 48, 40, 4), (x) => x + 100),
    64,
    ['L2'],
  ),
  dataCase('rows of very different lengths', 32, 0.95, () => {
    const rows = clustered(4_000, 32, 40, 5);
    const uniform = seededUniform(6);
    for (let row = 0; row < 4_000; row++) {
      const factor = Math.exp(4 * uniform() - 2);
      for (let i = 0; i < 32; i++) rows[row * 32 + i]! *= factor;
    }
    return rows;
  }),
  [
    'recall: filters of every share, row limits and k → sound hits, never fewer than k when k exist',
    async (bed) => {
      const dim = 24;
      const { rows, queries } = splitOff(clustered(6_000, dim, 60, 7), dim);
      const total = rows.length / dim;
      const store = bed.store({ dim, rowsMax: total }, rows);
      const handle = bed.build(store, 'L2');
      for (const share of [0, 0.001, 0.02, 0.2, 0.6, 1]) {
        for (const rowsLimit of [total, 3_001, 5]) {
          const uniform = seededUniform(8);
          const chosen = Array.from({ length: total }, () => uniform() < share);
          const isAllowed = (row: number): boolean => chosen[row]!;
          const allowed = bed.allow(store, rowsLimit, isAllowed);
          const asked = { rows, queries: queries.subarray(0, 10 * dim), rowsLimit, allowed, isAllowed };
          for (const k of [1, 10, 300])
            askAll(bed, store, handle, { metric: 'L2', ...asked, k, recallMin: 0.95 });
          bed.arena.free(allowed.ref);
        }
      }
    },
  ],
  [
    'recall: a filter that allows only one far cluster → its rows are found',
    async (bed) => {
      const dim = 16;
      const rows = gaussian(5_000 * dim, 9);
      for (let row = 4_900; row < 5_000; row++) rows[row * dim]! += 50;
      const store = bed.store({ dim, rowsMax: 5_000 }, rows);
      const isAllowed = (row: number): boolean => row >= 4_900;
      const allowed = bed.allow(store, 5_000, isAllowed);
      const queries = gaussian(10 * dim, 10);
      for (const metric of METRICS)
        buildAndAsk(bed, store, { metric, rows, queries, k: 10, allowed, isAllowed, recallMin: 0.99 });
    },
  ],
];

/** Every index finds nearly all of the nearest rows, whatever the data look like, and only sound hits. */
export function recallCases(gaussianRecallMin: number): BedCase[] {
  const dim = 128;
  const name = 'gaussian rows of dimension 128, where no row is near';
  return [...BASIC_CASES, dataCase(name, dim, gaussianRecallMin, () => gaussian(5_000 * dim, 2), 128)];
}
