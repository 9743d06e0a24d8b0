import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ElanusServer } from '../../../../conformance/protocol/harness/elanusServer.ts';
import { build } from '../../../../scripts/build.ts';
import { SeededRandom } from '../../../../src/plugins/memory/seededRandom.ts';

const ROWS = 3_000;
const DIM = 16;
const K = 10;
const dataDir = mkdtempSync(join(tmpdir(), 'elanus-graphs-'));
const random = new SeededRandom(7);
const vectors = Array.from({ length: ROWS }, () => Array.from({ length: DIM }, () => random.next() - 0.5));
const queries = vectors
  .slice(0, 20)
  .map((vector) => vector.map((value) => value + (random.next() - 0.5) / 5));
let server: ElanusServer | undefined;

beforeAll(() => build(false));
afterAll(async () => {
  await server?.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

async function open(graph: string): Promise<MilvusClient> {
  await server?.stop();
  server = new ElanusServer({
    dataDir,
    env: { ELANUS_INDEX_GRAPH: graph, ELANUS_INDEX_MIN_ROWS_TO_BUILD: '1000' },
  });
  await server.start();
  return new MilvusClient({ address: server.address, logLevel: 'error' });
}

function nearest(query: readonly number[]): number[] {
  const distance = (vector: readonly number[]) => vector.reduce((sum, x, i) => sum + (x - query[i]!) ** 2, 0);
  const scored = vectors.map((vector, id) => ({ id, distance: distance(vector) }));
  return scored
    .sort((a, b) => a.distance - b.distance)
    .slice(0, K)
    .map(({ id }) => id);
}

/** Share of the true neighbours that the server finds. */
async function recall(client: MilvusClient): Promise<number> {
  const found = await client.search({
    collection_name: 'rows',
    data: queries,
    limit: K,
    params: { ef: 200 },
    output_fields: ['id'],
  });
  const hits = found.results as unknown as readonly (readonly { readonly id: string }[])[];
  const shares = queries.map((query, i) => {
    const wanted = new Set(nearest(query));
    return hits[i]!.filter(({ id }) => wanted.has(Number(id))).length / K;
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/** Inserts all rows, flushes and waits until the graph is built. */
async function fill(client: MilvusClient): Promise<void> {
  await client.createCollection({ collection_name: 'rows', dimension: DIM, metric_type: 'L2' });
  await client.insert({ collection_name: 'rows', data: vectors.map((vector, id) => ({ id, vector })) });
  await client.flushSync({ collection_names: ['rows'] });
  await expect
    .poll(
      async () => {
        const { index_descriptions } = await client.describeIndex({ collection_name: 'rows' });
        return index_descriptions[0]?.state;
      },
      { timeout: 50_000, interval: 50 },
    )
    .toBe('Finished');
}

test('graphs: each one is chosen by name, and reads or replaces what the other one saved', async () => {
  for (const [number, graph] of ['usearch', 'hnsw', 'usearch'].entries()) {
    const client = await open(graph);
    expect(server!.output).toContain(`index ${graph}`);
    if (number === 0) await fill(client);
    expect(await recall(client)).toBeGreaterThan(0.95);
    await client.closeConnection();
  }
  expect(await server!.stop()).toBe(0);
});
