import { describe, expect, test } from 'vitest';
import { clustered, gaussian } from '../../../conformance/storage/index/model.ts';
import { IndexBed } from '../../../conformance/storage/index/subject.ts';
import { buildKernels } from '../../../scripts/buildKernels.ts';
import type { VectorIndexHandle } from '../../../src/core/ports/vectorIndex.ts';
import hnsw from '../../../src/plugins/index-hnsw/index.ts';
import { GraphRegion } from '../../../src/plugins/index-hnsw/layout.ts';
import { cheapestWay } from '../../../src/plugins/index-hnsw/plan.ts';

await buildKernels(false);

const TREE_LINK = 0x8000_0000;
const DIM = 40;
const ROWS = 6_000;

/** Level-0 links of every row, as the region holds them. */
function links0(graph: GraphRegion): number[][] {
  const words = new Uint32Array(graph.bytes.buffer, graph.bytes.byteOffset, graph.bytes.length / 4);
  const start = graph.field('linksOffset') / 4;
  const listWords = graph.field('links0Max') + 1;
  return Array.from({ length: graph.rows }, (_, row) => {
    const at = start + row * listWords;
    return [...words.subarray(at + 1, at + 1 + words[at]!)];
  });
}

function reachable(links: readonly (readonly number[])[], from: number): number {
  const seen = new Set([from]);
  const waiting = [from];
  while (waiting.length > 0) {
    for (const link of links[waiting.pop()!]!) {
      const row = (link & ~TREE_LINK) >>> 0;
      if (!seen.has(row)) waiting.push(row);
      seen.add(row);
    }
  }
  return seen.size;
}

function regionOf(bed: IndexBed, handle: VectorIndexHandle): GraphRegion {
  const { arena, offset, bytes } = handle.region!;
  return new GraphRegion(bed.arena.view(arena, offset, bytes));
}

async function openBed(): Promise<IndexBed> {
  return IndexBed.open({ name: 'hnsw', workerModule: hnsw.workerModule, config: {} });
}

const DATA: readonly (readonly [string, () => Float32Array])[] = [
  ['clustered rows', () => clustered(ROWS, DIM, 30, 1)],
  ['gaussian rows', () => gaussian(ROWS * DIM, 2)],
  ['equal rows', () => new Float32Array(ROWS * DIM).fill(0.25)],
  [
    'two heaps of equal rows far apart',
    () => {
      const rows = new Float32Array(ROWS * DIM).fill(0.25);
      return rows.fill(100, 0, (ROWS / 2) * DIM);
    },
  ],
  ['zero rows', () => new Float32Array(ROWS * DIM)],
];

describe('hnsw graph', () => {
  for (const [name, make] of DATA) {
    test(`${name}: from any row all rows can be reached; links are different rows, their number is bounded`, async () => {
      const bed = await openBed();
      const store = bed.store({ dim: DIM, rowsMax: ROWS }, make());
      for (const metric of ['L2', 'IP', 'COSINE'] as const) {
        for (const M of [2, 16]) {
          const handle = bed.build(store, metric, { M, efConstruction: 60 });
          const links = links0(regionOf(bed, handle));
          for (const from of [0, 17, ROWS - 1]) expect(reachable(links, from)).toBe(ROWS);
          for (const [row, list] of links.entries()) {
            const rows = list.map((link) => (link & ~TREE_LINK) >>> 0);
            expect(new Set(rows).size).toBe(rows.length);
            expect(rows.includes(row)).toBe(false);
            expect(rows.length).toBeLessThanOrEqual(2 * M);
          }
          bed.release(handle);
        }
      }
      await bed.close();
    });
  }

  test('the same rows in the same order make the same bytes, in one step or in many', async () => {
    const bed = await openBed();
    const store = bed.store({ dim: DIM, rowsMax: 1_000 }, clustered(1_000, DIM, 10, 3));
    const once = bed.kernel.save(bed.build(store, 'L2'));
    const handle = bed.handle(store, 'L2', 5_000);
    bed.kernel.create(handle);
    while (bed.kernel.indexedRows(handle) < 1_000) bed.kernel.append(handle, store.vectors, 1_000, 0);
    const steps = bed.kernel.save(handle);
    expect(Buffer.compare(steps, once)).toBe(0);
    await bed.close();
  });

  test('bytes that were saved and loaded are saved again as the same bytes', async () => {
    const bed = await openBed();
    const store = bed.store({ dim: DIM, rowsMax: 1_000 }, clustered(1_000, DIM, 10, 4));
    const saved = bed.kernel.save(bed.build(store, 'COSINE'));
    const loaded = bed.handle(store, 'COSINE', 3_000);
    bed.kernel.load(loaded, saved);
    expect(Buffer.compare(bed.kernel.save(loaded), saved)).toBe(0);
    await bed.close();
  });

  test('parameters out of bounds → Invalid, with name and value', async () => {
    const bed = await openBed();
    const spec = (params: Record<string, number>) => ({ metric: 'L2' as const, dim: 4, params });
    for (const params of [{ M: 1 }, { M: 2_049 }, { M: 2.5 }, { efConstruction: 0 }]) {
      expect(() => bed.kernel.regionBytes(spec(params), 10)).toThrow(
        expect.objectContaining({ kind: 'Invalid' }),
      );
    }
    const store = bed.store({ dim: 4, rowsMax: 10 }, gaussian(40, 5));
    const handle = bed.build(store, 'L2');
    expect(() => bed.search(handle, store, gaussian(4, 6), { k: 1, params: { ef: 0 } })).toThrow(
      expect.objectContaining({ kind: 'Invalid', context: { ef: 0 } }),
    );
    await bed.close();
  });

  test('few allowed rows are scored exactly, more are compared by their codes, many are walked', () => {
    expect(cheapestWay(500, 500, 64)).toBe('exact');
    expect(cheapestWay(40_000, 40_000, 64)).toBe('walk');
    expect(cheapestWay(40_000, 12_000, 64)).toBe('walk');
    expect(cheapestWay(40_000, 2_000, 64)).toBe('codes');
    expect(cheapestWay(1_000_000, 600, 64)).toBe('exact');
    expect(cheapestWay(40_000, 40_000, 16_384)).toBe('codes');
  });
});
