/** Entry point of the bundle that bundle.test.ts makes: an index built in a worker and searched in another, then an error. */
import { clustered } from '../../../../conformance/storage/index/model.ts';
import { RowStore } from '../../../../conformance/storage/index/rowStore.ts';
import { type Hits, searchRequest } from '../../../../conformance/storage/index/subject.ts';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import type { ComputeOptions } from '../../../../src/core/ports/compute.ts';
import hnsw from '../../../../src/plugins/index-hnsw/index.ts';
import { SharedArena } from '../../../../src/server/compute/sharedArena.ts';
import { createWorkerPool } from '../../../../src/server/compute/workerPool.ts';

const arena = new SharedArena({ bytesMax: 2 ** 28 });
const compute = await createWorkerPool({
  arena,
  threads: 2,
  modules: {
    taskModules: [process.argv[2]!],
    indexes: [{ name: hnsw.name, workerModule: hnsw.workerModule, config: {} }],
  },
});
const store = new RowStore(arena, { dim: 8, rowsMax: 2_000 });
const rows = clustered(2_000, 8, 20, 1);
store.append(rows);
compute.local.writeInverseNorms(store.vectors, 0, 2_000);
const spec = { metric: 'COSINE' as const, dim: 8, params: {} };
const region = arena.allocate(compute.local.kernel('hnsw').regionBytes(spec, 2_000), store.vectors.arena);
const handle = { id: 1, plugin: 'hnsw', spec, rowsCapacity: 2_000, region };
const options: ComputeOptions = { priority: 'search', costMicros: 10_000 };
const { vectors } = store;
await compute.run('create', handle, { ...options, affinity: 0 });
await compute.run('append', { handle, vectors, toRow: 2_000, budgetMs: 60_000 }, { ...options, affinity: 0 });
const request = searchRequest(store, rows.slice(77 * 8, 78 * 8), { k: 3 });
const hits = await compute.run<Hits>('search', { handle, vectors, request }, { ...options, affinity: 1 });
const wrong = { handle, vectors, request: { ...request, k: 0 } };
const error: unknown = await compute.run('search', wrong, options).catch((caught: unknown) => caught);
await compute.close();
console.log(
  JSON.stringify({ best: hits.rows[0], kind: error instanceof ElanusError ? error.kind : String(error) }),
);
