/**
 * The graph indexes side by side on real embeddings, one thread: rows built a second, memory, time a search and recall@10 by
 * ef, and searches under a filter. Run: node bench/indexes.ts [directory of the data set]
 */
import { pathToFileURL } from 'node:url';
import { seededUniform } from '../conformance/storage/index/model.ts';
import { type RealData, readRealData, realRecall } from '../conformance/storage/index/realData.ts';
import type { RowStore } from '../conformance/storage/index/rowStore.ts';
import { type Allowed, IndexBed, type IndexSubject } from '../conformance/storage/index/subject.ts';
import { buildKernels } from '../scripts/buildKernels.ts';
import type { VectorIndexHandle } from '../src/core/ports/vectorIndex.ts';
import flat from '../src/plugins/index-flat/index.ts';
import hnsw from '../src/plugins/index-hnsw/index.ts';
import usearch from '../src/plugins/index-usearch/index.ts';

const K = 10;
const ROUNDS = 5;
const EFS = [32, 48, 64, 96, 128, 192];
const SHARES = [0.5, 0.1, 0.01];

const SUBJECTS: readonly (IndexSubject & { readonly label: string })[] = [
  { label: 'flat', name: flat.name, workerModule: flat.workerModule, config: {} },
  { label: 'hnsw', name: hnsw.name, workerModule: hnsw.workerModule, config: {} },
  ...(['f16', 'bf16', 'f32'] as const).map((quantization) => ({
    label: `usearch ${quantization}`,
    name: usearch.name,
    workerModule: usearch.workerModule,
    config: { quantization },
  })),
];

interface Setting {
  readonly bed: IndexBed;
  readonly data: RealData;
  readonly store: RowStore;
  readonly handle: VectorIndexHandle;
}

/** Mean over the queries of each query's best time in some rounds (other work on the machine falls out), and the answers. */
function timeSearches(
  setting: Setting,
  ef: number,
  allowed?: Allowed,
): { micros: number; answers: number[][] } {
  const { bed, data, store, handle } = setting;
  const best = new Float64Array(data.queryCount).fill(Number.POSITIVE_INFINITY);
  const answers: number[][] = [];
  const options = { k: K, params: { ef }, ...(allowed === undefined ? {} : { allowed }) };
  for (let round = 0; round < ROUNDS; round++) {
    for (let query = 0; query < data.queryCount; query++) {
      const vector = data.queries.subarray(query * data.dim, (query + 1) * data.dim);
      const start = performance.now();
      const found = bed.search(handle, store, vector, options);
      best[query] = Math.min(best[query]!, performance.now() - start);
      answers[query] = found.rows;
    }
  }
  return { micros: (best.reduce((sum, ms) => sum + ms, 0) / best.length) * 1e3, answers };
}

/** Bytes of the index beside the rows of the segment: its region, or what a library that copies rows saves. */
function indexBytes({ bed, handle }: Setting): number {
  return handle.region?.bytes ?? bed.kernel.save(handle).length;
}

async function bench(subject: (typeof SUBJECTS)[number], data: RealData): Promise<void> {
  const bed = await IndexBed.open(subject);
  const rows = data.rows.length / data.dim;
  const store = bed.store({ dim: data.dim, rowsMax: rows, chunkRowsLog2: 12 }, data.rows);
  const start = performance.now();
  const handle = bed.build(store, 'COSINE');
  const perSecond = Math.round(rows / ((performance.now() - start) / 1e3));
  const setting = { bed, data, store, handle };
  const bytesARow = Math.round(indexBytes(setting) / rows);
  console.log(
    `${subject.label}: ${bytesARow} bytes a row${bytesARow === 0 ? '' : `, ${perSecond} rows/s built`}`,
  );
  for (const ef of bed.kernel.capabilities.exact ? [0] : EFS) {
    const { micros, answers } = timeSearches(setting, ef);
    const recall = realRecall(data, 'COSINE', answers, K).toFixed(4);
    console.log(
      `  ef ${String(ef).padStart(3)}   ${micros.toFixed(0).padStart(6)} µs   recall@${K} ${recall}`,
    );
  }
  for (const share of SHARES) {
    const uniform = seededUniform(1);
    const { micros } = timeSearches(
      setting,
      64,
      bed.allow(store, rows, () => uniform() < share),
    );
    console.log(`  ef  64   ${micros.toFixed(0).padStart(6)} µs   ${share * 100} % of the rows allowed`);
  }
  bed.release(handle);
  await bed.close();
}

await buildKernels(false);
const given = process.argv[2];
const directory =
  given === undefined ? new URL('../../shared/data/', import.meta.url) : pathToFileURL(`${given}/`);
const data = readRealData(directory);
if (data === undefined) {
  console.log(`not run: no data set in ${directory.pathname}`);
} else {
  console.log(
    `${data.rows.length / data.dim} × ${data.dim}, COSINE, ${data.queryCount} queries, Node ${process.version}`,
  );
  for (const subject of SUBJECTS) await bench(subject, data);
}
