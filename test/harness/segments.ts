import { buildKernels } from '../../scripts/buildKernels.ts';
import type { IndexInfo } from '../../src/core/domain/catalog.ts';
import type { Metric } from '../../src/core/domain/metric.ts';
import type { CollectionSchema, FieldSchema } from '../../src/core/domain/schema.ts';
import type { Compute, TaskContext } from '../../src/core/ports/compute.ts';
import type { VectorIndexKernel } from '../../src/core/ports/vectorIndex.ts';
import { IndexHost } from '../../src/core/segment/indexHost.ts';
import { LocalSegment } from '../../src/core/segment/localSegment.ts';
import flat from '../../src/plugins/index-flat/index.ts';
import hnsw from '../../src/plugins/index-hnsw/index.ts';
import { createInlineCompute } from '../../src/server/compute/inlineCompute.ts';
import { SharedArena } from '../../src/server/compute/sharedArena.ts';
import { pluginDeps } from '../kits/pluginDeps.ts';

/** Segments without roles: rows in shared memory, tasks inline. */
export interface SegmentBench {
  readonly arena: SharedArena;
  readonly compute: Compute;
  readonly host: IndexHost;
  segment(fields: readonly FieldSchema[]): LocalSegment;
}

export async function segmentBench(): Promise<SegmentBench> {
  await buildKernels(false);
  const arena = new SharedArena({ bytesMax: 2 ** 30 });
  const compute = await createInlineCompute(arena, {
    taskModules: [new URL('../../src/core/query/tasks.ts', import.meta.url).href],
    indexes: [flat, hnsw].map(({ name, workerModule }) => ({
      name,
      workerModule: String(workerModule),
      config: {},
    })),
  });
  const host = new IndexHost({ compute, arena, plugin: 'hnsw', rowsMin: 1, logger: pluginDeps.logger });
  let segments = 0;
  return { arena, compute, host, segment: (fields) => new LocalSegment(host, 'test', segments++, fields) };
}

export function graphIndex(field: FieldSchema, metric: Metric): IndexInfo {
  return {
    indexId: 900,
    indexName: 'graph',
    fieldId: field.fieldId,
    fieldName: field.name,
    indexType: 'HNSW',
    metric,
    params: [],
    createdTs: 0n,
  };
}

export function schemaOf(fields: readonly FieldSchema[]): CollectionSchema {
  return { name: 'things', description: '', fields, enableDynamicField: false, version: 0 };
}

/** The context with a count of the searches of each plugin's kernel. */
export function countingSearches(context: TaskContext): {
  readonly context: TaskContext;
  readonly searches: Map<string, number>;
} {
  const searches = new Map<string, number>();
  const counting = (plugin: string): VectorIndexKernel => {
    const kernel = context.kernel(plugin);
    return new Proxy(kernel, {
      get(target, property) {
        const value = Reflect.get(target, property) as unknown;
        if (typeof value !== 'function') return value;
        if (property === 'search') searches.set(plugin, (searches.get(plugin) ?? 0) + 1);
        return value.bind(target) as unknown;
      },
    });
  };
  return {
    searches,
    context: {
      memory: context.memory,
      kernel: counting,
      published: (key) => context.published(key),
      scratch: (arena, bytes) => context.scratch(arena, bytes),
      writeInverseNorms: (vectors, fromRow, toRow) => context.writeInverseNorms(vectors, fromRow, toRow),
    },
  };
}
